"""What this product chooses. The rest are the engine's settings: environment variables, see .env.example."""

import os
from pathlib import Path

# Database, logs and key lie beside run.sh, not beside manage.py.
os.environ["DATA_DIR"] = os.environ.get("DATA_DIR") or str(Path(__file__).resolve().parents[2] / "data")

from durable.settings import *  # noqa: F403
from durable.settings import INSTALLED_APPS

SITE_NAME = "Abacus"
INSTALLED_APPS = ["arithmetic", *INSTALLED_APPS]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
