"""The workspace: one image, its captions, the annotator's answers."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.access import assignment_of, batch_of, version_of
from annotation.api.desks import desk_as_json
from annotation.api.judgments import take_judgments
from annotation.forms.annotate import FinishForm, JudgeForm, ReportForm, SkipForm
from annotation.forms.questions import AskForm
from annotation.models import Assignment, AssignmentState, Batch, EditKind
from annotation.rules.taking_examples import examples_of
from annotation.working.assigning import (
    claim_ahead,
    claim_assignment,
    finish_assignment,
    renew_lease,
    skip_assignment,
)
from annotation.working.judging import record_judgment
from annotation.working.moving_on import move_on
from annotation.working.own_batches import last_sequence, previous_images
from annotation.working.queueing import peek_image
from annotation.working.reporting import report_pair
from annotation.working.showing import BLANK, blank_desk, desk_of
from polyannot.kernel.errors import Denied, Invalid
from polyannot.kernel.markdown import render_markdown
from polyannot.kernel.middleware import wants_json
from projects.access import Access
from projects.http import project_view
from projects.models import Role

# What may be asked of somebody before they claim; the page of onboarding says what to do.
ASKED_FIRST = frozenset({"onboarding_needed", "guidelines_unread"})
PAGE, DESK = "annotation/workspace.html", "annotation/workspace/desk.html"


def _asked_caption(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("caption", ""))
    except ValueError:
        return None


def desk_context(
    request: HttpRequest, access: Access, assignment: Assignment | None, batch: Batch
) -> dict[str, Any]:
    """Return what the workspace's template needs; without an assignment it says that nothing is left."""
    context: dict[str, Any] = {
        "batch": batch,
        "project": access.project,
        "annotator": access.user,
        "previous": previous_images(batch=batch, annotator=access.user),
        "edit_kinds": EditKind.choices,
    }
    if assignment is None:
        return context | {"desk": None}
    return context | {
        "desk": desk_of(assignment=assignment, annotator=access.user, active=_asked_caption(request)),
        "ask_form": AskForm(initial={"assignment": assignment.public_id}, auto_id="ask-%s"),
        "skip_form": SkipForm(initial={"assignment": assignment.public_id}, auto_id="skip-%s"),
        "report_form": ReportForm(initial={"assignment": assignment.public_id}, auto_id="report-%s"),
    }


def _page(request: HttpRequest, access: Access, assignment: Assignment | None, batch: Batch) -> HttpResponse:
    context = desk_context(request, access, assignment, batch)
    context["guideline_html"] = render_markdown(batch.guideline.text, heading_shift=2)
    context["examples"] = examples_of(access.project, batch.schema)
    context["blank"] = {"desk": blank_desk(batch), "ids": BLANK}
    return render(request, PAGE, context)


def _form_error(form: Any) -> Invalid:
    first = next(iter(form.errors.values()))[0]
    return Invalid("form_incomplete", str(first))


@require_GET
@never_cache
@project_view(Role.ANNOTATOR)
def workspace(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Show the image that the annotator works on, claiming the next one when they hold none."""
    batch = batch_of(access, batch_id)
    assignment = None
    if batch.closed_at is None:
        try:
            assignment = claim_assignment(batch=batch, annotator=access.user)
        except Denied as refusal:
            if refusal.code in ASKED_FIRST:
                return redirect("onboarding", access.project.slug)
            raise
    return _page(request, access, assignment, batch)


@require_GET
@never_cache
@project_view(Role.ANNOTATOR)
def workspace_image(
    request: HttpRequest, access: Access, batch_id: UUID, assignment_id: UUID
) -> HttpResponse:
    """Show one of the annotator's own images again; its answers may be changed while the batch is open."""
    batch = batch_of(access, batch_id)
    assignment = assignment_of(access, assignment_id)
    if assignment.batch_id != batch.pk or assignment.state == AssignmentState.SKIPPED:
        return redirect("workspace", access.project.slug, batch.public_id)
    if assignment.state == AssignmentState.LEASED:
        renew_lease(assignment)
    return _page(request, access, assignment, batch)


@require_POST
@project_view(Role.ANNOTATOR)
def judge(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Take one judgment from a form and go on to the next caption."""
    batch = batch_of(access, batch_id)
    form = JudgeForm(request.POST)
    if not form.is_valid():
        raise _form_error(form)
    assignment = assignment_of(access, form.cleaned_data["assignment"])
    given = form.given(last_sequence(batch=batch, annotator=access.user))
    record_judgment(assignment=assignment, annotator=access.user, given=given)
    if assignment.state == AssignmentState.DONE:
        return redirect("workspace-image", access.project.slug, batch.public_id, assignment.public_id)
    return redirect("workspace", access.project.slug, batch.public_id)


@require_POST
@project_view(Role.ANNOTATOR)
def judgments(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Take a list of judgments from the browser's outbox; each is answered by itself."""
    try:
        return JsonResponse(take_judgments(access=access, batch=batch_id, body=request.body))
    except Invalid:
        # A list that cannot be read names no row: whether the batch is theirs is looked up here.
        batch_of(access, batch_id)
        raise


@require_POST
@project_view(Role.ANNOTATOR)
def finish(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Hand the image in and open the next one."""
    form = FinishForm(request.POST)
    if not form.is_valid():
        batch_of(access, batch_id)
        raise _form_error(form)
    if form.cleaned_data["lays_desks"] and wants_json(request):
        desk = move_on(access=access, batch=batch_id, assignment=form.cleaned_data["assignment"])
        if desk is not None:
            return JsonResponse({"desk": desk_as_json(desk)})
    batch = batch_of(access, batch_id)
    assignment = assignment_of(access, form.cleaned_data["assignment"])
    finish_assignment(assignment=assignment, annotator=access.user)
    return _onward(request, access, batch)


@require_POST
@project_view(Role.ANNOTATOR)
def skip(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Pass over the image and open the next one; skipping twice skips once."""
    batch = batch_of(access, batch_id)
    form = SkipForm(request.POST)
    if not form.is_valid():
        raise _form_error(form)
    assignment = assignment_of(access, form.cleaned_data["assignment"])
    if assignment.state != AssignmentState.SKIPPED:
        skip_assignment(
            assignment=assignment,
            annotator=access.user,
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
        )
    return _onward(request, access, batch)


def _onward(request: HttpRequest, access: Access, batch: Batch) -> HttpResponse:
    """Answer a script with the next image as HTML, a form with the way to it."""
    if not wants_json(request):
        return redirect("workspace", access.project.slug, batch.public_id)
    assignment = None
    if batch.closed_at is None:
        assignment = claim_assignment(batch=batch, annotator=access.user)
    get_token(request)
    html = render_to_string(DESK, desk_context(request, access, assignment, batch), request)
    return JsonResponse({"html": html})


@require_POST
@project_view(Role.ANNOTATOR)
def report(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Take a reported pair out of circulation."""
    batch = batch_of(access, batch_id)
    form = ReportForm(request.POST)
    if not form.is_valid():
        raise _form_error(form)
    assignment = assignment_of(access, form.cleaned_data["assignment"])
    version = version_of(access, form.cleaned_data["version"])
    if version.pk not in assignment.version_ids:
        raise Invalid("caption_not_shown", _("This caption is not part of the image that you work on."))
    report_pair(
        caption=version.caption,
        reporter=access.user,
        kind=form.cleaned_data["kind"],
        text=form.cleaned_data["text"],
    )
    if wants_json(request):
        return JsonResponse({"state": "reported"})
    return redirect("workspace", access.project.slug, batch.public_id)


@require_POST
@never_cache
@project_view(Role.ANNOTATOR)
def ahead(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Claim the image after the one in hand and send its desk, so that it can be shown without waiting.

    Where nothing is claimed ahead, say which picture probably comes next.
    """
    batch = batch_of(access, batch_id)
    form = FinishForm(request.POST)
    if not form.is_valid():
        raise _form_error(form)
    beside = assignment_of(access, form.cleaned_data["assignment"])
    following = None
    with suppress(Denied):
        following = claim_ahead(batch=batch, annotator=access.user, beside=beside)
    image = following.image if following else peek_image(batch=batch, annotator=access.user)
    url = reverse("image-file", args=[access.project.slug, image.public_id, "display"]) if image else ""
    if following is None:
        return JsonResponse({"image": url, "html": ""})
    get_token(request)
    context = desk_context(request, access, following, batch)
    context["previous"] = [beside, *context["previous"]]
    return JsonResponse({"image": url, "html": render_to_string(DESK, context, request)})
