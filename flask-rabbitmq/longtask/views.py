"""The HTTP API."""

from typing import Any
from uuid import UUID

from celery.states import FAILURE, PENDING, REVOKED, SUCCESS
from flask import Blueprint, abort, current_app, request, url_for
from werkzeug.exceptions import ServiceUnavailable

from longtask.asked import asked_seconds, refuse_unknown
from longtask.origin import refuse_strangers
from longtask.publisher import BrokerAway, Publisher, QueueFull
from longtask.tasks import long_time_task

views = Blueprint("views", __name__)
# Celery's states in the API's words; whatever else Celery says (QUEUED, RETRY) is queued.
STATES = {SUCCESS: "success", FAILURE: "failed", REVOKED: "failed", "PROGRESS": "running"}


@views.route("/", methods=["GET", "POST"])
def start() -> Any:
    """Queue a long task.

    Use POST. GET is the address that this API began with, and does the same; but whatever follows a link sends a GET:
    a browser that looks ahead, a crawler, a chat's preview, an image in somebody's page.
    """
    if request.method == "HEAD":  # comes with every GET route, and must not start anything
        abort(405)
    refuse_strangers()
    seconds = asked_seconds()
    publisher: Publisher = current_app.extensions["publisher"]
    try:
        result_id = publisher.publish(long_time_task, seconds)
    except BrokerAway as error:
        sentence = "RabbitMQ is away, so the request was not accepted; try again in a few seconds."
        raise ServiceUnavailable(sentence, retry_after=2) from error
    except QueueFull as error:
        sentence = "The queue is full, so the request was not accepted; try again when some of the work is done."
        raise ServiceUnavailable(sentence, retry_after=10) from error
    headers = {"Location": url_for("views.show", result_id=result_id), "Cache-Control": "no-store"}
    return {"msg": "request received", "result_id": result_id}, 202, headers


@views.get("/results/<uuid:result_id>")
def show(result_id: UUID) -> Any:
    """How far a task is, or how it ended."""
    refuse_unknown("parameter", request.args, set())
    meta = current_app.extensions["celery"].backend.get_task_meta(str(result_id), cache=False)
    if meta["status"] == PENDING:
        abort(404, f"There is no result {result_id}; results are kept for a limited time after the end.")
    state = STATES.get(meta["status"], "queued")
    return {
        "result_id": str(result_id),
        "state": state,
        "progress": meta["result"] if state == "running" else None,
        "result": meta["result"] if state == "success" else None,
        "error": str(meta["result"]) if state == "failed" else None,
        "updated": meta.get("updated"),
    }


@views.get("/live")
def live() -> Any:
    """The process answers; it asks nobody else."""
    return {"status": "ok"}
