"""The supervisor: starts the processes, restarts what ends, and stops all of them at the end."""

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from durable.access import notice
from durable.embedded.process import Process
from durable.embedded.redis import redis_command
from durable.embedded.sources import Sources, own_folders

# Above the longest task and request, and above what a worker may finish.
GRACE_SECONDS = settings.STOP_SECONDS + 5
LOOK_SECONDS = 0.2


def manage(*arguments: str) -> list[str]:
    """A management command of the project, as a process is started with it in BASE_DIR."""
    return [sys.executable, "-m", "django", *arguments]


class Supervisor:
    """Redis, unless there is one elsewhere, and its clients: web and worker."""

    def __init__(self, port: int, reload: bool) -> None:
        self.port, self.reload, self.stopping = port, reload, False
        self.logs: Path = settings.DATA_DIR / "logs"
        self.servers = [] if settings.REDIS_HOST else [Process("redis", redis_command(), self.logs / "redis.log")]
        self.clients = [
            Process(name, manage(name), None if reload else self.logs / f"{name}.log") for name in ("web", "worker")
        ]
        self.sources = Sources(own_folders() if reload else ())
        self.unsound: set[Path] = set()  # changed, and not taken over yet

    def main(self) -> None:
        """Run until a signal comes."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop_soon)
        try:
            for process in [*self.servers, *self.clients]:
                process.start()
            if self.wait_until_live():
                where = f"http://127.0.0.1:{self.port}"
                told = "changed code runs at once" if self.reload else f"logs: {self.logs}"
                print(f"{settings.SITE_NAME} runs on {where} (Ctrl-C stops it; {told})", flush=True)
                if said := notice():
                    print(said, flush=True)
            while not self.stopping:
                self.look_after()
                time.sleep(LOOK_SECONDS)
        finally:
            self.stop_all()

    def stop_soon(self, *_: object) -> None:
        """Signal handler."""
        self.stopping = True

    def wait_until_live(self) -> bool:
        """Until the page answers; False if stopped before."""
        while not self.stopping:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/live", timeout=5):
                    return True
            except OSError:
                self.require_begun()
                self.look_after()
                time.sleep(0.05)
        return False

    def require_begun(self) -> None:
        """What fails before anything has run would fail for ever; in development, the next change may mend it."""
        for process in [*self.servers, *self.clients]:
            if not self.reload and process.failed():
                raise CommandError(f"{process.name} does not start; {process.log} says why:\n{process.last_words()}")

    def look_after(self) -> None:
        """Take over code that has changed, and start again what has ended."""
        if changed := self.sources.changed():
            self.unsound |= changed
            self.take_over()
        for process in self.servers if self.unsound else [*self.servers, *self.clients]:
            if process.ended():
                if not process.asked:
                    where = f"see {process.log}" if process.log else "the reason is above"
                    print(f"{process.name} ended and is started again; {where}", flush=True)
                process.start()

    def take_over(self) -> None:
        """Run the changed code if it is sound; else what runs goes on with that of before."""
        print(f"{', '.join(sorted(path.name for path in self.unsound))}: changed", flush=True)
        steps = [manage("check")]
        if any("migrations" in path.parts for path in self.unsound):
            steps.append(manage("migrate_once"))
        if any(subprocess.run(step, cwd=settings.BASE_DIR).returncode for step in steps):
            print("The change waits for the next one; the reason is above.", flush=True)
            return
        self.unsound.clear()
        (settings.DATA_DIR / "run" / "reload").touch()  # uWSGI replaces its processes, and no request fails
        for process in self.clients[1:]:
            process.terminate()

    def stop_all(self) -> None:
        """The clients first, Redis last."""
        print("Stopping ...", flush=True)
        end = time.monotonic() + GRACE_SECONDS
        for group in (self.clients, self.servers):
            for process in group:
                process.terminate()
            for process in group:
                process.wait(end)
        print("Stopped. Your tasks are kept for the next start.", flush=True)
