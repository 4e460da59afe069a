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
from studies.access import drawings_of, latest_result, study_of
from studies.job_kinds import STUDY_RESULTS, ask_for_results
from studies.models import Study, StudyResult
from studies.results.exporting import (
    answers_archive,
    computed_result,
    drawn,
    primary_pairs_csv,
    public_archive,
    told_figures,
)
from studies.results.perfect import perfect_csv, perfect_paraphrases
from studies.showing import answered_pairs, graded_pairs, shown_figure
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
        pairs = graded_pairs(study, primary) if study.is_graded else answered_pairs(study, primary)
        context |= {
            "figures": result.figures,
            "primary": primary,
            "beside": beside,
            "beside_label": _("Without those whom a declared rule leaves out")
            if result.figures["primary"] == "everybody"
            else _("With everybody whose answers are kept"),
            "pairs": pairs,
            "exploratory": {each["name"] for each in result.figures["sets"] if each["origin"] == "added"},
            "drawn": {drawing.name: shown_figure(study, drawing) for drawing in drawings_of(result)},
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
    return computed_result(latest_result(study))


def _file(name: str, content: str | bytes, content_type: str) -> HttpResponse:
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(content, content_type=content_type, headers={"Content-Disposition": disposition})


@require_safe
@project_view(Role.RESEARCHER)
def study_pairs_csv(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out the primary figures of every pair, aggregates only."""
    study = study_of(access, study_id)
    return _file(
        f"{study.slug}-pairs.csv", primary_pairs_csv(study, _computed(study)), "text/csv; charset=utf-8"
    )


@require_safe
@project_view(Role.RESEARCHER)
def study_perfect_csv(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out the paraphrases that all of their graders found to mean the same; none for another kind of study."""
    study = study_of(access, study_id)
    if not study.is_graded:
        raise Missing("study_not_graded", _("In this study no paraphrases are graded."))
    return _file(
        f"{study.slug}-perfect.csv", perfect_csv(perfect_paraphrases(study)), "text/csv; charset=utf-8"
    )


@require_safe
@project_view(Role.RESEARCHER)
def study_figures_json(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out all figures as they were computed, with seed, version and deviations."""
    study = study_of(access, study_id)
    told = told_figures(study, _computed(study))
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{study.slug}-figures.json"'
    return response


@require_safe
@project_view(Role.RESEARCHER)
def study_public_archive(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out what may be published: aggregates, figures, the pre-registration."""
    study = study_of(access, study_id)
    result = _computed(study)
    return _file(
        _archive_name(study, result, "public"), public_archive(study=study, result=result), "application/zip"
    )


@require_POST
@project_view(Role.RESEARCHER)
def study_answers_archive(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out every answer under random names, with the script that computes the figures again; it is noted."""
    study = study_of(access, study_id)
    result = _computed(study)
    content = answers_archive(study=study, result=result, actor=access.user)
    return _file(_archive_name(study, result, "answers"), content, "application/zip")


def _archive_name(study: Study, result: StudyResult, kind: str) -> str:
    mark = "-simulated" if result.figures["is_simulated"] else ""
    return f"{study.slug}-{kind}{mark}.zip"


@require_safe
@project_view(Role.RESEARCHER)
def study_figure(
    request: HttpRequest, access: Access, study_id: UUID, figure: str, form: str
) -> HttpResponse:
    """Give out one drawing in one of its forms, or its data."""
    study = study_of(access, study_id)
    content, kind = drawn(_computed(study), figure, form)
    return _file(f"{study.slug}-{figure}.{form}", content, kind)
