"""wrk, the load tool."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent / "wrk"
CONNECTIONS, THREADS = 32, 1


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests answered, refused (not 2xx or 3xx) and broken off; times in milliseconds."""

    requests: int
    seconds: float
    bytes: int
    refused: int
    broken: int
    p50: float
    p99: float

    @property
    def accepted(self) -> int:
        """Answered well."""
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Accepted per second."""
        return self.accepted / self.seconds


def wrk(url: str, seconds: float, script: str = "get") -> Load:
    """Closed loop: each connection asks again as soon as it is answered."""
    options = ["-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{seconds:g}s", "--timeout", "10s", "--latency"]
    command = ["wrk", *options, "-s", f"{script}.lua", url]
    result = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    return Load(**json.loads(result.stdout.splitlines()[-1]))
