"""Whether the whole is well: database, broker, and somebody behind every queue that is expected to be served."""

from collections.abc import Mapping

import psycopg
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polyannot.kernel import broker
from projects.heartbeats import GONE_AFTER
from projects.models import WorkerHeartbeat

OK, GONE = "ok", "gone"
# Whoever asks wants to know now: no waiting for the pool, nor for a database that hangs.
CONNECT_SECONDS = 3
STATEMENT_TIMEOUT = "-c statement_timeout=3000"


def served_queues() -> set[str] | None:
    """Return what live workers serve (`beat` for the scheduler), or None where the database does not answer.

    Asked over a connection of its own, because the pool waits long for a database that is gone.
    """
    table = connection.ops.quote_name(WorkerHeartbeat._meta.db_table)
    query = f"SELECT DISTINCT unnest(queues) FROM {table} WHERE seen_at > now() - %s"  # noqa: S608 (our table)
    parameters = {**connection.get_connection_params(), "connect_timeout": CONNECT_SECONDS}
    parameters["options"] = f"{parameters.get('options', '')} {STATEMENT_TIMEOUT}".strip()
    try:
        with psycopg.connect(**{**parameters, "cursor_factory": None}) as own:
            return {queue for (queue,) in own.execute(query.encode(), [GONE_AFTER])}
    except psycopg.Error:
        return None


def examine() -> Mapping[str, str]:
    """Return `ok` or `gone` for the database, the broker and each expected queue (HEALTH_EXPECTS; also `beat`).

    A queue whose workers are all busy is ok. Without a database nothing is known of workers: they count as gone.
    """
    served = served_queues()
    found = {"database": served is not None, "broker": broker.answers()}
    found.update({f"worker:{queue}": queue in (served or set()) for queue in settings.HEALTH_EXPECTS})
    return {part: OK if is_well else GONE for part, is_well in found.items()}


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when all parts are well, 503 when one is gone, with the parts as JSON."""
    parts = examine()
    is_well = all(state == OK for state in parts.values())
    return JsonResponse({"status": OK if is_well else GONE, **parts}, status=200 if is_well else 503)
