"""Typed reading of environment variables: a wrong value stops the start with a sentence, never a guess."""

import ipaddress
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    """Return the variable, or the content of the file that NAME_FILE names, or the default.

    Raises ImproperlyConfigured where none of the three is there.
    """
    if (path := os.environ.get(f"{name}_FILE")) is not None:
        return Path(path).read_text(encoding="utf-8").strip()
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} (or {name}_FILE, a file that holds it).")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return a yes/no variable; raises ImproperlyConfigured for any other word."""
    word = os.environ.get(name)
    if word is None:
        return default
    if word.strip().lower() in TRUE_WORDS:
        return True
    if word.strip().lower() in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {word!r}.")


def integer(name: str, default: int) -> int:
    """Return a whole-number variable; raises ImproperlyConfigured for anything else."""
    word = os.environ.get(name)
    if word is None:
        return default
    try:
        return int(word)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {word!r}.") from error


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated variable as a list without empty parts."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def one_of(name: str, default: str, others: tuple[str, ...]) -> str:
    """Return a variable that is the default or one of some other words; raises ImproperlyConfigured for any other."""
    word = text(name, default).strip().lower()
    if word not in (default, *others):
        raise ImproperlyConfigured(f"{name} is {default}, {' or '.join(others)}, not {word!r}.")
    return word


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return a comma-separated list of networks; raises ImproperlyConfigured for anything else."""
    found = []
    for word in words(name):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} lists networks such as 10.1.0.0/16, not {word!r}.") from error
    return found
