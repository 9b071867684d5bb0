"""Who is measured: one entry each. Its folder under setups/ is what a user of it writes, by the page that is named."""

from collections.abc import Sequence
from dataclasses import dataclass

DJANGO = ("python", "-m", "django")
WORK = ("rows/models.py", "rows/work.py")


@dataclass(frozen=True)
class Rival:
    """A library as its documentation sets it up, with two worker processes."""

    title: str
    docs: str
    setup: str  # the folder under setups/
    command: Sequence[str]  # what a worker's container runs
    queue: str  # mysql, redis or rabbitmq
    module: str = "tasks"  # what enqueues
    workers: int = 1  # containers: two where one command is one process
    venv: str = "/opt/rivals"
    shared: Sequence[str] = WORK  # what its user writes besides that folder
    times: int = 1  # as many tasks, or it would be over before it could be measured
    waiting: str = "done IS NULL"
    success: str = "done IS NOT NULL"
    ended_at: str = "done"
    # After a kill: how it finds what its dead held, how long that may take, and where it says what it gave up.
    finds: str = ""
    quiet: int = 60
    gave_up: str = ""

    @property
    def servers(self) -> list[str]:
        """What it needs, and what is killed under it."""
        return sorted({"mysql", self.queue})


WAITING, SUCCESS, ENDED_AT = "status IN ('scheduled', 'created')", "status = 'success'", "update_time"
WORKER = (*DJANGO, "worker")
POOL = (*DJANGO, "rqworker-pool", "default", "--num-workers", "2", "-v", "0")
GUIDE = "docs/make-it-yours.md"
SWEPT = "signs of life of each process, some 10 s"

RIVALS = {
    "abacus_batch": Rival(
        "Abacus, one batch", GUIDE, "abacus", WORKER, "redis", "batch", venv="/opt/venv", shared=(), times=10,
        waiting=WAITING, success=SUCCESS, ended_at=ENDED_AT,
    ),
    "abacus": Rival(
        "Abacus, a kind, one by one", GUIDE, "abacus", WORKER, "redis", venv="/opt/venv", shared=(),
        waiting=WAITING, success=SUCCESS, ended_at=ENDED_AT,
        finds=SWEPT, gave_up="SELECT COUNT(*) FROM work WHERE status = 'failed'",
    ),
    "abacus_task": Rival(
        "Abacus, `@task`, one by one", f"{GUIDE}#any-function", "abacus_task", WORKER, "redis", venv="/opt/venv",
        finds=SWEPT, gave_up="SELECT COUNT(*) FROM durable_job WHERE status = 'failed'",
    ),
    "celery": Rival(
        "Celery, as documented, results in the database",
        "https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html",
        "celery", ("celery", "-A", "bench.rivals.setups.celery", "worker", "--concurrency", "2"), "redis",
        finds="`visibility_timeout` (1 h), set to 30 s",
        gave_up="SELECT COUNT(*) FROM django_celery_results_taskresult WHERE status = 'FAILURE'",
    ),
    "celery_tuned": Rival(
        "Celery, tuned: late acks, retries, kept connections, no results",
        "https://docs.celeryq.dev/en/stable/userguide/tasks.html",
        "celery_tuned", ("celery", "-A", "bench.rivals.setups.celery_tuned", "worker", "--concurrency", "2"), "redis",
        finds="`visibility_timeout` (1 h), set to 30 s",
    ),
    "dramatiq": Rival(
        "dramatiq on RabbitMQ, 2 x 8 threads", "https://dramatiq.io/guide.html",
        "dramatiq", (*DJANGO, "rundramatiq", "--processes", "2"), "rabbitmq",
        finds="RabbitMQ, at once; a failed task again after 15 s and more", quiet=90,
    ),
    "huey": Rival(
        "huey, 2 processes", "https://huey.readthedocs.io/en/latest/django.html",
        "huey", (*DJANGO, "run_huey"), "redis",
        finds="not at all",
    ),
    "rq": Rival(
        "rq, a fork per task", "https://github.com/rq/django-rq",
        "rq", POOL, "redis",
        finds="a registry of what runs, looked at each 10 min", quiet=720,
    ),
    "rq_simple": Rival(
        "rq, 2 SimpleWorkers", "https://python-rq.org/docs/workers/",
        "rq", (*POOL, "--worker-class", "rq.SimpleWorker"), "redis",
        finds="a registry of what runs, looked at each 10 min", quiet=720,
    ),
    "django_ox": Rival(
        "django-ox, `--processes 2`", "https://oxpull.com/django-ox/background-tasks/",
        "django_ox", (*DJANGO, "ox_worker", "--processes", "2"), "mysql",
        finds="`LOCK_TIMEOUT` (300 s), set to 15 s", quiet=90,
        gave_up="SELECT COUNT(*) FROM django_ox_oxtask WHERE status IN ('FAILED', 'LOST')",
    ),
    "dj_queue": Rival(
        "dj-queue, 2 processes x 3 threads", "https://github.com/coriocactus/dj_queue",
        "dj_queue", (*DJANGO, "dj_queue"), "mysql",
        finds="`process_alive_threshold`, 300 s; then failed", quiet=420,
        gave_up="SELECT COUNT(*) FROM dj_queue_failed_executions",
    ),
    "django_tasks_db": Rival(
        "django-tasks-db, 2 workers", "https://github.com/RealOrangeOne/django-tasks-db",
        "django_tasks_db", (*DJANGO, "db_worker"), "mysql", workers=2,
        finds="not at all",
        gave_up="SELECT COUNT(*) FROM django_tasks_database_dbtaskresult WHERE status = 'FAILED'",
    ),
    "django_q2": Rival(
        "django-q2, the ORM as its broker, 2 workers",
        "https://django-q2.readthedocs.io/en/master/brokers.html#django-orm",
        "django_q2", (*DJANGO, "qcluster"), "mysql",
        finds="`retry`, 30 s", quiet=90,
        gave_up="SELECT COUNT(*) FROM django_q_task WHERE NOT success",
    ),
}  # fmt: skip
BASELINE = "abacus_batch"
KILLED = ("abacus", "abacus_task", "celery", "celery_tuned", "dramatiq", "django_ox")
