"""Recruiting: the link, the codes, what a platform knows of its people."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from studies.access import study_of
from studies.models import PlatformIdentity, Recruiting, Study
from studies.taking.identities import erase_identities, identities_csv
from studies.taking.inviting import MOST_AT_ONCE, call_back_unused, links_of, make_links
from studies.taking.platforms import entry_query, platform_of
from studies.taking.submissions import Reconciled, read_submissions, take_submissions
from studies.views.frames import study_page
from studies.views.visits import LINK_PARAMETER

LINKS_A_PAGE = 100
LINK_STATES = {
    "unused": gettext_lazy("Not used"),
    "begun": gettext_lazy("Begun"),
    "finished": gettext_lazy("Finished"),
    "used": gettext_lazy("Used"),
}


def entry_link(request: HttpRequest, study: Study) -> str:
    """Return the link for participants, with the platform's gaps where one recruits."""
    return request.build_absolute_uri(reverse("survey-door", args=[study.slug])) + entry_query(study)


def _back(study: Study) -> HttpResponse:
    return redirect("study-recruiting", study.project.slug, study.public_id)


@require_safe
@project_view(Role.RESEARCHER)
def study_recruiting(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show how people come in and go back; a draft has no link yet."""
    study = study_of(access, study_id)
    if study.is_draft:
        return redirect("study-edit", access.project.slug, study.public_id)
    codes = [
        (_("Went through to the end"), study.completion_code),
        (_("Declined"), study.declined_code),
        (_("Found no place"), study.screened_out_code),
        (_("Left out by a declared rule"), study.attention_code or study.completion_code),
    ]
    context: dict[str, Any] = {
        "link": entry_link(request, study),
        "codes": codes if study.completion_code else [],
        "has_platform": platform_of(study) is not None,
        "has_links": study.recruiting == Recruiting.LINKS,
        "link_counts": _link_counts(study),
        "most_links": MOST_AT_ONCE,
        "n_identities": PlatformIdentity.objects.filter(participant__study=study).count(),
    }
    return study_page(request, study, "recruiting", **context)


def _link_counts(study: Study) -> list[tuple[str | Promise, int]]:
    found = Counter(link.state for link in links_of(study))
    return [(label, found[state]) for state, label in LINK_STATES.items() if found[state]]


@require_POST
@project_view(Role.RESEARCHER)
def study_platform_ids(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Give out the platform's ids with state and code, for paying people."""
    study = study_of(access, study_id)
    response = HttpResponse(
        identities_csv(study=study, actor=access.user), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="platform-ids-{study.slug}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@project_view(Role.RESEARCHER)
def study_platform_erase(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Erase the platform's ids of a closed study."""
    study = study_of(access, study_id)
    try:
        count = erase_identities(study=study, actor=access.user)
        told = ngettext("%(n)d platform id was erased.", "%(n)d platform ids were erased.", count)
        messages.success(request, told % {"n": count})
    except Conflict as refusal:
        messages.error(request, str(refusal.message))
    return _back(study)


@require_POST
@project_view(Role.RESEARCHER)
def study_submissions(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Take the platform's table of submissions; places of people who gave up there go to others."""
    study = study_of(access, study_id)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise Invalid("submissions_missing", _("Choose the file first."))
        states = read_submissions(upload.read())
        told = take_submissions(study=study, states=states, actor=access.user)
        messages.success(request, _told(told))
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
    return _back(study)


@require_safe
@project_view(Role.RESEARCHER)
def study_links(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """List the single-use links by number with their states; the links themselves are not kept."""
    study = study_of(access, study_id)
    if study.is_draft:
        return redirect("study-edit", access.project.slug, study.public_id)
    page = Paginator(links_of(study), LINKS_A_PAGE).get_page(request.GET.get("page"))
    rows = [(link, LINK_STATES[link.state]) for link in page]
    return study_page(request, study, "links", page=page, rows=rows)


@require_POST
@project_view(Role.RESEARCHER)
def study_links_make(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponseBase:
    """Make links and give them out as CSV, this once."""
    study = study_of(access, study_id)
    asked = request.POST.get("count", "")
    count = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    try:
        links = make_links(study=study, count=count, actor=access.user)
    except (Conflict, Invalid) as refusal:
        messages.error(request, str(refusal.message))
        return _back(study)
    door = request.build_absolute_uri(reverse("survey-door", args=[study.slug]))
    rows = [(link.number, f"{door}?{LINK_PARAMETER}={link.secret}") for link in links]
    response = csv_answer(f"links-{study.slug}.csv", ("number", "link"), rows)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@project_view(Role.RESEARCHER)
def study_links_call_back(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Make the links that nobody has opened worthless."""
    study = study_of(access, study_id)
    count = call_back_unused(study=study, actor=access.user)
    told = ngettext("%(n)d unused link was called back.", "%(n)d unused links were called back.", count)
    messages.success(request, told % {"n": count})
    return _back(study)


def _told(found: Reconciled) -> str:
    return _(
        "People in the table: %(people)d. Places freed: %(freed)d. Handed in there, not finished here: %(open)d. "
        "Finished here, given up there: %(returned)d. Never came here: %(unknown)d."
    ) % {
        "people": found.people,
        "freed": found.freed,
        "open": found.handed_in_unfinished,
        "returned": found.finished_yet_returned,
        "unknown": found.unknown,
    }
