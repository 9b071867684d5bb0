"""Strict readers of environment variables: a bad value stops the start and names the variable."""

import os
from ipaddress import ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def env_str(name: str, default: str = "", choices: tuple[str, ...] = ()) -> str:
    """The value of NAME; empty counts as unset."""
    value = os.environ.get(name, "").strip() or default
    if choices and value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to one of: {', '.join(choices)}.")
    return value


def env_number(name: str, default: float, low: float, high: float) -> float:
    """A number between low and high."""
    text = env_str(name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to a number from {low:g} to {high:g}.")
    return value


def env_int(name: str, default: int, low: int, high: int) -> int:
    """A whole number between low and high."""
    value = env_number(name, default, low, high)
    if value != int(value):
        raise ImproperlyConfigured(f"{name} is {value:g}; set it to a whole number.")
    return int(value)


def env_bool(name: str, default: bool = False) -> bool:
    """One of 1/0, true/false, yes/no, on/off."""
    text = env_str(name).lower()
    if text and text not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to 1 or 0.")
    return text in TRUE if text else default


def env_list(name: str, default: str = "") -> list[str]:
    """Comma-separated values."""
    return [item.strip() for item in env_str(name, default).split(",") if item.strip()]


def env_networks(name: str) -> list[str]:
    """Comma-separated addresses and networks, such as 10.0.0.0/8."""
    values = env_list(name)
    for value in values:
        try:
            ip_network(value, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} has {value!r}; set it to addresses or networks such as 10.0.0.0/8, with commas."
            ) from None
    return values


def env_secret(name: str) -> str:
    """The value of NAME, or the content of the file that NAME_FILE names; both at once is an error."""
    value, path = env_str(name), env_str(f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; remove one of them.")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}.") from None
