"""Cleaning of captions: asking for it, what it did by step and reason, and taking it back."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import cleaning_of
from annotation.captions import cleaning_showing
from annotation.captions.cleaning import STEP_NAMES, ask_for_cleaning
from annotation.captions.cleaning_undoing import undo_cleaning, undo_item
from annotation.captions.history import Names
from annotation.forms.cleaning import CleaningForm
from annotation.machine.showing import asked
from annotation.models import CleaningItem, CleaningOutcome
from annotation.models.cleaning import STEPS
from polyannot.kernel.errors import Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from projects.views.jobs import progress_context

SEES_CLEANING = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)
CLEANINGS_A_PAGE = 25


def _page(request: HttpRequest, access: Access, form: CleaningForm) -> HttpResponse:
    found = cleaning_showing.cleanings_of(access.project)
    page = Paginator(found, CLEANINGS_A_PAGE).get_page(request.GET.get("page"))
    job = cleaning_showing.active_cleaning(access.project)
    context = (progress_context(access, job) if job is not None else {}) | {
        "tab": "captions",
        "form": form,
        "page": page,
        "rows": [cleaning_showing.shown_cleaning(cleaning) for cleaning in page.object_list],
        "may_clean": access.may_act_as(Role.HEAD, Role.ADMIN),
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "crumbs": [{"label": _("Captions"), "url": reverse("captions", args=[access.project.slug])}],
    }
    return render(request, "annotation/captions/cleaning.html", context, status=422 if form.errors else 200)


@require_safe
@project_view(*SEES_CLEANING)
def cleanings(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the cleanings so far, and what a new one would look at."""
    return _page(request, access, CleaningForm(project=access.project))


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def cleaning_run(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a cleaning."""
    form = CleaningForm(request.POST, project=access.project)
    if not asked(
        form, lambda: ask_for_cleaning(project=access.project, actor=access.user, parameters=form.parameters)
    ):
        return _page(request, access, form)
    messages.success(request, _("Asked for; a worker cleans the captions. All of it can be undone."))
    return redirect("captions-cleaning", access.project.slug)


@require_safe
@project_view(*SEES_CLEANING)
def cleaning_report(request: HttpRequest, access: Access, cleaning_id: UUID) -> HttpResponse:
    """Show what a cleaning did: counts by step, and the captions by outcome and step, before and after."""
    cleaning = cleaning_of(access, cleaning_id)
    shown = cleaning_showing.shown_cleaning(cleaning)
    outcome, step = request.GET.get("outcome", ""), request.GET.get("step", "")
    outcome = outcome if outcome in CleaningOutcome.values else ""
    step = step if step in STEP_NAMES else ""
    page, rows = cleaning_showing.captions_of(cleaning, outcome, step, request.GET.get("page", 1))
    slug = access.project.slug
    names = Names(access)
    context = {
        "cleaning": cleaning,
        "shown": shown,
        "asker": names.of(cleaning.job.asked_by),
        "undoer": names.of(cleaning.undone_by),
        "steps": cleaning_showing.step_rows(cleaning),
        "outcomes": [one for one in CleaningOutcome if one.value in shown.counts],
        "every_step": STEPS,
        "outcome": outcome,
        "step": step,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "rows": rows,
        "may_undo": access.may_act_as(Role.HEAD, Role.ADMIN) and cleaning.undone_at is None,
        "crumbs": [
            {"label": _("Captions"), "url": reverse("captions", args=[slug])},
            {"label": _("Cleaning"), "url": reverse("captions-cleaning", args=[slug])},
        ],
    }
    return render(request, "annotation/captions/cleaning_report.html", context)


@require_safe
@project_view(*SEES_CLEANING)
def cleaning_csv(request: HttpRequest, access: Access, cleaning_id: UUID) -> HttpResponseBase:
    """Send every caption that a cleaning touched, before and after, as CSV."""
    cleaning = cleaning_of(access, cleaning_id)
    rows = cleaning_showing.csv_rows(cleaning)
    return csv_answer(f"cleaning-{cleaning.job.public_id}.csv", cleaning_showing.COLUMNS, rows)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def cleaning_undo(request: HttpRequest, access: Access, cleaning_id: UUID) -> HttpResponse:
    """Take a whole cleaning back."""
    undone = undo_cleaning(cleaning=cleaning_of(access, cleaning_id), actor=access.user)
    messages.success(
        request,
        _("%(n)d taken back, %(kept)d kept because somebody works with them.")
        % {"n": undone.n_undone, "kept": undone.n_kept},
    )
    return redirect("captions-cleaning-report", access.project.slug, cleaning_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def cleaning_undo_caption(
    request: HttpRequest, access: Access, cleaning_id: UUID, caption_id: UUID
) -> HttpResponse:
    """Take back what a cleaning did to one caption."""
    cleaning = cleaning_of(access, cleaning_id)
    items = CleaningItem.objects.filter(cleaning=cleaning, caption__public_id=caption_id)
    if (item := items.first()) is None:
        raise Missing("caption_missing", _("The cleaning has not touched this caption."))
    undo_item(item=item, actor=access.user)
    messages.success(request, _("Taken back; later cleanings leave this caption as it is."))
    query = request.POST.get("query", "")
    address = reverse("captions-cleaning-report", args=[access.project.slug, cleaning_id])
    return redirect(f"{address}?{query}" if query else address)
