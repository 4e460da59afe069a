"""My work: a person's own counts and hours, and what is stored about them."""

import csv
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.rules.gold import gold_scores
from annotation.working.own_record import HOURS_COLUMNS, hours_rows, own_record
from annotation.working.own_work import CSV_COLUMNS, csv_rows, total, work_by_batch, work_by_day
from projects.access import Access
from projects.http import project_view
from projects.models import Membership, Role


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@require_GET
@project_view(Role.ANNOTATOR)
def my_work(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the person's own work by day and by batch, and what the project holds about them."""
    by_batch = work_by_batch(project=access.project, annotator=access.user)
    context = {
        "total": total(by_batch),
        "by_batch": by_batch,
        "by_day": work_by_day(project=access.project, annotator=access.user),
        "gold": gold_scores(access.project, access.user).get(access.user.pk),
        "membership": Membership.objects.get(project=access.project, user=access.user),
    }
    return render(request, "annotation/my_work.html", context)


@require_GET
@project_view(Role.ANNOTATOR)
def my_work_export(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Send every judgment of the person as CSV."""
    writer = csv.writer(_Line())

    def lines() -> Iterator[str]:
        yield str(writer.writerow(CSV_COLUMNS))
        for row in csv_rows(project=access.project, annotator=access.user):
            yield str(writer.writerow(row))

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="my-work-{access.project.slug}.csv"'
    return answer


@require_GET
@project_view(Role.ANNOTATOR)
def my_hours(request: HttpRequest, access: Access) -> HttpResponse:
    """Send the person's counts and focused time by day as CSV."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="my-hours-{access.project.slug}.csv"'
    writer = csv.writer(answer)
    writer.writerow(HOURS_COLUMNS)
    writer.writerows(hours_rows(project=access.project, person=access.user))
    return answer


@require_GET
@project_view(Role.ANNOTATOR)
def my_record(request: HttpRequest, access: Access) -> HttpResponse:
    """Send everything that the project holds of the person as JSON."""
    answer = JsonResponse(
        own_record(project=access.project, person=access.user), json_dumps_params={"indent": 1}
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="my-record-{access.project.slug}.json"'
    return answer
