"""Alignments of shipped models with the project's own captions: before and after, and a new one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.machine import AlignmentForm
from annotation.machine.aligning.showing import COLUMNS, alignment_of, alignments_of, figure_rows
from annotation.machine.ml_requests import ask_for_alignment
from annotation.machine.showing import asked, machine_page
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _page(request: HttpRequest, access: Access, form: AlignmentForm, status: int = 200) -> HttpResponse:
    context = machine_page(access, "alignment", form) | {"alignments": alignments_of(access.project)}
    return render(request, "annotation/machine/alignment.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def alignment(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the aligned models of the project."""
    return _page(request, access, AlignmentForm())


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_alignment(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new alignment."""
    form = AlignmentForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_alignment(
            project=access.project,
            actor=access.user,
            parameters=form.parameters,
            seed=form.cleaned_data["seed"],
        ),
    ):
        return _page(request, access, form, status=422)
    messages.success(request, _("The alignment was asked for; it runs on the next free model worker."))
    return redirect("difficulty-alignment", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def alignment_csv(request: HttpRequest, access: Access, alignment_id: UUID) -> HttpResponseBase:
    """Send the figures of an alignment before and after, with intervals and n, as CSV."""
    run = alignment_of(access.project, alignment_id)
    return csv_answer(f"alignment-{run.public_id}.csv", COLUMNS, figure_rows(run))
