"""Feedback: what a head annotator sent back, answered beside the pair; and answers to one's own questions."""

import uuid
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.access import review_item_of
from annotation.forms.annotate import ReviseForm
from annotation.models import Question, ReviewItem
from annotation.models.reviews import ReviewState
from annotation.review.asking import answers_for, mark_answers_seen
from annotation.review.revising import mark_feedback_seen, revise_judgment
from annotation.working.own_batches import last_sequence
from polyannot.kernel.errors import DomainError
from projects.access import Access
from projects.http import project_view
from projects.models import Role

# How many answered items the page still shows below those that wait.
MOST_ANSWERED = 20


def _own_items(access: Access) -> QuerySet[ReviewItem]:
    return ReviewItem.objects.filter(project=access.project, judgment__annotator=access.user).select_related(
        "judgment__version",
        "judgment__image",
        "judgment__edited_version",
        "judgment__batch__schema",
        "revision",
    )


def _form(item: ReviewItem, posted: Any = None) -> ReviseForm:
    judgment = item.judgment
    edited = judgment.edited_version
    return ReviseForm(
        posted,
        labels=list(judgment.batch.schema.labels.all()),
        base_text=judgment.version.text,
        auto_id=f"item-{item.public_id}-%s",
        initial={
            "sent_id": uuid.uuid4(),
            "label": judgment.label,
            "edited_text": edited.text if edited else judgment.version.text,
            "kinds": edited.kinds if edited else [],
        },
    )


def _page(request: HttpRequest, access: Access, refused: dict[int, ReviseForm], status: int) -> HttpResponse:
    waiting = list(_own_items(access).filter(state=ReviewState.RETURNED))
    answered = _own_items(access).filter(revised_at__isnull=False).exclude(state=ReviewState.RETURNED)
    context = {
        "rows": [{"item": item, "form": refused.get(item.pk) or _form(item)} for item in waiting],
        "answered": answered.order_by("-revised_at")[:MOST_ANSWERED],
        "answers": answers_for(project=access.project, reader=access.user)[:MOST_ANSWERED],
        "asked": Question.objects.filter(project=access.project, asker=access.user)
        .waiting()
        .select_related("version", "image"),
    }
    return render(request, "annotation/feedback.html", context, status=status)


@require_GET
@never_cache
@project_view(Role.ANNOTATOR)
def feedback(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the judgments and answers that came back to the person, and note that they have seen them."""
    answer = _page(request, access, {}, 200)
    mark_feedback_seen(project=access.project, annotator=access.user)
    mark_answers_seen(project=access.project, reader=access.user)
    return answer


@require_POST
@project_view(Role.ANNOTATOR)
def revise(request: HttpRequest, access: Access, item_id: UUID) -> HttpResponse:
    """Take the answer to one returned judgment; what was written is shown again when it is refused."""
    item = review_item_of(access, item_id)
    form = _form(item, request.POST)
    if not form.is_valid():
        return _page(request, access, {item.pk: form}, 422)
    judgment = item.judgment
    last = last_sequence(batch=judgment.batch, annotator=access.user)
    try:
        revise_judgment(
            item=item,
            annotator=access.user,
            given=form.given(version_public_id=judgment.version.public_id, last_sequence=last),
            reply=form.cleaned_data["reply"],
        )
    except DomainError as error:
        if error.status != 422:
            raise
        form.add_error(None, str(error.message))
        return _page(request, access, {item.pk: form}, 422)
    messages.success(request, _("Your answer is with the head annotator."))
    return redirect("feedback", access.project.slug)
