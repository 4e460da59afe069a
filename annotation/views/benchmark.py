"""The benchmark of encoders on the project's own captions: its tables, downloads, and a new one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.machine import EvaluationForm
from annotation.machine.drawings import drawings_of
from annotation.machine.evaluation import showing as evaluation_showing
from annotation.machine.evaluation.latex import latex_of
from annotation.machine.evaluation.tables import PAIRS_PART
from annotation.machine.ml_requests import ask_for_evaluation
from annotation.machine.showing import asked, machine_page
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _chosen_run(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("run", ""))
    except ValueError:
        return None


def _page(request: HttpRequest, access: Access, form: EvaluationForm, status: int = 200) -> HttpResponse:
    run = evaluation_showing.latest_run(access.project, _chosen_run(request))
    context = machine_page(access, "evaluation", form)
    if run is not None:
        parts = dict(evaluation_showing.PARTS)
        part = request.GET.get("part", "")
        part = part if part in parts else next(iter(parts))
        overview = evaluation_showing.overview(run)
        context |= {
            "overview": overview,
            "parts": evaluation_showing.PARTS,
            "part": part,
            "tables": [table for table in overview.tables if table.part == part],
            "drawings": drawings_of(access.project, run.job) if part == PAIRS_PART else [],
            "runs": evaluation_showing.runs_of(access.project)[:20],
            "published": [one for one in evaluation_showing.published_tables() if one.part == part],
        }
    return render(request, "annotation/machine/benchmark.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def benchmark(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a benchmark: the latest, or the one that the address names."""
    return _page(request, access, EvaluationForm())


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_benchmark(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new benchmark."""
    form = EvaluationForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_evaluation(project=access.project, actor=access.user, parameters=form.parameters),
    ):
        return _page(request, access, form, status=422)
    messages.success(request, _("The benchmark was asked for; it runs on the next free model worker."))
    return redirect("difficulty-benchmark", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def figures_csv(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponseBase:
    """Send every figure of a benchmark with its interval and n as CSV."""
    run = evaluation_showing.run_of(access.project, evaluation_id)
    rows = evaluation_showing.figure_rows(run)
    return csv_answer(f"benchmark-{run.public_id}.csv", evaluation_showing.COLUMNS, rows)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def tables_tex(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponse:
    """Send the tables of a benchmark as LaTeX."""
    run = evaluation_showing.run_of(access.project, evaluation_id)
    comments = [f"Benchmark {run.public_id} of {run.made_at:%Y-%m-%d}, seed {run.seed}."]
    text = latex_of(evaluation_showing.overview(run).tables, comments)
    answer = HttpResponse(text, content_type="application/x-tex; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="benchmark-{run.public_id}.tex"'
    return answer
