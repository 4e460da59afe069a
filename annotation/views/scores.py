"""Scores from elsewhere beside a benchmark: importing them, comparing, and what came out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.scores import ScoresForm
from annotation.machine.evaluation.latex import latex_of
from annotation.machine.evaluation.showing import published_tables, run_of, voters_of
from annotation.machine.evaluation.tables import COSINES_PART
from annotation.machine.scores import showing as score_showing
from annotation.machine.scores.comparing import KIND, ask_for_comparison, score_set_of
from annotation.machine.scores.importing import ImportedScores, import_scores
from annotation.machine.showing import job_context
from annotation.models import EvaluationRun, ScoreComparison, ScoreDrawing
from polyannot.kernel.errors import Invalid, Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role
from projects.models.jobs import ACTIVE_STATES, JobState

LINES_SHOWN = 50
FORMS = {
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
}


def _page(
    request: HttpRequest, access: Access, run: EvaluationRun, form: ScoresForm, more: dict[str, Any]
) -> HttpResponse:
    made = _shown(request, access, run)
    job = Job.objects.filter(project=access.project, kind=KIND).order_by("-pk").first()
    context: dict[str, Any] = {
        "run": run,
        "form": form,
        "sets": score_showing.sets_of(access.project),
        "made": made,
        "crumbs": [
            {"label": _("Benchmark"), "url": reverse("difficulty-benchmark", args=[access.project.slug])}
        ],
        "published": [one for one in published_tables() if one.part == COSINES_PART],
    }
    if made is not None:
        context["tables"] = score_showing.comparison_tables(made, voters_of(run))
        context["drawings"] = score_showing.shown_drawings(made, access.project.slug)
    if job is not None and (job.state in ACTIVE_STATES or job.state == JobState.FAILED):
        context |= job_context(access, job)
    status = 422 if form.errors else 200
    return render(request, "annotation/machine/scores.html", context | more, status=status)


def _shown(request: HttpRequest, access: Access, run: EvaluationRun) -> ScoreComparison | None:
    try:
        score_set = score_set_of(access.project, UUID(request.GET.get("scores", "")))
    except ValueError:
        score_set = None
    return score_showing.latest_comparison(run, score_set)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def scores(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponse:
    """Show the sets of scores and the latest comparison with a benchmark."""
    return _page(request, access, run_of(access.project, evaluation_id), ScoresForm(), {})


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def scores_import(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponse:
    """Take in a table of scores, and say what it came to line by line."""
    run = run_of(access.project, evaluation_id)
    form = ScoresForm(request.POST, request.FILES)
    told: ImportedScores | None = None
    if form.is_valid():
        try:
            told = import_scores(
                project=access.project, actor=access.user, file=form.given, name=form.cleaned_data["name"]
            )
        except Invalid as error:
            form.add_error("scores", str(error.message))
    if told is None:
        return _page(request, access, run, form, {})
    if not told.refused:
        messages.success(request, _said(told))
        return redirect("difficulty-scores", access.project.slug, run.public_id)
    more = {
        "said": _said(told),
        "file": form.given.name,
        "refused": told.refused[:LINES_SHOWN],
        "n_refused": len(told.refused),
    }
    return _page(request, access, run, ScoresForm(), more)


def _said(told: ImportedScores) -> str:
    return ngettext(
        "%(n)s line was kept: %(new)s new, %(changed)s in place of another score, %(same)s there already.",
        "%(n)s lines were kept: %(new)s new, %(changed)s in place of another score, %(same)s there already.",
        told.n_kept,
    ) % {"n": told.n_kept, "new": told.n_new, "changed": told.n_changed, "same": told.n_same}


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def scores_compare(
    request: HttpRequest, access: Access, evaluation_id: UUID, scores_id: UUID
) -> HttpResponse:
    """Ask for a comparison."""
    run = run_of(access.project, evaluation_id)
    score_set = score_set_of(access.project, scores_id)
    ask_for_comparison(project=access.project, actor=access.user, run=run, score_set=score_set)
    messages.success(request, _("The comparison was asked for; it runs on the next free worker."))
    address = reverse("difficulty-scores", args=[access.project.slug, run.public_id])
    return redirect(f"{address}?scores={score_set.public_id}")


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def pairs_to_score(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponseBase:
    """Send the pairs of a benchmark as a table to fill in."""
    run = run_of(access.project, evaluation_id)
    rows = score_showing.pairs_to_score(run)
    return csv_answer(f"pairs-{run.public_id}.csv", score_showing.PAIR_COLUMNS, rows)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def scores_csv(
    request: HttpRequest, access: Access, evaluation_id: UUID, scores_id: UUID
) -> HttpResponseBase:
    """Send every figure of the latest comparison as CSV."""
    made = _made(access, evaluation_id, scores_id)
    rows = score_showing.comparison_rows(made)
    return csv_answer(f"scores-{made.public_id}.csv", score_showing.COLUMNS, rows)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def scores_tex(request: HttpRequest, access: Access, evaluation_id: UUID, scores_id: UUID) -> HttpResponse:
    """Send the tables of the latest comparison as LaTeX."""
    made = _made(access, evaluation_id, scores_id)
    comments = [f"Scores {made.score_set.name} beside benchmark {made.run.public_id}, seed {made.seed}."]
    text = latex_of(score_showing.comparison_tables(made, voters_of(made.run)), comments)
    return _file(f"scores-{made.public_id}.tex", text, "application/x-tex; charset=utf-8")


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def score_drawing(
    request: HttpRequest, access: Access, evaluation_id: UUID, scores_id: UUID, drawing: str, form: str
) -> HttpResponse:
    """Send a drawing of the latest comparison in one of its forms."""
    made = _made(access, evaluation_id, scores_id)
    found = ScoreDrawing.objects.filter(comparison=made, name=drawing).first()
    if found is None or form not in FORMS:
        raise Missing("drawing_missing", _("There is no such drawing."))
    content = getattr(found, form)
    return _file(f"{drawing}.{form}", content if isinstance(content, str) else bytes(content), FORMS[form])


def _made(access: Access, evaluation_id: UUID, scores_id: UUID) -> ScoreComparison:
    run = run_of(access.project, evaluation_id)
    made = score_showing.latest_comparison(run, score_set_of(access.project, scores_id))
    if made is None:
        raise Missing("comparison_missing", _("Nothing was compared with this benchmark yet."))
    return made


def _file(name: str, content: str | bytes, content_type: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
