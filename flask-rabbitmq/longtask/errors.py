"""Every error is the same JSON: {"error": "a sentence"}."""

import sqlite3

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError, ServiceUnavailable

# What Werkzeug's own words leave open: what to do.
SENTENCES: dict[type[HTTPException], str] = {
    RequestEntityTooLarge: "The body is larger than 1024 bytes; send a small JSON object, or no body.",
    SecurityError: "This site has another name; ask for it under that, or add this one to ALLOWED_HOSTS.",
}


def register_errors(app: Flask) -> None:
    """Have the application answer so."""
    app.register_error_handler(HTTPException, as_json)
    app.register_error_handler(sqlite3.OperationalError, store_away)


def as_json(error: HTTPException) -> Response:
    """The error's own status and headers, and a sentence as JSON."""
    sentence = SENTENCES.get(type(error), error.description)
    response = Response(json.dumps({"error": sentence}) + "\n", error.code, error.get_headers())
    response.content_type = "application/json"
    return response


def store_away(error: Exception) -> Response:
    """Only said where it is used: a locked file, a full disk."""
    return as_json(ServiceUnavailable("The result store is busy or full; try again in a few seconds.", retry_after=2))
