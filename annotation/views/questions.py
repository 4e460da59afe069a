"""Questions as head annotators see them: open ones first, by age; an answer, and the precedent that it may become."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import question_of
from annotation.forms.questions import AnswerForm, PrecedentForm
from annotation.models import Question
from annotation.models.questions import QuestionState
from annotation.review.asking import answer_question
from annotation.review.review_showing import headings
from annotation.review.ruling import make_precedent
from polyannot.kernel.errors import DomainError
from projects.access import Access
from projects.http import project_view
from projects.models import Role

PER_PAGE = 30
LONGEST_FIRST_TITLE = 80


@require_GET
@never_cache
@project_view(Role.HEAD)
def questions(request: HttpRequest, access: Access) -> HttpResponse:
    """List the questions: those that wait, the oldest first, or those that are answered, the newest first."""
    tab = "answered" if request.GET.get("show") == "answered" else "open"
    asked = Question.objects.filter(project=access.project).select_related(
        "version", "image", "asker", "batch"
    )
    rows = (
        asked.waiting()
        if tab == "open"
        else asked.filter(state=QuestionState.ANSWERED).select_related("precedent").order_by("-answered_at")
    )
    paginator = Paginator(rows, PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "tab": tab,
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number),
        "n_open": asked.waiting().count(),
        "crumbs": [{"label": _("Review"), "url": reverse("review-home", args=[access.project.slug])}],
    }
    return render(request, "annotation/questions/list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@project_view(Role.HEAD)
def question(request: HttpRequest, access: Access, question_id: UUID) -> HttpResponse:
    """Show a question beside its pair, and take the answer to it."""
    row = question_of(access, question_id)
    form = AnswerForm(request.POST if request.method == "POST" else None, initial={"answer": row.answer})
    if not form.is_valid():
        return _page(request, access, row, answer_form=form, status=422 if form.errors else 200)
    try:
        answer = form.cleaned_data["answer"]
        answer_question(question=row, head=access.user, answer=answer, seen=request.POST.get("seen"))
    except DomainError as error:
        row.refresh_from_db()
        form.add_error(None, str(error.message))
        return _page(request, access, row, answer_form=form, status=error.status)
    messages.success(request, _("Answered; the annotator finds it under Feedback."))
    return redirect("question", access.project.slug, row.public_id)


@require_POST
@project_view(Role.HEAD)
def question_precedent(request: HttpRequest, access: Access, question_id: UUID) -> HttpResponse:
    """Make a precedent of an answered question."""
    row = question_of(access, question_id)
    form = PrecedentForm(request.POST, sections=_sections(access))
    if not form.is_valid():
        return _page(request, access, row, precedent_form=form, status=422)
    make_precedent(version=row.version, head=access.user, given=form.given(), question=row)
    messages.success(request, _("The precedent stands beside the guidelines."))
    return redirect("precedents", access.project.slug)


def _sections(access: Access) -> list[str]:
    return headings(access.project.guidelines.order_by("-number").first())


def _page(
    request: HttpRequest, access: Access, row: Question, *, status: int = 200, **forms: Any
) -> HttpResponse:
    """Show the question; a form of a precedent once it is answered and has none."""
    context: dict[str, Any] = {
        "question": row,
        "precedent": getattr(row, "precedent", None),
        "answer_form": AnswerForm(initial={"answer": row.answer}),
        "crumbs": [
            {"label": _("Review"), "url": reverse("review-home", args=[access.project.slug])},
            {"label": _("Questions"), "url": reverse("questions", args=[access.project.slug])},
        ],
    }
    if row.state == QuestionState.ANSWERED and context["precedent"] is None:
        first = {
            "ruling": row.answer,
            "title": row.answer.split("\n")[0].split(". ")[0][:LONGEST_FIRST_TITLE],
        }
        context["precedent_form"] = PrecedentForm(initial=first, sections=_sections(access))
    return render(request, "annotation/questions/question.html", context | forms, status=status)
