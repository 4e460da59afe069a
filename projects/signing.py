"""Signatures of webhooks as Standard Webhooks 1.0.0 has them, so that receivers find a library. Pure.

Signed are id, time and body, joined by full stops, with HMAC-SHA256 under the bytes of the secret.
See docs/algorithms/webhooks.md.
"""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
# Between the 24 and the 64 that the specification allows.
SECRET_BYTES = 32
VERSION = "v1"


def new_secret() -> str:
    """Return a new secret: its bytes in base64, behind the prefix by which one that leaks is known."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(*, secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message, its version first; `timestamp` is in whole seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"{VERSION},{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(*, secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message; `timestamp` is the time of this try."""
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret=secret, message_id=message_id, timestamp=timestamp, body=body),
    }
