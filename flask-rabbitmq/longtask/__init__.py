"""Long tasks behind a small HTTP API: Flask, Celery, RabbitMQ."""

from flask import Flask

from longtask.celery import celery_init_app
from longtask.errors import register_errors
from longtask.publisher import Publisher
from longtask.settings import celery_settings, trusted_hosts
from longtask.views import views


def create_app() -> Flask:
    """The application factory: both roles call it, so both have the same tasks and settings."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 1024  # HAProxy's bound, too
    app.config["TRUSTED_HOSTS"] = trusted_hosts()
    app.config["CELERY"] = celery_settings()
    celery = celery_init_app(app)
    app.extensions["publisher"] = Publisher(celery)
    app.register_blueprint(views)
    register_errors(app)
    return app
