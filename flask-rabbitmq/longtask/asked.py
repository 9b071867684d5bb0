"""What a request asks for, checked: an unknown name is an error, never ignored."""

from collections.abc import Collection
from typing import Any

from flask import abort, request

from longtask.settings import MOST_SECONDS

DEFAULT_SECONDS = 10


def asked_seconds() -> int:
    """How long the task is to take: ?seconds= of a GET, {"seconds": ...} of a POST."""
    if request.method == "GET":
        refuse_unknown("parameter", request.args, {"seconds"})
        if len(request.args.getlist("seconds")) > 1:
            abort(422, "seconds is there several times; give it once.")
        text = request.args.get("seconds", str(DEFAULT_SECONDS))
        sound = text.isascii() and text.isdigit() and len(text) <= 9
        return checked(int(text) if sound else text)
    refuse_unknown("parameter", request.args, set())
    fields = asked_fields()
    refuse_unknown("field", fields, {"seconds"})
    return checked(fields.get("seconds", DEFAULT_SECONDS))


def asked_fields() -> dict[str, Any]:
    """The JSON object in the body; an empty body asks for nothing in particular."""
    if not request.get_data():
        return {}
    if request.mimetype != "application/json":
        abort(415, "Send the body as JSON, with Content-Type: application/json.")
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        abort(422, 'The body is no JSON object; send one such as {"seconds": 2}, or no body.')
    return fields


def checked(seconds: Any) -> int:
    """The number of seconds, if it is one."""
    if type(seconds) is not int or not 0 <= seconds <= MOST_SECONDS:  # a bool is an int, too
        abort(422, f"seconds is {str(seconds)[:40]!r}; give a whole number from 0 to {MOST_SECONDS}.")
    return seconds


def refuse_unknown(noun: str, names: Collection[str], known: set[str]) -> None:
    """End the request with 422 if it names what nobody knows."""
    for name in names:
        if name not in known:
            there_is = f"there is only {', '.join(sorted(known))}" if known else "this address takes none"
            abort(422, f"There is no {noun} {name[:40]!r}; {there_is}.")
