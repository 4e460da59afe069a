"""Asking our own web server how it is, as it wants to be asked."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings

ANSWER_SECONDS = 5.0
ANY_HOST = "*"


def own_host_name() -> str:
    """Return a name under which the web server answers: the first of ALLOWED_HOSTS."""
    first = next(iter(settings.ALLOWED_HOSTS), "127.0.0.1")
    return "127.0.0.1" if first == ANY_HOST else str(first).lstrip(".")


def trouble_at(address: str) -> str:
    """Return what is wrong according to /healthz of the server at `http://HOST:PORT/`; empty when all is well."""
    request = Request(f"{address}healthz", headers={"Host": own_host_name()})  # noqa: S310 (our own address)
    try:
        with urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310
            return ""
    except HTTPError as error:
        return error.read(2000).decode(errors="replace") or str(error)
    except (OSError, HTTPException) as error:
        return str(error)
