"""The results page and what can be taken from it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from polyannot.kernel.errors import Missing
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role
from projects.models.jobs import ACTIVE_STATES
from studies.access import latest_result, study_of
from studies.job_kinds import STUDY_RESULTS, ask_for_results
from studies.models import Study, StudyResult
from studies.scatter import scatter_of
from studies.showing import ShownPair, answered_pairs, pairs_csv
from studies.views.frames import study_page


@require_safe
@project_view(Role.RESEARCHER)
def study_results(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show the figures computed last, and the job that computes newer ones."""
    study = study_of(access, study_id)
    job = _job_of(study)
    result = latest_result(study)
    if request.headers.get("HX-Request"):
        return _progress(request, study, job)
    context: dict[str, Any] = {"result": result, "job": job, "deviations": study.deviations.all()}
    if result is not None:
        primary, beside = _in_order(result)
        pairs = answered_pairs(study, primary)
        context |= {
            "figures": result.figures,
            "primary": primary,
            "beside": beside,
            "beside_label": _("Without those whom a declared rule leaves out")
            if result.figures["primary"] == "everybody"
            else _("With everybody whose answers are kept"),
            "pairs": pairs,
            "scatter": scatter_of(pairs),
            "flow": result.figures["flow"],
        }
    return study_page(request, study, "results", **context)


def _progress(request: HttpRequest, study: Study, job: Job | None) -> HttpResponse:
    """Answer the page that waits: how far the job is, and to load itself again once it has ended."""
    if job is not None and job.is_active:
        return render(request, "studies/results-waiting.html", {"study": study, "job": job})
    return HttpResponse(headers={"HX-Refresh": "true"})


def _job_of(study: Study) -> Job | None:
    """Return the job at work on this study's figures, or the last one where it failed."""
    job = (
        Job.objects.filter(project=study.project, kind=STUDY_RESULTS, parameters__study=study.pk)
        .order_by("-pk")
        .first()
    )
    return job if job and (job.state in ACTIVE_STATES or job.state == "failed") else None


def _in_order(result: StudyResult) -> tuple[dict[str, object], dict[str, object]]:
    names = ["everybody", "without_excluded"]
    if result.figures["primary"] == "without_excluded":
        names.reverse()
    return result.figures[names[0]], result.figures[names[1]]


@require_POST
@project_view(Role.RESEARCHER)
def study_compute(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Ask a worker for the figures of now."""
    study = study_of(access, study_id)
    ask_for_results(study=study, actor=access.user)
    return redirect("study-results", access.project.slug, study.public_id)


def _computed(study: Study) -> StudyResult:
    if (result := latest_result(study)) is None:
        raise Missing("result_missing", _("No figures have been computed yet."))
    return result


def _primary_pairs(study: Study) -> list[ShownPair]:
    return answered_pairs(study, _in_order(_computed(study))[0])


@require_safe
@project_view(Role.RESEARCHER)
def study_pairs_csv(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out the primary figures of every pair, aggregates only."""
    study = study_of(access, study_id)
    response = HttpResponse(pairs_csv(_primary_pairs(study)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{study.slug}-pairs.csv"'
    return response


@require_safe
@project_view(Role.RESEARCHER)
def study_figures_json(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out all figures as they were computed, with seed, version and deviations."""
    study = study_of(access, study_id)
    result = _computed(study)
    told = {
        "study": str(study.public_id),
        "title": study.title,
        "is_demo": study.is_demo,
        "computed_at": result.made_at.isoformat(timespec="seconds"),
        "code_version": result.code_version,
        "seed": result.seed,
        "deviations": list(study.deviations.values_list("text", flat=True)),
        **result.figures,
    }
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{study.slug}-figures.json"'
    return response


@require_safe
@project_view(Role.RESEARCHER)
def study_scatter(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out the drawing of share good against similarity as a file of its own."""
    study = study_of(access, study_id)
    drawing = scatter_of(_primary_pairs(study))
    if drawing is None:
        raise Missing("scatter_missing", _("There are too few answered pairs to draw."))
    response = render(
        request, "studies/scatter.svg", {"scatter": drawing, "is_file": True}, content_type="image/svg+xml"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{study.slug}-scatter.svg"'
    return response
