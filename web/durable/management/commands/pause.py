"""Pause a kind of task, from a terminal."""

from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from durable import kinds, pauses
from durable.by import By

HERE = By(name="run.sh")  # whoever can start this can do all else, too


class Command(BaseCommand):
    help = "Begins no more tasks of a kind, until manage.py resume: those that run end, new ones are kept."
    change = staticmethod(pauses.pause)
    words = ("{kind} is paused.", "{kind} was paused already.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one."""
        parser.add_argument("kind", help=f"one of: {', '.join(kinds.registry)}")

    def handle(self, *args: Any, kind: str, **options: Any) -> None:
        """Do it."""
        if kind not in kinds.registry:
            raise CommandError(f"There is no kind {kind}: name one of {', '.join(kinds.registry)}.")
        changed = self.change(kind=kinds.get(kind), by=HERE)
        self.stdout.write(self.words[not changed].format(kind=kind))
