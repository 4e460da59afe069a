"""Secrets of participants: what their link holds, what is stored of it, and the code that lets them withdraw later."""

import base64
import hashlib
import hmac
import secrets

from django.conf import settings

SECRET_BYTES = 18
CODE_LENGTH = 12
CODE_GROUP = 4


def new_secret() -> str:
    """Return a fresh secret for a personal link: 144 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def platform_secret(study_id: int, external_id: str) -> str:
    """Return the secret of somebody whom a platform sent: the same at every visit, on every device.

    It follows from the platform's id and this installation's key, so that nothing of it need be stored.
    """
    told = f"participant:{study_id}:{external_id}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), told, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:SECRET_BYTES]).decode()


def hashed(secret: str) -> str:
    """Return what is stored of a secret or a code: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def withdrawal_code(secret: str) -> str:
    """Return the code that erases this participant's answers: 60 bits that follow from the secret, in groups."""
    digest = hashlib.sha256(f"withdrawal:{secret}".encode()).digest()
    code = base64.b32encode(digest).decode()[:CODE_LENGTH]
    return "-".join(code[start : start + CODE_GROUP] for start in range(0, CODE_LENGTH, CODE_GROUP))


def typed_code(text: str) -> str:
    """Return a withdrawal code as stored, however somebody typed it: letters big, groups of four."""
    plain = "".join(sign for sign in text.upper() if sign.isalnum())
    return "-".join(plain[start : start + CODE_GROUP] for start in range(0, len(plain), CODE_GROUP))
