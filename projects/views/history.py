"""The history of a project: who did what to which row when."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Event, Membership, Role

EVENTS_A_PAGE = 50


@dataclass(frozen=True)
class ShownEvent:
    """One event as the page names it; the CSV has the names of the tables."""

    event: Event
    act: str
    row: str
    columns: str


def _shown(event: Event) -> ShownEvent:
    try:
        kind = str(apps.get_model(event.row_type)._meta.verbose_name)
    except LookupError:
        kind = event.row_type
    columns = event.fields.replace("_", " ").replace(",", ", ")
    return ShownEvent(event, _words(event.act), f"{kind} {event.row_id}", columns)


def _words(act: str) -> str:
    return act.replace("_", " ")


def events_asked_for(request: HttpRequest, access: Access) -> QuerySet[Event]:
    """Return the project's events that the filters in the address name; an unknown person leaves none."""
    events = Event.objects.filter(project=access.project).select_related("actor").order_by("-pk")
    if act := request.GET.get("act"):
        events = events.filter(act=act)
    if person := request.GET.get("person"):
        try:
            events = events.filter(actor__public_id=UUID(person))
        except ValueError:
            return events.none()
    return events


@require_safe
@project_view(Role.ADMIN)
def history(request: HttpRequest, access: Access) -> HttpResponse:
    """List the events, newest first."""
    paginator = Paginator(events_asked_for(request, access), EVENTS_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    acts = Event.objects.filter(project=access.project).order_by("act").values_list("act", flat=True)
    members = Membership.objects.filter(project=access.project).select_related("user")
    context = {
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "rows": [_shown(event) for event in page.object_list],
        "acts": [(act, _words(act)) for act in acts.distinct()],
        "people": [(str(row.user.public_id), str(row.user)) for row in members],
    }
    return render(request, "projects/history.html", context)


@require_safe
@project_view(Role.ADMIN)
def history_csv(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Send the events that the filters name as CSV."""

    def rows() -> Iterator[tuple[object, ...]]:
        for event in events_asked_for(request, access).iterator(chunk_size=2000):
            who = event.actor.username if event.actor is not None else ""
            yield (event.at.isoformat(), who, event.act, event.row_type, event.row_id, event.fields)

    columns = ["at", "who", "act", "row_type", "row_id", "fields"]
    return csv_answer(f"{access.project.slug}-history.csv", columns, rows())
