"""Generic captions: suggestions and decisions for head annotators, one question at a time for annotators."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from annotation.access import genericness_check_of, genericness_question_of
from annotation.captions.editing import content_hash
from annotation.forms.genericness import ChecksForm, SuspectForm
from annotation.models import GenericnessAnswer
from annotation.quality.genericness import (
    answer_question,
    decide_check,
    open_checks,
    open_questions,
    suspect,
    undo_decision,
    versions_of_text,
)
from annotation.quality.genericness_showing import (
    baseline,
    check_page,
    hubs_unchecked,
    n_removed,
    removed_by_difficulty,
)
from annotation.quality.hubs import KIND, encoder_in_use, request_hubs
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role


def _page(
    request: HttpRequest,
    access: Access,
    *,
    form: ChecksForm | None = None,
    suspected: SuspectForm | None = None,
) -> HttpResponse:
    """Answer with the page of checks; with the forms as they were refused."""
    is_decided = request.GET.get("show") == "decided"
    page, rows = check_page(access.project, request.GET.get("page"), is_decided=is_decided)
    context: dict[str, Any] = {
        "is_decided": is_decided,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "rows": rows,
        "baseline": (random_share := baseline(access.project)),
        "baseline_basis": _("%(interval)s, n = %(n)d answers")
        % {"interval": random_share.interval, "n": random_share.n}
        if random_share.n
        else _("no answers yet"),
        "may_decide": access.may_act_as(Role.HEAD),
        "removed": (removed := removed_by_difficulty(access.project)),
        "has_difficulty": any(row.all for row in removed),
        "n_removed": n_removed(access.project),
        "n_hubs": hubs_unchecked(access.project),
        "job": Job.objects.filter(project=access.project, kind=KIND).order_by("-pk").first(),
        "encoder": encoder_in_use(access.project),
        "form": form or ChecksForm(),
        "suspect_form": suspected or SuspectForm(),
        "is_refused": bool(form or suspected),
    }
    status = 422 if form or suspected else 200
    return render(request, "annotation/quality/genericness.html", context, status=status)


@require_GET
@project_view(Role.HEAD, Role.RESEARCHER)
def genericness(request: HttpRequest, access: Access) -> HttpResponse:
    """List the checks with their evidence, and what was removed."""
    return _page(request, access)


@require_POST
@project_view(Role.HEAD)
def genericness_suggest(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask the machine for hubs."""
    request_hubs(project=access.project, asked_by=access.user)
    return redirect("genericness", access.project.slug)


@require_POST
@project_view(Role.HEAD)
def genericness_open(request: HttpRequest, access: Access) -> HttpResponse:
    """Open checks of suggestions and of random captions."""
    form = ChecksForm(request.POST)
    if form.is_valid():
        try:
            found = open_checks(project=access.project, actor=access.user, **form.cleaned_data)
        except Invalid as error:
            form.add_error(None, str(error.message))
        else:
            told = ngettext("%(n)d caption is asked about.", "%(n)d captions are asked about.", len(found))
            messages.success(request, told % {"n": len(found)})
            return redirect("genericness", access.project.slug)
    return _page(request, access, form=form)


@require_POST
@project_view(Role.HEAD)
def genericness_suspect(request: HttpRequest, access: Access) -> HttpResponse:
    """Open a check of a caption that the person suspects."""
    form = SuspectForm(request.POST)
    if form.is_valid():
        found = versions_of_text(access.project, content_hash(form.cleaned_data["text"]))
        if found:
            suspect(version=found[0], actor=access.user)
            messages.success(request, _("The caption is shown with other images now."))
            return redirect("genericness", access.project.slug)
        form.add_error("text", _("No caption of this project reads so. Copy it from the caption's page."))
    return _page(request, access, suspected=form)


@require_POST
@project_view(Role.HEAD)
def genericness_decide(request: HttpRequest, access: Access, check_id: UUID) -> HttpResponse:
    """Remove the caption as too generic, or keep it."""
    check = genericness_check_of(access, check_id)
    is_removed = request.POST.get("decision") == "remove"
    decide_check(check=check, head=access.user, is_removed=is_removed, note=request.POST.get("note", ""))
    messages.success(request, _("Removed as too generic.") if is_removed else _("The caption stays."))
    return redirect("genericness", access.project.slug)


@require_POST
@project_view(Role.HEAD)
def genericness_undo(request: HttpRequest, access: Access, check_id: UUID) -> HttpResponse:
    """Take a decision back."""
    undo_decision(check=genericness_check_of(access, check_id), head=access.user)
    messages.success(request, _("Undone: the caption is where it was, and its check is open again."))
    return redirect("genericness", access.project.slug)


@require_GET
@project_view(Role.ANNOTATOR)
def fits_next(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the next question: does this caption fit this image?"""
    questions = open_questions(access.project, access.user)
    question = questions.select_related("check_row__version", "image").first()
    context = {
        "question": question,
        "n_left": questions.count(),
        "n_done": GenericnessAnswer.objects.filter(project=access.project, annotator=access.user).count(),
    }
    return render(request, "annotation/quality/fits.html", context)


@require_POST
@project_view(Role.ANNOTATOR)
def fits_answer(request: HttpRequest, access: Access, fits_question_id: UUID) -> HttpResponse:
    """Take an answer and go on to the next question."""
    question = genericness_question_of(access, fits_question_id)
    answer_question(question=question, annotator=access.user, fits=request.POST.get("fits", ""))
    return redirect("fits-next", access.project.slug)
