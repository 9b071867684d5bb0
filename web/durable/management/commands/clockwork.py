"""The clockwork of a worker."""

import os
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from durable.clockwork import Clockwork
from durable.folders import run_dir


class Command(BaseCommand):
    help = "Runs the clockwork. Each worker starts one by itself; it ends with the process that started it."
    requires_system_checks: list[str] = []  # its worker has had them run

    def add_arguments(self, parser: CommandParser) -> None:
        """--parent, which may have ended before this one had begun."""
        parser.add_argument("--parent", type=int, default=os.getppid(), help="the process that it ends with")

    def handle(self, *args: Any, parent: int, **options: Any) -> None:
        """Run until asked to stop."""
        run_dir(settings.RUN_DIR)
        clockwork = Clockwork(parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, clockwork.stop_soon)
        clockwork.run()
