"""Redis away: the errors that say so, and each in a sentence that tells whoever runs it what to do."""

import ssl
from collections.abc import Iterator

from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

ERRORS = (RedisError, OSError)


def told(error: BaseException) -> str:
    """What is wrong; the client library wraps what it met."""
    causes = list(chain(error))
    for cause in causes:
        if isinstance(cause, AuthenticationError):
            return "Redis refuses the user or the password: check REDIS_USERNAME and REDIS_PASSWORD_FILE"
        if isinstance(cause, NoPermissionError):
            return f"Redis does not allow its user enough, .env.example has what is needed: {cause}"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Redis's certificate is refused, check REDIS_HOST and REDIS_SSL_CA_FILE: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"no TLS with Redis, check REDIS_PORT and REDIS_SSL_MODE: {cause}"
    return str(error)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
