"""Whether the whole is well: database, broker, and somebody behind every queue that is expected to be served."""

from collections.abc import Mapping

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polyannot.kernel import broker
from projects.heartbeats import served_queues

OK, GONE = "ok", "gone"


def database_answers() -> bool:
    """Say whether the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Error:
        return False


def examine() -> Mapping[str, str]:
    """Return `ok` or `gone` for the database, the broker and each expected queue (HEALTH_EXPECTS; also `beat`).

    A queue whose workers are all busy is ok. Without a database nothing is known of workers: they count as gone.
    """
    has_database = database_answers()
    served = served_queues() if has_database else set()
    found = {"database": has_database, "broker": broker.answers()}
    found.update({f"worker:{queue}": queue in served for queue in settings.HEALTH_EXPECTS})
    return {part: OK if is_well else GONE for part, is_well in found.items()}


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when all parts are well, 503 when one is gone, with the parts as JSON."""
    parts = examine()
    is_well = all(state == OK for state in parts.values())
    return JsonResponse({"status": OK if is_well else GONE, **parts}, status=200 if is_well else 503)
