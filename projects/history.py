"""Appending to the history: every act says who did what to which row; ids and field names only."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from polyannot.kernel.prepared import insert
from projects.models import Event, Project


def append_event(
    *, actor: User | None, act: str, row: Model, project: Project | None = None, fields: Iterable[str] = ()
) -> None:
    """Append one event; call it inside the act's transaction."""
    insert(_event(actor, act, row, project, ",".join(fields)))


def append_events(
    *,
    actor: User | None,
    act: str,
    rows: Sequence[Model],
    project: Project | None = None,
    fields: Iterable[str] = (),
) -> None:
    """Append one event for each row in a single statement."""
    named = ",".join(fields)
    Event.objects.bulk_create([_event(actor, act, row, project, named) for row in rows])


def _event(actor: User | None, act: str, row: Model, project: Project | None, fields: str) -> Event:
    return Event(
        project_id=project.pk if project is not None else _project_of(row),
        actor=actor,
        act=act,
        row_type=row._meta.label_lower,
        row_id=row.pk,
        fields=fields,
        at=timezone.now(),
    )


def _project_of(row: Any) -> int | None:
    return row.pk if isinstance(row, Project) else getattr(row, "project_id", None)
