"""What the commands of Celery's processes share."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from durable.celery.app import app
from durable.folders import run_dir


class CeleryCommand(BaseCommand):
    """A command of Celery's in this process; what follows its name is Celery's to read."""

    celery: tuple[str, ...]
    requires_system_checks: list[str] = []  # Celery has them run itself

    def run_from_argv(self, argv: list[str]) -> None:
        """manage.py NAME [options of Celery]."""
        run_dir(settings.RUN_DIR)  # here, since Celery's worker would end with 0
        sys.exit(app.start([*self.started_as(), *argv[2:]]))

    def handle(self, *args: Any, **options: Any) -> None:
        """The same, called from Python."""
        app.start(self.started_as())

    def started_as(self) -> list[str]:
        """Celery's own command line; its banner is no JSON."""
        return [*(["--quiet"] if settings.LOG_FORMAT == "json" else []), *self.celery]
