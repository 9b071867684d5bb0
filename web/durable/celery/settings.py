"""The settings of Celery and its broker; each with its reason where Celery's own default is another."""

from urllib.parse import quote

from durable.celery.broker import SINGLE, broker
from durable.databases import REDIS_TLS, redis_url
from durable.env import env_int, env_secret, env_str


def rabbitmq_url() -> str:
    """The address of docker-compose-rabbitmq.yaml's RabbitMQ; empty without it."""
    host, password = env_str("RABBITMQ_HOST"), quote(env_secret("RABBITMQ_PASSWORD"), safe="")
    return f"amqp://abacus:{password}@{host}:5672//" if host else ""


# --- The broker: Redis's database 0, unless another is given ---------------------------------------
CELERY_BROKER_URL = env_secret("CELERY_BROKER_URL") or rabbitmq_url() or redis_url(0, "redis", "redis+socket")
BROKER = broker(CELERY_BROKER_URL, REDIS_TLS)
CELERY_BROKER_TRANSPORT_OPTIONS = BROKER.options
CELERY_BROKER_USE_SSL = BROKER.use_ssl
CELERY_BROKER_HEARTBEAT = 5  # AMQP alone: a frozen broker is noticed within 12 s; less gives false alarms
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None

# --- Messages ---------------------------------------------------------------------------------------
# Celery's own defaults, written down because the promise "what lies in the broker runs nothing" rests on them.
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_IMPORTS = ("durable.tasks", "durable.sweep")
CELERY_TASK_DEFAULT_QUEUE = SINGLE
CELERY_TASK_QUEUES = BROKER.queues()
CELERY_TASK_ACKS_LATE = True
# The sweep brings back what a dead worker held, one id per message. Were the message
# itself delivered again, a task that kills its worker would take its neighbours with it.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_TRACK_STARTED = False  # the row tells; a failing STARTED write would drop the message
CELERY_TASK_TIME_LIMIT = 30  # below the visibility timeout and the container's stop grace
CELERY_TASK_SOFT_TIME_LIMIT = 25
CELERY_TASK_PUBLISH_RETRY = BROKER.publish_retry
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

# --- Workers ----------------------------------------------------------------------------------------
CELERY_WORKER_CONCURRENCY = env_int("CELERY_CONCURRENCY", 2, 1, 1000)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # nothing parked in a worker that may die
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = BROKER.prefetch_reduction
CELERY_WORKER_DETECT_QUORUM_QUEUES = True  # they know no prefetch count for the whole channel
CELERY_WORKER_MAX_TASKS_PER_CHILD = 20_000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # KB
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # its reply queues would pile up in Redis
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONSUMER = "durable.celery.consumer.Consumer"

# --- Celery's own record of a message, written where it failed: the row tells of success -------------
CELERY_RESULT_BACKEND = "durable.celery.results.DatabaseBackend"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = None  # `purge` does it, in batches; Celery's clean-up would lock the table
CELERY_RESULT_BACKEND_ALWAYS_RETRY = True
CELERY_RESULT_BACKEND_MAX_RETRIES = 1  # for a connection that broke: the main process stores failures, too, and waits
CELERY_RESULT_BACKEND_MAX_SLEEP_BETWEEN_RETRIES_MS = 1000
DJANGO_CELERY_RESULTS_TASK_ID_MAX_LENGTH = 191  # fits an index on any MySQL row format
