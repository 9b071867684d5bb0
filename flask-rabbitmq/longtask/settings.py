"""All settings, from the environment. A bad value stops the start with a sentence that names the variable."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from longtask.queues import TASKS

MOST_SECONDS = 60  # the longest task that may be asked for


def secret(name: str) -> str:
    """The value of NAME, or of the file that NAME_FILE names."""
    value, file = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and file:
        raise SystemExit(f"{name} and {name}_FILE are both set: give one of them.")
    if not value and not file:
        raise SystemExit(f"RABBITMQ_HOST is set, so {name} or {name}_FILE is needed.")
    return value or Path(file).read_text(encoding="utf-8").strip()


def whole_number(name: str, default: int) -> int:
    """The value of NAME, 1 or more."""
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SystemExit(f"{name} is {text!r}; set it to a whole number, 1 or more.")
    return int(text)


def trusted_hosts() -> list[str] | None:
    """The names that the site answers to: ALLOWED_HOSTS', and this machine's for its health checks; without it, any."""
    names = [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name.strip()]
    return [*names, "localhost", "127.0.0.1"] if names else None


def broker(data: Path) -> dict[str, Any]:
    """RabbitMQ; without RABBITMQ_HOST a folder of files, which is for trying things out."""
    if host := os.environ.get("RABBITMQ_HOST"):
        user, password = os.environ.get("RABBITMQ_USER") or "longtask", quote(secret("RABBITMQ_PASSWORD"), safe="")
        return {
            "broker_url": f"amqp://{quote(user, safe='')}:{password}@{host}//",
            # Without it RabbitMQ may lose a message in a crash after it was answered with 202.
            "broker_transport_options": {"confirm_publish": True},
        }
    folders = {f"{name}_folder": data / name for name in ("processed", "control")}
    folders |= {"data_folder_in": data / "messages", "data_folder_out": data / "messages"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {name: str(folder) for name, folder in folders.items()}
    return {"broker_url": "filesystem://", "broker_transport_options": {"polling_interval": 0.2, **options}}


def celery_settings() -> dict[str, Any]:
    """Celery's settings for both roles."""
    data = Path(os.environ.get("DATA_DIR") or "data").resolve()
    data.mkdir(parents=True, exist_ok=True)
    return {
        **broker(data),
        "task_queues": [TASKS],
        "task_default_queue": TASKS.name,
        # A message is acknowledged after its task, so a worker that dies leaves it to another one;
        "task_acks_late": True,
        # so does a pool process alone.
        "task_reject_on_worker_lost": True,
        # The hard end of a task that hangs. RabbitMQ takes a message back after 30 minutes (its consumer_timeout):
        # raise that, too, if a task may take longer.
        "task_time_limit": MOST_SECONDS + 15,
        # No message waits in a busy worker while another one is idle. Quorum queues know no QoS for a whole
        # connection; Celery detects them and sets it per consumer.
        "worker_prefetch_multiplier": 1,
        # RabbitMQ gives a lost connection's messages to others: what runs here is stopped, lest it runs twice.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        # Its queues are neither durable nor exclusive, which RabbitMQ 4.3 refuses.
        "worker_enable_remote_control": False,
        # A silent cut is noticed after two of these.
        "broker_heartbeat": 10,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "result_backend": os.environ.get("RESULT_BACKEND") or f"longtask.store:Store+sqlite:///{data}/results.sqlite3",
        "result_backend_thread_safe": True,
        "result_expires": whole_number("RESULT_DAYS", 7) * 24 * 3600,
    }
