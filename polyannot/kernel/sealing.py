"""Encryption at rest for the few things that point to a person, with the keys of the settings.

The first key of PERSONAL_DATA_KEYS writes, all of them read, so that a key can be replaced. See docs/deploy.md.
"""

import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@cache
def _sealer(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "PERSONAL_DATA_KEYS holds something that is no key: each is 32 random bytes in URL-safe base64."
        ) from error


def _keys() -> tuple[str, ...]:
    return tuple(settings.PERSONAL_DATA_KEYS)


def seal(text: str) -> str:
    """Return the text encrypted with the first key; the same text is never the same twice."""
    return _sealer(_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str, *, max_age: int | None = None) -> str | None:
    """Return the text; None where no key of the settings opens it, or it was sealed over `max_age` seconds ago."""
    try:
        return _sealer(_keys()).decrypt(sealed.encode(), ttl=max_age).decode()
    except InvalidToken:
        return None


def marks_of(text: str) -> list[str]:
    """Return under which marks the text may be known, one for each key, the writing key's first.

    A mark finds a sealed text again without opening all of them: an HMAC-SHA256 in hexadecimal, worth nothing
    without the key.
    """
    return [hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest() for key in _keys()]
