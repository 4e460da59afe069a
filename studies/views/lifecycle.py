"""What a researcher does to a study: launch, pause, close, extend, copy, try, pilot."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import View, project_view
from projects.models import Role
from studies.access import study_of
from studies.drafting.approving import approvals_of, approve_study, fingerprint_of, needs_approval, set_policy
from studies.drafting.building import copy_study, title_of_copy
from studies.drafting.launching import (
    close_study,
    extend_study,
    label_of,
    launch_study,
    note_deviation,
    pause_study,
    resume_study,
)
from studies.drafting.piloting import delete_pilot, run_pilot
from studies.drafting.sheets import sheet_of
from studies.drafting.trying import begin_test_run, delete_test_runs
from studies.job_kinds import ask_for_results
from studies.models import Study
from studies.views.frames import study_page
from studies.views.visits import keep_secret, personal_address


def _to(name: str, study: Study) -> HttpResponse:
    return redirect(name, study.project.slug, study.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.RESEARCHER)
def study_launch(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """List what is missing; launch when nothing is."""
    study = study_of(access, study_id)
    if request.method == "POST":
        try:
            launch_study(study=study, actor=access.user)
            return _to("study", study)
        except Invalid as refusal:
            messages.error(request, str(refusal.message))
    if not study.is_draft:
        return _to("study", study)
    sheet = sheet_of(study)
    missing = [(name, label_of(name)) for name in sheet.ready.missing_fields]
    fingerprint = fingerprint_of(study, sheet.choice)
    context: dict[str, Any] = {
        "sheet": sheet,
        "missing": missing,
        "needs_approval": needs_approval(study.project),
        "fingerprint": fingerprint,
        "approvals": approvals_of(study, fingerprint),
        "n_tests": study.participants.filter(is_test=True).count(),
    }
    return study_page(request, study, "launch", status=422 if request.method == "POST" else 200, **context)


def _act(name: str, act: Callable[..., object]) -> View:
    """Return the view of an act that needs nothing but the study."""

    def view(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
        study = study_of(access, study_id)
        act(study=study, actor=access.user)
        return _to("study", study)

    view.__name__ = name
    return require_POST(project_view(Role.RESEARCHER)(view))


study_pause = _act("study_pause", pause_study)
study_resume = _act("study_resume", resume_study)
study_close = _act("study_close", close_study)


@require_POST
@project_view(Role.RESEARCHER)
def study_extend(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Ask for another number of participants; a reason is needed and logged."""
    study = study_of(access, study_id)
    asked = request.POST.get("participants", "")
    try:
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 0
        extend_study(study=study, participants=number, why=request.POST.get("why", ""), actor=access.user)
        messages.success(request, _("Changed and logged as a deviation."))
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
    return _to("study", study)


@require_POST
@project_view(Role.RESEARCHER)
def study_deviation(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Log a departure from what was declared."""
    study = study_of(access, study_id)
    try:
        note_deviation(study=study, text=request.POST.get("text", ""), actor=access.user)
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
    return _to("study-declared", study)


@require_POST
@project_view(Role.RESEARCHER)
def study_copy(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Make a draft with the same design, consent and texts."""
    study = study_of(access, study_id)
    copy = copy_study(study=study, title=title_of_copy(study), actor=access.user)
    return _to("study-edit", copy)


@require_POST
@project_view(Role.RESEARCHER)
def study_pilot(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Simulate participants over the draft and compute the results page from them."""
    study = study_of(access, study_id)
    try:
        run_pilot(study=study, actor=access.user)
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
        return _to("study-launch", study)
    ask_for_results(study=study, actor=access.user)
    return _to("study-results", study)


@require_POST
@project_view(Role.RESEARCHER)
def study_pilot_delete(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Delete the simulated participants and what was computed from them."""
    study = study_of(access, study_id)
    delete_pilot(study=study, actor=access.user)
    messages.success(request, _("The pilot was deleted with all that was computed from it."))
    return _to("study-launch" if study.is_draft else "study", study)


@require_POST
@project_view(Role.RESEARCHER)
def study_try(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Go through the study as a test run, which counts nowhere."""
    study = study_of(access, study_id)
    try:
        secret = begin_test_run(study=study, actor=access.user)
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
        return _to("study-launch", study)
    return keep_secret(redirect("survey", study.slug), study, secret)


@require_POST
@project_view(Role.RESEARCHER)
def study_test_link(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Make the link of a test run for a co-author, and show it this once."""
    study = study_of(access, study_id)
    try:
        secret = begin_test_run(study=study, actor=access.user)
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
        return _to("study-launch", study)
    response = study_page(request, study, "test-link", link=personal_address(request, study, secret))
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@project_view(Role.RESEARCHER)
def study_tests_delete(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Delete all test runs with their answers."""
    study = study_of(access, study_id)
    count = delete_test_runs(study=study, actor=access.user)
    told = ngettext("%(n)d test run was deleted.", "%(n)d test runs were deleted.", count)
    messages.success(request, told % {"n": count})
    return _to("study-launch" if study.is_draft else "study", study)


@require_POST
@project_view(Role.RESEARCHER)
def study_approve(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Approve a draft as it was read."""
    study = study_of(access, study_id)
    approve_study(study=study, fingerprint=request.POST.get("fingerprint", "")[:64], actor=access.user)
    messages.success(request, _("Approved as it stands; any change needs a new approval."))
    return _to("study-launch", study)


@require_POST
@project_view(Role.ADMIN)
def study_policy(request: HttpRequest, access: Access) -> HttpResponse:
    """Decide whether a second person must approve studies of this project before launch."""
    wanted = request.POST.get("needs_approval") == "yes"
    set_policy(project=access.project, needs_approval=wanted, actor=access.user)
    return redirect("studies", access.project.slug)
