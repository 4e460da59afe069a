"""Quality over time: whether feedback helped, and the control charts of annotators."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from annotation.access import quality_report_of
from annotation.forms.quality import SchemaForm
from annotation.models import Judgment, QualityKind, QualityReport
from annotation.quality.reports import DRIFT, FEEDBACK, latest_quality, latest_quality_job, request_quality
from annotation.quality.showing import (
    BLOCK_COLUMNS,
    CHANGE_COLUMNS,
    MEASURE_NAMES,
    block_rows,
    change_rows,
    feedback_effect,
    people_with_charts,
    signal_of,
)
from measures.control_charts import FALSE_ALARM_RATE
from polyannot.kernel.middleware import wants_json
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role

PAGES = {FEEDBACK: "quality-feedback", DRIFT: "drift"}
KINDS = {FEEDBACK: QualityKind.FEEDBACK, DRIFT: QualityKind.DRIFT}


def _common(request: HttpRequest, access: Access, kind: str) -> dict[str, Any]:
    """Return the newest report of a kind on the chosen labels, its job, and what the form offers."""
    form = SchemaForm(request.GET or None, project=access.project)
    schema = form.chosen
    return {
        "form": form,
        "schema": schema,
        "report": latest_quality(schema, KINDS[kind]) if schema else None,
        "job": latest_quality_job(schema, kind) if schema else None,
        "kind": kind,
    }


def _as_json(report: QualityReport | None) -> JsonResponse:
    """Answer a script with the newest report as it is stored; null where there is none yet."""
    if report is None:
        return JsonResponse({"report": None})
    return JsonResponse(
        {
            "report": str(report.public_id),
            "labels": report.schema.name,
            "made_at": report.made_at.isoformat(),
            "code_version": report.code_version,
            "judgments": report.n_judgments,
            "includes_demo_judgments": report.includes_demo,
            **report.figures,
        }
    )


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def feedback_helped(request: HttpRequest, access: Access) -> HttpResponse:
    """Show agreement on fresh calibration sets in time, with what came between them."""
    context = _common(request, access, FEEDBACK)
    report = context["report"]
    if wants_json(request):
        return _as_json(report)
    effect = feedback_effect(report) if report else None
    return render(request, "annotation/quality/feedback.html", context | {"effect": effect})


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def drift(request: HttpRequest, access: Access) -> HttpResponse:
    """Show which charts gave signals, and the charts of one annotator."""
    context = _common(request, access, DRIFT)
    report = context["report"]
    if wants_json(request):
        return _as_json(report)
    if report:
        chosen = request.GET.get("annotator", "")
        people = people_with_charts(report)
        charted = {chart.name for row in people for chart in row.charts}
        context |= {
            "people": people,
            "person": next(iter(people_with_charts(report, only=chosen, with_drawings=True)), None)
            if chosen
            else None,
            "measures": [name for name in map(str, MEASURE_NAMES.values()) if name in charted],
            **_alarms(report),
        }
    return render(request, "annotation/quality/drift.html", context)


def _alarms(report: QualityReport) -> dict[str, Any]:
    """Return how many false alarms the page is to be expected to hold at most."""
    rate = report.figures["parameters"]["false_alarm_rate"]
    tested = report.figures["blocks_with_limits"]
    return {"rate": 100 * rate, "run_length": round(1 / rate), "n_tested": tested, "expected": rate * tested}


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def quality_compute(request: HttpRequest, access: Access, kind: str) -> HttpResponse:
    """Ask for a new report."""
    form = SchemaForm(request.POST, project=access.project)
    schema = form.chosen
    request_quality(project=access.project, kind=kind, schema=schema, asked_by=access.user)
    query = f"?schema={schema.public_id}" if schema else ""
    return redirect(reverse(PAGES[kind], args=[access.project.slug]) + query)


@require_GET
@project_view(Role.HEAD)
def drift_judgments(request: HttpRequest, access: Access) -> HttpResponse:
    """List the judgments of a block that gave a signal."""
    report = quality_report_of(access, request.GET.get("report", ""))
    annotator, measure = request.GET.get("annotator", ""), request.GET.get("measure", "")
    block = signal_of(report, annotator, measure, request.GET.get("block", ""))
    judgments = (
        Judgment.objects.last_words()
        .filter(project=access.project, annotator__public_id=annotator, schema=report.schema)
        .filter(version__in=block["versions"])
        .select_related("version__image", "annotator", "edited_version")
        if block
        else Judgment.objects.none()
    )
    order = {pk: place for place, pk in enumerate(block["versions"])} if block else {}
    rows = sorted(judgments, key=lambda judgment: (order[judgment.version_id], judgment.pk))
    context = {"report": report, "block": block, "measure": MEASURE_NAMES.get(measure, ""), "rows": rows}
    return render(request, "annotation/quality/drift_judgments.html", context)


@require_GET
@project_view(Role.ANNOTATOR)
def own_charts(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a person their own control charts, as head annotators see them."""
    reports = QualityReport.objects.filter(project=access.project, kind=QualityKind.DRIFT)
    found = [
        (
            report.schema,
            people_with_charts(report, only=str(access.user.public_id), with_drawings=True),
            _alarms(report),
        )
        for report in reports.select_related("schema").order_by("schema_id", "-pk").distinct("schema_id")
    ]
    shown = [
        {"schema": schema, "person": people[0], "report": alarms}
        for schema, people, alarms in found
        if people
    ]
    return render(
        request,
        "annotation/quality/own_charts.html",
        {"shown": shown, "run_length": round(1 / FALSE_ALARM_RATE)},
    )


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def quality_csv(request: HttpRequest, access: Access, kind: str) -> HttpResponseBase:
    """Send the newest report of a kind as CSV: the changes between sets, or the blocks of the charts."""
    context = _common(request, access, kind)
    report = context["report"]
    name = f"{kind}-{access.project.slug}.csv"
    if kind == FEEDBACK:
        return csv_answer(name, CHANGE_COLUMNS, change_rows(report) if report else ())
    return csv_answer(name, BLOCK_COLUMNS, block_rows(report) if report else ())
