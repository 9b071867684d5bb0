"""What keeps Redis away, told so that whoever runs it knows what to do."""

import ssl

import pytest
from redis.exceptions import AuthenticationError, ConnectionError, NoPermissionError

from durable.redis_away import told


def wrapped(inner: Exception) -> Exception:
    """As the client library raises it: from within the handling of what it met."""
    try:
        try:
            raise inner
        except Exception:
            raise ConnectionError("Error 1 connecting to h:6379")  # noqa: B904 (as redis-py does)
    except ConnectionError as error:
        return error


def certificate(message: str) -> ssl.SSLCertVerificationError:
    """What Python says of a certificate."""
    error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {message}")
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthenticationError("invalid username-password pair"), "check REDIS_USERNAME and REDIS_PASSWORD_FILE"),
        (wrapped(AuthenticationError("Authentication required.")), "refuses the user or the password"),
        (NoPermissionError("no permissions to run the 'brpop' command"), "what is needed: no permissions to run"),
        (wrapped(certificate("Hostname mismatch")), "check REDIS_HOST and REDIS_SSL_CA_FILE: Hostname mismatch"),
        (wrapped(ssl.SSLError(1, "[SSL] record layer failure")), "check REDIS_PORT and REDIS_SSL_MODE"),
        (wrapped(ConnectionRefusedError(111, "Connection refused")), "Error 1 connecting to h:6379"),
    ],
)
def test_each_reason_has_its_sentence(error: Exception, words: str) -> None:
    assert words in told(error)
