"""The stack that is measured, with its references beside it."""

import json
from pathlib import Path
from typing import Any

from bench.cpu import Meter, settle
from bench.database import Database
from support.stack import Stack
from support.waiting import wait_for

FILES = ("docker-compose.yaml", "bench/docker-compose.yaml")
REFERENCES = ("reference-web", "reference-haproxy", "reference-static")


class Stand(Stack):
    """`with Stand(folder) as stand:`; the folder is for the answers that reference-static gives."""

    def __init__(self, static: Path, name: str = "abacus-bench") -> None:
        # The references' keys and commands are others than ours.
        more = {"STATIC_FILES": str(static), "REDIS_RIGHTS": "~* &* +@all"}
        # One address is the whole load; counted as for anybody, and never too much.
        limits = dict.fromkeys(("LIMIT_REQUESTS", "LIMIT_CONNECTIONS", "LIMIT_BULK"), "1000000")
        super().__init__(name, *FILES, APP_IMAGE=name, **more, **limits)
        self.static = static
        self._database: Database | None = None
        self.noise: list[float] = []
        self.keep_static(**{"tasks.json": b"{}", "tasks.html": b"{}"})

    def keep_static(self, **files: bytes) -> None:
        """What reference-static answers with from its next start on."""
        self.static.chmod(0o755)
        for name, body in files.items():
            (self.static / name).write_bytes(body)
            (self.static / name).chmod(0o644)

    def __enter__(self) -> "Stand":
        super().__enter__()
        return self

    def up(self, *arguments: str, **env: str) -> None:
        """Until the references answer, too."""
        super().up(*arguments, **env)
        self.wait_healthy(*REFERENCES)

    def down(self) -> None:
        """Remove all of it."""
        if self._database:
            self._database.close()
            self._database = None
        super().down()

    def rows(self, statement: str) -> list[list[Any]]:
        """Rows of a statement."""
        if self._database is None:
            command = self.command("exec", "-T", "probe", "python", "-m", "bench.probes.sql")
            self._database = Database(command, self.env, self.root)
        return self._database.rows(statement)

    def command(self, *arguments: str) -> list[str]:
        """docker compose ... as words."""
        return ["docker", "compose", "-p", self.project, *(part for name in FILES for part in ("-f", name)), *arguments]

    def probe(self, module: str, *arguments: str) -> Any:
        """What a measuring process inside the networks prints, read as JSON."""
        return json.loads(self.compose("exec", "-T", "probe", "python", "-m", f"bench.probes.{module}", *arguments))

    def address(self, service: str, port: int = 8080) -> str:
        """The service's own address on the edge network: Docker's port proxy would be measured, too."""
        networks: Any = self.inspect(self.containers(service)[0])["NetworkSettings"]
        return f"http://{networks['Networks'][f'{self.project}_edge']['IPAddress']}:{port}"

    def settle(self) -> None:
        """Wait until the machine is quiet, and note how quiet it became."""
        self.noise.append(settle())

    def meter(self) -> Meter:
        """CPU time by service while it is open."""
        return Meter(self.project)

    def redis(self, *command: str) -> str:
        """redis-cli."""
        cli = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) exec redis-cli "$@"'
        return self.compose("exec", "-T", "redis", "sh", "-c", cli, "redis-cli", *command).strip()

    def stop_workers(self) -> None:
        """What is stored from now on waits."""
        self.compose("stop", "celery", "reference-celery")

    def start_workers(self) -> None:
        """And runs now."""
        self.compose("start", "celery", "reference-celery")
        self.wait_healthy("celery")

    def wait_ended(self, table: str, mark: int, seconds: float) -> None:
        """Until no row after `mark` waits or runs, and none has come since the look before.

        The load tool goes away with a request on each connection: these are stored a moment later.
        """
        look = f"SELECT COUNT(*), COALESCE(SUM(status IN ('created', 'pending')), 0) FROM {table} WHERE id > {mark}"
        seen = -1

        def ended() -> bool:
            nonlocal seen
            before, [[seen, waiting]] = seen, self.rows(look)
            return before == seen and not int(waiting)

        wait_for(ended, seconds, "every task has ended", every=0.2)
