"""Agreement pages: the stored report of a scope, the captions behind its figures, and the same as files."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from annotation.access import agreement_report_of
from annotation.agreement.computing import rating_rows
from annotation.agreement.pairs import cell_behind, people_of, versions_of
from annotation.agreement.ratings import LeftOut, Outcome
from annotation.agreement.reports import completed_agreement, latest_job, latest_report, request_report
from annotation.agreement.scope import Scope
from annotation.agreement.showing import ShownReport
from annotation.agreement.telling import told_report
from annotation.agreement.trend import COLUMNS as TREND_COLUMNS
from annotation.agreement.trend import trend_of, trend_rows
from annotation.forms.agreement import PairsForm, ReportForm, ScopeForm
from annotation.models import AgreementReport, CaptionVersion, Image
from polyannot.kernel.errors import Missing
from polyannot.kernel.middleware import wants_json
from polyannot.kernel.tables import csv_answer
from projects.access import Access, job_of
from projects.http import project_view
from projects.models import Role

PAIRS_PER_PAGE = 20
# The page says "more than" beyond this; counting on would take longer than it tells.
MOST_COUNTED = 1000
CSV_COLUMNS = ("item", "rater", "label", "image")
NAMES_AT_ONCE = 5_000


def scope_query(scope: Scope | None) -> str:
    """Return the part of an address that names a scope."""
    if scope is None:
        return ""
    chosen = [("schema", scope.schema.public_id), *(("batches", batch.public_id) for batch in scope.batches)]
    return f"?{urlencode(chosen)}"


def _address(access: Access, scope: Scope | None) -> str:
    return reverse("agreement", args=[access.project.slug]) + scope_query(scope)


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the newest report of a scope, and whether judgments came after it."""
    form = ScopeForm(request.GET or None, project=access.project)
    scope = form.chosen
    report = latest_report(scope) if scope else None
    if wants_json(request):
        return JsonResponse(told_report(report) if report else {"report": None})
    settings = _settings(report, scope)
    context: dict[str, Any] = {
        "scope_form": form,
        "scope": scope,
        "scope_query": scope_query(scope),
        "batches_offered": scope.schema.batches.order_by("pk") if scope else [],
        "job": latest_job(scope) if scope else None,
        "form": ReportForm(project=access.project, initial=settings),
        "hidden_form": ReportForm(project=access.project, initial=settings, auto_id=False),
    }
    if report is not None and scope is not None:
        context |= _reported(report, scope) | {"trend": trend_of(report, request.GET.get("trend", ""))}
    return render(request, "annotation/agreement/agreement.html", context)


def _settings(report: AgreementReport | None, scope: Scope | None) -> dict[str, Any]:
    """Return the settings of the report that is shown, so that computing again changes nothing but the judgments."""
    last = dict(report.figures["judgments"]["parameters"]) if report else completed_agreement({})
    if scope is None:
        return last
    if not scope.schema.allows_edits:
        last["outcome"] = Outcome.LABELS
    batches = [batch.public_id for batch in scope.batches]
    return {**last, "schema": scope.schema.public_id, "batches": batches}


def _reported(report: AgreementReport, scope: Scope) -> dict[str, Any]:
    judgments = report.figures["judgments"]
    newer = scope.judgments().filter(pk__gt=judgments["last_judgment"])
    return {
        "report": report,
        "report_key": str(report.public_id),
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
        context = {"form": form, "is_refused": True}
        return render(request, "annotation/agreement/agreement.html", context, status=422)
    asked = form.cleaned_data
    schema, batches = asked.pop("schema"), asked.pop("batches")
    request_report(
        project=access.project, schema=schema, batches=list(batches), asked_by=access.user, **asked
    )
    return redirect(_address(access, form.scope))


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
    """List the captions behind a cell or a row of a report, by default of the newest one."""
    report = _report_asked_for(request, access)
    people = people_of(report) if report else []
    form = PairsForm(request.GET, people=people)
    wanted = form.wanted()
    cell = cell_behind(report, wanted) if report else None
    paginator = Paginator(cell.version_ids if cell else [], PAIRS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = ShownReport(report) if report else None
    context = {
        "report": report,
        "form": form,
        "cell": cell,
        "page": page,
        "versions": versions_of(report, list(page.object_list), wanted) if report else [],
        "page_range": paginator.get_elided_page_range(page.number),
        "answers": [shown.name_of(key) for key in wanted.answers or ()] if shown else [],
        "sees_proposed": access.may_act_as(Role.HEAD),
    }
    return render(request, "annotation/agreement/pairs.html", context)


def _report_asked_for(request: HttpRequest, access: Access) -> AgreementReport | None:
    """Return the report that the address names, else the newest one of its scope."""
    if named := request.GET.get("report"):
        try:
            return agreement_report_of(access, UUID(named))
        except (ValueError, Missing):
            pass
    scope = ScopeForm(request.GET or None, project=access.project).chosen
    return latest_report(scope) if scope else None


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_csv(request: HttpRequest, access: Access, report_id: UUID) -> HttpResponseBase:
    """Send the ratings as they are now, read as the report read them, in long form with public ids."""
    report = agreement_report_of(access, report_id)
    return csv_answer(f"agreement-{access.project.slug}.csv", CSV_COLUMNS, _named_ratings(report))


def _named_ratings(report: AgreementReport) -> Iterator[tuple[str, str, str, str]]:
    """Yield item, rater, label and image of every rating; names are looked up some thousand rows at a time."""
    rows = list(rating_rows(report))
    people = dict(User.objects.filter(pk__in={row[1] for row in rows}).values_list("pk", "public_id"))
    for start in range(0, len(rows), NAMES_AT_ONCE):
        part = rows[start : start + NAMES_AT_ONCE]
        items = CaptionVersion.objects.filter(pk__in={row[0] for row in part})
        images = Image.objects.filter(pk__in={row[3] for row in part})
        item_names = dict(items.values_list("pk", "public_id"))
        image_names = dict(images.values_list("pk", "public_id"))
        for version, annotator, label, image in part:
            yield str(item_names[version]), str(people[annotator]), label, str(image_names[image])


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_trend_csv(request: HttpRequest, access: Access, report_id: UUID) -> HttpResponseBase:
    """Send the data of the trend."""
    report = agreement_report_of(access, report_id)
    return csv_answer(f"agreement-trend-{access.project.slug}.csv", TREND_COLUMNS, trend_rows(report))


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def agreement_json(request: HttpRequest, access: Access, report_id: UUID) -> HttpResponseBase:
    """Send every figure of the report, with its scope, parameters and code version."""
    report = agreement_report_of(access, report_id)
    answer = JsonResponse(told_report(report), json_dumps_params={"indent": 1})
    answer.headers["Content-Disposition"] = f'attachment; filename="agreement-{access.project.slug}.json"'
    return answer
