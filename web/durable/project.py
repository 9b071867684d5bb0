"""Where the project lies, what it keeps on this machine, and the key that signs for it."""

import os
import secrets
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from durable.env import env_secret, env_str


def folder_of_manage_py() -> Path:
    """The folder that holds the package of DJANGO_SETTINGS_MODULE, which is loading right now."""
    package = sys.modules.get(os.environ.get("DJANGO_SETTINGS_MODULE", "").partition(".")[0])
    paths = [*getattr(package, "__path__", ()), getattr(package, "__file__", None)]
    return Path(paths[0]).resolve().parent if paths[0] else Path.cwd()


BASE_DIR = folder_of_manage_py()
DATA_DIR = Path(env_str("DATA_DIR", str(BASE_DIR / "data"))).absolute()
RUN_DIR = Path(env_str("RUN_DIR", str(DATA_DIR / "run")))  # heartbeat and drain files; a tmpfs in the image
DRAIN_FILE = Path(env_str("DRAIN_FILE", str(RUN_DIR / "draining")))


def machine_names() -> list[str]:
    """What the machine that carries the containers is called, where Compose has written it down (run.sh secrets)."""
    path = env_str("MACHINE_NAME_FILE")
    if not path or not Path(path).exists():
        return []
    name = Path(path).read_text(encoding="utf-8").strip().lower()
    short = name.partition(".")[0]
    return sorted({name, short, f"{short}.local"}) if short else []  # .local: in the own network alone (mDNS)


def secret_key(make: bool) -> str:
    """DJANGO_SECRET_KEY; where one may `make` it, the first start does, and it stays in DATA_DIR."""
    if key := env_secret("DJANGO_SECRET_KEY"):
        return key
    if not make:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is not set; start with docker compose, which makes one, "
            "or set DJANGO_SECRET_KEY or DJANGO_SECRET_KEY_FILE."
        )
    path = DATA_DIR / "secret_key"
    try:
        if not path.exists():
            write_secret_key(path)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"DJANGO_SECRET_KEY is not set, and none can be kept: {error}.") from None


def write_secret_key(path: Path) -> None:
    """A new one, for this user's eyes alone. Of several processes that start together one has its way."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50))
    try:
        os.link(mine, path)  # whole or not at all
    except FileExistsError:
        pass
    finally:
        mine.unlink()
