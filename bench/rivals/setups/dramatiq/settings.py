from bench.rivals.base import *
from bench.rivals.base import INSTALLED_APPS, RABBITMQ

INSTALLED_APPS = ["django_dramatiq", "bench.rivals.setups.dramatiq", *INSTALLED_APPS]
DRAMATIQ_BROKER = {
    "BROKER": "dramatiq.brokers.rabbitmq.RabbitmqBroker",
    "OPTIONS": {"url": RABBITMQ},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Retries",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
    ],
}
