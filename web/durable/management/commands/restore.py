"""Puts a backup in the place of an empty database."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from durable.embedded.backup import Refused, database, require_fitting, restore


class Command(BaseCommand):
    help = "Restores a backup into an empty embedded database. With --fits it only says whether this version knows one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one."""
        parser.add_argument("path", nargs="?", type=Path, help="the backup")
        parser.add_argument("--fits", action="store_true", help="read a manifest from standard input instead")

    def handle(self, *args: Any, path: Path | None, fits: bool, **options: Any) -> None:
        """Do it, or end with the reason why not."""
        try:
            if fits:
                require_fitting(json.load(sys.stdin))
                return
            if path is None or not path.is_file():
                raise Refused(f"There is no file {path or ''}: name the backup, ./run.sh restore FILE.")
            manifest = restore(path, database())
        except Refused as error:
            raise CommandError(str(error)) from None
        told = (
            f"{sum(manifest['rows'].values()):,} rows of {manifest['made']} are restored: ./run.sh goes on with them."
        )
        self.stderr.write(told)
