"""How much difficulty depends on who votes: drawn sets of models against one another and against the vote."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.robustness import RobustnessForm
from annotation.machine import reports
from annotation.machine.difficulty import robustness as robust
from annotation.machine.showing import asked, machine_page
from annotation.models import MachineReport
from polyannot.kernel.errors import Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _report(request: HttpRequest, access: Access) -> MachineReport | None:
    return reports.report_of(access.project, robust.KIND, request.GET.get("report", ""))


def _page(request: HttpRequest, access: Access, form: RobustnessForm, status: int = 200) -> HttpResponse:
    report = _report(request, access)
    context = machine_page(access, robust.KIND, form) | {
        "shown": robust.shown_robustness(report) if report else None,
        "reports": reports.reports_of(access.project, robust.KIND),
        "published": robust.PUBLISHED_RANGE,
        "published_models": robust.PUBLISHED_MODELS,
    }
    return render(request, "annotation/machine/robustness.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def robustness(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a report: the latest, or the one that the address names."""
    return _page(request, access, RobustnessForm())


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_robustness(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for new draws."""
    form = RobustnessForm(request.POST)
    if not asked(
        form,
        lambda: robust.ask_for_robustness(
            project=access.project, actor=access.user, parameters=form.parameters
        ),
    ):
        return _page(request, access, form, status=422)
    messages.success(request, _("The draws were asked for; they vote on the next free model worker."))
    return redirect("difficulty-robustness", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def robustness_csv(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Give out every kappa of a report."""
    report = _report(request, access)
    if report is None:
        raise Missing("report_missing", _("There is no such report in this project."))
    return csv_answer(f"{access.project.slug}-robustness.csv", robust.CSV_COLUMNS, robust.kappa_rows(report))
