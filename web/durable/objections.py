"""What is wrong with a kind as its model declares it: looked at when Django loads it, told in a sentence."""

from typing import Any

from durable.backoff import DEFAULT
from durable.kinds import MAX_ATTEMPTS

WORK = (
    "inputs", "outputs", "filters", "listed", "per_message", "max_attempts", "backoff", "time_limit",
    "creatable", "name",
)  # fmt: skip
MOST_ATTEMPTS = 32_767  # the column holds no more
MOST_SECONDS = 86_400  # of a time limit
# addresses of the site's own
TAKEN = {
    "tasks",
    "batches",
    "events",
    "stats",
    "docs",
    "openapi",
    "activity",
    "admin",
    "login",
    "logout",
    "static",
    "language",
    "live",
    "ready",
    "health",
    "metrics",
}
# What every task and every light row has besides the kind's own columns.
OWN = {"id", "pk", "key", "kind", "batch", "batch_id", "status", "error", "reason", "attempts", "worker", "queue"}
OWN |= {"round", "waited", "idempotency_key", "request_id", "created_by", "create_time", "start_time", "update_time"}
OWN |= {"due_time", "run_after"}
OWN |= {"progress", "progress_words"}  # while it runs
PARAMETERS = (  # of a list's address
    "since", "before", "after", "limit", "lang", "action", "expected", "query", "created_from", "created_to",
)  # fmt: skip


def objection(model: str, work: Any) -> str:
    """What is wrong with a `Work`, as a sentence; empty where nothing is."""
    columns, name = (*work.inputs, *work.outputs), getattr(work, "name", model.lower())
    for option in vars(work):
        if not option.startswith("_") and option not in WORK:
            return f"{model}.Work has no option {option}: use {', '.join(WORK)}."
    for column in columns:
        if column in OWN:
            return f"{model}: every task has a {column} already; call it otherwise."
    for column in getattr(work, "filters", ()):
        if column in PARAMETERS or column not in columns:
            return f"{model}: {column} cannot be a filter; name an input or an output, and not {', '.join(PARAMETERS)}."
    if name in TAKEN or not name.isidentifier():
        return f"{model}.Work.name is {name!r}, which is taken: choose another."
    return policy_objection(model, work) or limit_objection(model, getattr(work, "time_limit", None))


def policy_objection(model: str, work: Any) -> str:
    """The same of how it is tried again."""
    if not 1 <= getattr(work, "max_attempts", MAX_ATTEMPTS) <= MOST_ATTEMPTS:
        return f"{model}.Work.max_attempts is a number from 1 to {MOST_ATTEMPTS:,}."
    if not callable(getattr(work, "backoff", DEFAULT)):
        return f"{model}.Work.backoff is a function from the attempts so far to seconds: see durable.backoff."
    return ""


def limit_objection(model: str, seconds: Any) -> str:
    """What is wrong with a time limit; None is none."""
    if seconds is None or (isinstance(seconds, int | float) and 0 < seconds <= MOST_SECONDS):
        return ""
    return f"{model}.Work.time_limit is {seconds!r}: give seconds, more than 0 and at most {MOST_SECONDS}."
