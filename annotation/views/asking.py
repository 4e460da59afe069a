"""Asking from the workspace: the question goes to the head annotators without leaving the image."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.access import assignment_of, batch_of, own_question_of, version_of
from annotation.forms.questions import AskForm
from annotation.models import Assignment, AssignmentState, Batch, CaptionVersion
from annotation.review.asking import ask_question, withdraw_question
from polyannot.kernel.errors import DomainError, Invalid
from polyannot.kernel.middleware import wants_json
from projects.access import Access
from projects.http import project_view
from projects.models import Role


@require_http_methods(["GET", "POST"])
@never_cache
@project_view(Role.ANNOTATOR)
def workspace_ask(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Take a question about a caption; without scripts, show the form for it first."""
    batch = batch_of(access, batch_id)
    form = AskForm(request.POST) if request.method == "POST" else AskForm(initial=request.GET.dict())
    named = request.POST or request.GET
    assignment, version = _pair(access, named.get("assignment", ""), named.get("version", ""))
    if request.method == "GET" or not form.is_valid():
        if request.method == "POST" and wants_json(request):
            raise Invalid("question_needed", str(next(iter(form.errors.values()))[0]))
        return _page(request, access, batch, version, form)
    try:
        ask_question(
            assignment=assignment, version=version, asker=access.user, text=form.cleaned_data["text"]
        )
    except DomainError as error:
        if wants_json(request) or error.status != 422:
            raise
        form.add_error(None, str(error.message))
        return _page(request, access, batch, version, form)
    return _asked(request, access, batch, assignment)


def _pair(access: Access, assignment: str, version: str) -> tuple[Assignment, CaptionVersion]:
    try:
        named = UUID(assignment), UUID(version)
    except ValueError as error:
        raise Invalid("question_malformed", _("Choose a caption of your image to ask about.")) from error
    return assignment_of(access, named[0]), version_of(access, named[1])


def _asked(request: HttpRequest, access: Access, batch: Batch, assignment: Assignment) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"state": "asked"})
    messages.success(request, _("Your question is with the head annotators. The answer comes to Feedback."))
    if assignment.state == AssignmentState.DONE:
        return redirect("workspace-image", access.project.slug, batch.public_id, assignment.public_id)
    return redirect("workspace", access.project.slug, batch.public_id)


def _page(
    request: HttpRequest, access: Access, batch: Batch, version: CaptionVersion, form: AskForm
) -> HttpResponse:
    context = {"form": form, "batch": batch, "version": version, "project": access.project}
    return render(request, "annotation/questions/ask.html", context, status=422 if form.errors else 200)


@require_POST
@project_view(Role.ANNOTATOR)
def question_withdraw(request: HttpRequest, access: Access, question_id: UUID) -> HttpResponse:
    """Take one's own open question back."""
    withdraw_question(question=own_question_of(access, question_id), asker=access.user)
    messages.success(request, _("Your question was withdrawn."))
    return redirect("feedback", access.project.slug)
