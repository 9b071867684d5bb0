"""A backup of the embedded database."""

import sys
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from durable.embedded.backup import Refused, database, make


class Command(BaseCommand):
    help = "Writes a backup of the embedded database, while it is used, into a new file or to standard output (-)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("path", help="a file that is not there yet, or - for standard output")

    def handle(self, *args: Any, path: str, **options: Any) -> None:
        """Make it. A file appears under its name once it is whole."""
        try:
            manifest = make(database(), sys.stdout.buffer) if path == "-" else self.into(Path(path))
        except Refused as error:
            raise CommandError(str(error)) from None
        rows = manifest["rows"]
        self.stderr.write(f"{sum(rows.values()):,} rows of {len(rows)} tables, {manifest['made']}")

    def into(self, path: Path) -> dict[str, Any]:
        """Write it beside its place first."""
        if path.exists():
            raise Refused(f"{path} is there already: name another file.")
        part = path.with_name(path.name + ".part")
        try:
            with part.open("xb") as file:
                part.chmod(0o600)
                manifest = make(database(), file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return manifest
