"""The difficulty of true pairs: the levels of a vote, who voted, the pairs themselves, and a new vote."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.machine import DifficultyForm
from annotation.machine.difficulty import calibration_showing
from annotation.machine.difficulty import showing as difficulty_showing
from annotation.machine.drawings import drawings_of
from annotation.machine.ml_requests import ask_for_calibration, ask_for_difficulty
from annotation.machine.showing import asked, machine_page
from annotation.models import DifficultyLevel
from polyannot.kernel.errors import Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _chosen_run(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("run", ""))
    except ValueError:
        return None


def _page(request: HttpRequest, access: Access, form: DifficultyForm, status: int = 200) -> HttpResponse:
    run = difficulty_showing.run_of(access.project, _chosen_run(request))
    context = machine_page(access, "difficulty", form)
    context["calibration"] = calibration_showing.shown_calibration(access.project)
    if run is not None:
        level = request.GET.get("level", "")
        level = level if level in DifficultyLevel.values else DifficultyLevel.HARD.value
        page, pairs = difficulty_showing.pairs_of(run, level, request.GET.get("page", 1))
        context |= {
            "overview": difficulty_showing.overview(run),
            "drawings": drawings_of(access.project, run.job),
            "runs": difficulty_showing.runs_of(access.project)[:20],
            "level": level,
            "page": page,
            "pairs": pairs,
        }
    return render(request, "annotation/machine/difficulty.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def difficulty(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a vote: the latest, or the one that the address names by its job."""
    return _page(request, access, DifficultyForm())


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_difficulty(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new vote."""
    form = DifficultyForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_difficulty(project=access.project, actor=access.user, parameters=form.parameters),
    ):
        return _page(request, access, form, status=422)
    messages.success(request, _("The vote was asked for; it runs on the next free model worker."))
    return redirect("difficulty", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_calibration(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for thresholds found on the project's own good pairs."""
    ask_for_calibration(project=access.project, actor=access.user, parameters={})
    messages.success(
        request, _("The calibration was asked for; vote again when it is done to use its thresholds.")
    )
    return redirect("difficulty", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def calibration_csv(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Give out the precision-recall curves of the last calibration."""
    shown = calibration_showing.shown_calibration(access.project)
    if shown is None:
        raise Missing("report_missing", _("Nothing was calibrated in this project yet."))
    rows = calibration_showing.curve_rows(shown.report)
    return csv_answer(f"{access.project.slug}-calibration.csv", calibration_showing.CSV_COLUMNS, rows)
