"""Agreement pages: the stored report of a scope, the captions behind its figures, and the same as files."""

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from annotation.access import agreement_report_of
from annotation.agreement import completed_agreement, latest_job, latest_report, rating_rows, request_report
from annotation.agreement_pairs import pairs_behind
from annotation.agreement_ratings import LeftOut, category_names, judgments_in
from annotation.agreement_showing import ShownReport
from annotation.forms.agreement import PairsForm, ReportForm, ScopeForm
from annotation.models import AgreementReport, Batch
from projects.access import Access, job_of
from projects.http import project_view
from projects.models import Role

PAIRS_PER_PAGE = 20
# The page says "more than" beyond this; counting on would take longer than it tells.
MOST_COUNTED = 1000
CSV_COLUMNS = ("item", "rater", "label", "image")


def _address(access: Access, batch: Batch | None) -> str:
    query = f"?batch={batch.public_id}" if batch else ""
    return reverse("agreement", args=[access.project.slug]) + query


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the newest report of a batch or of all, and whether judgments came after it."""
    scope = ScopeForm(request.GET, project=access.project)
    batch = scope.chosen_batch
    report = latest_report(access.project, batch)
    settings = _settings(report, batch)
    context: dict[str, Any] = {
        "scope": scope,
        "batch": batch,
        "job": latest_job(access.project, batch),
        "form": ReportForm(project=access.project, initial=settings),
        "hidden_form": ReportForm(project=access.project, initial=settings, auto_id=False),
    }
    if report is not None:
        context |= _reported(report, batch, access)
    return render(request, "annotation/agreement/agreement.html", context)


def _settings(report: AgreementReport | None, batch: Batch | None) -> dict[str, Any]:
    """Return the settings of the report that is shown, so that computing again changes nothing but the judgments."""
    last = dict(report.figures["judgments"]["parameters"]) if report else completed_agreement({})
    return {**last, "batch": batch.public_id if batch else ""}


def _reported(report: AgreementReport, batch: Batch | None, access: Access) -> dict[str, Any]:
    judgments = report.figures["judgments"]
    newer = judgments_in(access.project, batch).filter(pk__gt=judgments["last_judgment"])
    return {
        "report": report,
        "shown": ShownReport(report),
        "n_newer": newer[: MOST_COUNTED + 1].count(),
        "most_counted": MOST_COUNTED,
        "left_out": [(LeftOut(reason).label, n) for reason, n in sorted(judgments["left_out"].items())],
    }


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_compute(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new report."""
    form = ReportForm(request.POST, project=access.project)
    if not form.is_valid():
        context = {"scope": ScopeForm(project=access.project), "form": form, "is_refused": True}
        return render(request, "annotation/agreement/agreement.html", context, status=422)
    batch = form.cleaned_data.pop("batch")
    request_report(project=access.project, batch=batch, asked_by=access.user, **form.cleaned_data)
    return redirect(_address(access, batch))


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_progress(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show how far the computing is; once it has ended the page is loaded again."""
    job = job_of(access, job_id)
    answer = render(request, "annotation/agreement/progress.html", {"job": job})
    if not job.is_active and request.headers.get("HX-Request"):
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_pairs(request: HttpRequest, access: Access) -> HttpResponse:
    """List the captions behind a cell of the heat map or of the confusion table."""
    people = User.objects.filter(judgments__project=access.project).distinct()
    form = PairsForm(
        request.GET or None,
        project=access.project,
        people=sorted(((str(user.public_id), str(user)) for user in people), key=lambda row: row[1]),
    )
    wanted = form.wanted()
    paginator = Paginator(pairs_behind(access.project, wanted), PAIRS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    schema = wanted.batch.schema if wanted.batch else access.project.label_schemas.order_by("pk").first()
    names = category_names(schema) if schema else {}
    context = {
        "form": form,
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number),
        "answers": [names.get(key, key) for key in wanted.answers or ()],
    }
    return render(request, "annotation/agreement/pairs.html", context)


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_csv(request: HttpRequest, access: Access, report_id: UUID) -> HttpResponseBase:
    """Send the ratings as they are now, read as the report read them, in long form with public ids."""
    report = agreement_report_of(access, report_id)
    writer = csv.writer(_Line())

    def lines() -> Iterator[str]:
        yield str(writer.writerow(CSV_COLUMNS))
        for row in rating_rows(report):
            yield str(writer.writerow(row))

    return _attached(StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8"), access, "csv")


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_json(request: HttpRequest, access: Access, report_id: UUID) -> HttpResponseBase:
    """Send every figure of the report, with its scope, parameters and code version."""
    report = agreement_report_of(access, report_id)
    told = {
        "project": access.project.slug,
        "batch": str(report.batch.public_id) if report.batch else None,
        "made_at": report.made_at.isoformat(),
        "code_version": report.code_version,
        "includes_demo_judgments": report.includes_demo,
        **report.figures,
    }
    return _attached(JsonResponse(told, json_dumps_params={"indent": 1}), access, "json")


def _attached(answer: HttpResponseBase, access: Access, ending: str) -> HttpResponseBase:
    name = f"agreement-{access.project.slug}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
