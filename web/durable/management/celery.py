"""What the commands of Celery's processes share."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from durable.celery.app import app


class CeleryCommand(BaseCommand):
    """A command of Celery's in this process; what follows its name is Celery's to read."""

    celery: tuple[str, ...]
    requires_system_checks: list[str] = []  # Celery has them run itself

    def run_from_argv(self, argv: list[str]) -> None:
        """manage.py NAME [options of Celery]."""
        sys.exit(app.start([*self.celery, *argv[2:]]))

    def handle(self, *args: Any, **options: Any) -> None:
        """The same, called from Python."""
        app.start(list(self.celery))
