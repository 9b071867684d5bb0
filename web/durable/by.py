"""Who does something: what rows and events record of it."""

from dataclasses import dataclass

SCOPES = ("read", "write", "operate")
NAME, REQUEST = 80, 64  # characters: the columns'


@dataclass(frozen=True)
class By:
    """Who does something, from where, in which request."""

    name: str = ""  # a user's name, "token:NAME" for a program; "" is nobody
    address: str = ""  # the client's, as HAProxy (or uWSGI, embedded) saw it
    request_id: str = ""


NOBODY = By()
