"""Leakage: the images of a project that a corpus holds too, side by side, and putting a finding aside."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import leak_of, leakage_of
from annotation.captions.history import Names
from annotation.forms.pools import LeakageForm, SearchForm
from annotation.machine.corpora import leakage, leakage_showing
from annotation.machine.corpora.neighbours import search_of
from annotation.machine.showing import asked
from annotation.models import LeakCheck
from annotation.views.pools import pools_page
from annotation.views.serving import FOR_EVER
from polyannot.kernel.errors import Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role
from projects.storage import open_stored

SEES_LEAKAGE = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def leakage_run(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Ask for a search for leakage in the corpus of a finished search."""
    search = search_of(access.project, str(job_id))
    form = LeakageForm(request.POST)

    def ask() -> Job:
        parameters = {**form.cleaned_data, "search": str(search.public_id)}
        return leakage.ask_for_leakage(project=access.project, actor=access.user, parameters=parameters)

    if not asked(form, ask):
        return pools_page(request, access, SearchForm(), leakage_form=form, search_id=str(job_id))
    messages.success(request, _("Asked for; a model worker compares the pictures."))
    return redirect("pools", access.project.slug)


@require_safe
@project_view(*SEES_LEAKAGE)
def leakage_report(request: HttpRequest, access: Access, leakage_id: UUID) -> HttpResponse:
    """Show the pairs of a search for leakage, the image of the project beside the row of the corpus."""
    cleaning = leakage_of(access, leakage_id)
    check = request.GET.get("check", "")
    check = check if check in LeakCheck.values else ""
    page, rows = leakage_showing.pairs_of(cleaning, check, request.GET.get("page", 1))
    slug = access.project.slug
    names = Names(access)
    context = {
        "cleaning": cleaning,
        "shown": leakage_showing.shown_leakage(cleaning),
        "asker": names.of(cleaning.job.asked_by),
        "undoer": names.of(cleaning.undone_by),
        "checks": LeakCheck,
        "check": check,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "rows": rows,
        "may_undo": access.may_act_as(Role.HEAD, Role.ADMIN) and cleaning.undone_at is None,
        "crumbs": [{"label": _("Corpora"), "url": reverse("pools", args=[slug])}],
    }
    return render(request, "annotation/leakage.html", context)


@require_safe
@project_view(*SEES_LEAKAGE)
def leakage_csv(request: HttpRequest, access: Access, leakage_id: UUID) -> HttpResponseBase:
    """Send every pair of a search for leakage as CSV."""
    cleaning = leakage_of(access, leakage_id)
    rows = leakage_showing.csv_rows(cleaning)
    return csv_answer(f"leakage-{cleaning.job.public_id}.csv", leakage_showing.COLUMNS, rows)


@require_safe
@project_view(*SEES_LEAKAGE)
def leakage_picture(request: HttpRequest, access: Access, leak_id: UUID) -> HttpResponseBase:
    """Send the small copy of a corpus picture."""
    leak = leak_of(access, leak_id)
    if leak.picture is None:
        raise Missing("leak_picture_missing", _("The corpus has no picture of this row."))
    response = FileResponse(open_stored(leak.picture), content_type=leak.picture.media_type)
    response.headers["Cache-Control"] = FOR_EVER
    return response


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def leakage_dismiss(request: HttpRequest, access: Access, leak_id: UUID) -> HttpResponse:
    """Say that a pair is not one picture."""
    leak = leakage.dismiss_leak(leak=leak_of(access, leak_id), actor=access.user)
    messages.success(request, _("Put aside; captions that had left the pool for this pair are in it again."))
    return redirect("leakage-report", access.project.slug, leak.cleaning.job.public_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def leakage_undo(request: HttpRequest, access: Access, leakage_id: UUID) -> HttpResponse:
    """Put a whole search for leakage aside."""
    undone = leakage.undo_leakage(cleaning=leakage_of(access, leakage_id), actor=access.user)
    messages.success(
        request, _("%(n)d captions are in the pools again, and no image is flagged.") % {"n": undone.n_undone}
    )
    return redirect("leakage-report", access.project.slug, leakage_id)
