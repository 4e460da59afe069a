"""A request that makes something, sent again under the same key, is answered as the first time and makes nothing more.

The sender gives the key (header Idempotency-Key); answers are kept for a day.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from polyannot.kernel.errors import Conflict, Invalid
from projects.models import ApiToken, KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 80
KEPT_FOR = timedelta(hours=24)
# A request that was cut off leaves an empty answer; after so long another may take its place.
CUT_OFF_AFTER = timedelta(minutes=15)

Act = Callable[[], Response]
Method = TypeVar("Method", bound=Callable[..., Any])


def kept(method: Method) -> Method:
    """Say of a view's method that it takes a key, for the document; it answers through `once`."""
    method.is_kept = True  # type: ignore[attr-defined]
    return method


def once(request: Request, act: Act, *, secret_fields: tuple[str, ...] = ()) -> Response:
    """Run `act`, or answer as it was answered under the request's key; `secret_fields` are null when told again.

    Raises Invalid for a key that is too long or was given to another request, Conflict while the first one is at work.
    An act that raises leaves the key free.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return act()
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Invalid(
            "idempotency_key", _("A key has at most %(n)d printable characters.") % {"n": LONGEST_KEY}
        )
    token = request.auth
    assert isinstance(token, ApiToken)
    KeptAnswer.objects.filter(made_at__lt=timezone.now() - KEPT_FOR).delete()
    answer, is_first = _claimed(token, key, _hash(request))
    if not is_first:
        return _again(answer)
    try:
        response = act()
    except BaseException:
        answer.delete()
        raise
    told = json.loads(json.dumps(response.data, default=str))
    answer.status = response.status_code
    answer.body = {**told, **dict.fromkeys(secret_fields)} if secret_fields else told
    answer.save(update_fields=["status", "body"])
    return response


def _claimed(token: ApiToken, key: str, request_hash: str) -> tuple[KeptAnswer, bool]:
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(token=token, key=key, request_hash=request_hash), True
    except IntegrityError:
        found = KeptAnswer.objects.get(token=token, key=key)
    if found.request_hash != request_hash:
        raise Invalid("idempotency_key_reused", _("This key was given to another request; nothing was done."))
    if found.status is None:
        left = timezone.now() - CUT_OFF_AFTER
        taken = KeptAnswer.objects.filter(pk=found.pk, status=None, made_at__lt=left)
        if not taken.update(made_at=timezone.now()):
            raise Conflict("idempotency_key_in_work", _("The first request with this key is still at work."))
        return found, True
    return found, False


def _again(answer: KeptAnswer) -> Response:
    return Response(answer.body, status=answer.status, headers={REPLAYED: "true"})


def _hash(request: Request) -> str:
    """Return what makes a request the same: method, address and what was sent, files by name and size."""
    sent: list[Any] = []
    if hasattr(request.data, "lists"):
        for name, values in sorted(request.data.lists()):
            sent.append([name, [_file(v) if isinstance(v, UploadedFile) else v for v in values]])
    else:
        sent.append(request.data)
    told = json.dumps([request.method, request.get_full_path(), sent], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def _file(file: "UploadedFile[Any]") -> list[Any]:
    return [file.name, file.size]
