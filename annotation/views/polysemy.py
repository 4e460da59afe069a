"""The project beside a reference corpus: polysemy by radius, densities, cosines by difficulty."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.polysemy import PolysemyForm
from annotation.machine import reports
from annotation.machine.corpora import polysemy as beside
from annotation.machine.corpora.neighbours import corpora
from annotation.machine.drawings import drawings_of
from annotation.machine.showing import asked, machine_page
from annotation.models import MachineReport
from polyannot.kernel.errors import Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _report(request: HttpRequest, access: Access) -> MachineReport | None:
    return reports.report_of(access.project, beside.KIND, request.GET.get("report", ""))


def _page(request: HttpRequest, access: Access, form: PolysemyForm, status: int = 200) -> HttpResponse:
    report = _report(request, access)
    context = machine_page(access, beside.KIND, form) | {
        "shown": beside.shown_polysemy(report) if report else None,
        "drawings": drawings_of(access.project, report.job) if report else [],
        "reports": reports.reports_of(access.project, beside.KIND),
        "corpora": corpora(),
    }
    return render(request, "annotation/machine/polysemy.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def polysemy(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a report: the latest, or the one that the address names."""
    return _page(request, access, PolysemyForm())


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_polysemy(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new report."""
    form = PolysemyForm(request.POST)
    if not asked(
        form,
        lambda: beside.ask_for_polysemy(
            project=access.project, actor=access.user, parameters=form.cleaned_data
        ),
    ):
        return _page(request, access, form, status=422)
    messages.success(request, _("Asked for; it runs on the next free model worker."))
    return redirect("polysemy", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def polysemy_csv(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Give out every figure of a report."""
    report = _report(request, access)
    if report is None:
        raise Missing("report_missing", _("There is no such report in this project."))
    return csv_answer(f"{access.project.slug}-polysemy.csv", beside.CSV_COLUMNS, beside.figure_rows(report))
