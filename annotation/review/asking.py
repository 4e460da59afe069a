"""Questions: an annotator asks about a pair, a head annotator answers, the answer is read beside the pair.

States and who moves them are in docs/algorithms/questions.md; the table's constraints hold them.
"""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, CaptionVersion, Question
from annotation.models.questions import QuestionState
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event, append_events
from projects.models import Project

LONGEST_QUESTION = 2000
LONGEST_ANSWER = 4000


def ask_question(*, assignment: Assignment, version: CaptionVersion, asker: User, text: str) -> Question:
    """Ask the head annotators about a caption that the asker is shown; asking again while it is open adds to it.

    Raises Denied for an image in other hands, Invalid without words or for a caption that is not shown.
    """
    text = many_lines(text)[:LONGEST_QUESTION]
    if not text:
        raise Invalid("question_needed", _("Write what you want to know; nothing was sent."))
    if assignment.annotator_id != asker.pk:
        raise Denied("assignment_of_another", _("This image is in somebody else's hands; nothing was sent."))
    if version.pk not in assignment.version_ids:
        raise Invalid("caption_not_shown", _("This caption is not part of the image that you work on."))
    try:
        with transaction.atomic():
            return _ask(assignment, version, asker, text)
    except IntegrityError:
        # The same question from another tab came first: add to it.
        with transaction.atomic():
            return _ask(assignment, version, asker, text)


def _ask(assignment: Assignment, version: CaptionVersion, asker: User, text: str) -> Question:
    known = Question.objects.select_for_update(no_key=True, of=("self",)).filter(
        asker=asker, version=version, state=QuestionState.OPEN
    )
    if (open_one := known.first()) is not None:
        if text not in open_one.text:
            open_one.text = f"{open_one.text}\n\n{text}"[: 2 * LONGEST_QUESTION]
            open_one.save(update_fields=["text"])
            append_event(actor=asker, act="question_extended", row=open_one, fields=["text"])
        return open_one
    question = Question.objects.create(
        project_id=assignment.project_id,
        batch_id=assignment.batch_id,
        image_id=assignment.image_id,
        caption_id=version.caption_id,
        version=version,
        asker=asker,
        reader=asker,
        text=text,
    )
    append_event(actor=asker, act="question_asked", row=question)
    return question


def answer_question(*, question: Question, head: User, answer: str, seen: str | None = None) -> Question:
    """Answer a question, or give a better answer; its reader finds it on the page of feedback.

    The same answer again changes nothing. `seen` is the answer that the head annotator had before their eyes, empty
    where there was none. Raises Invalid without words, Denied for one's own question, Conflict when it was withdrawn or
    somebody else has given an answer other than the one seen.
    """
    answer = many_lines(answer)[:LONGEST_ANSWER]
    if not answer:
        raise Invalid("answer_needed", _("Write an answer; nothing was sent."))
    with transaction.atomic():
        locked = Question.objects.select_for_update(no_key=True, of=("self",)).get(pk=question.pk)
        if locked.asker_id == head.pk:
            raise Denied("own_question", _("Somebody else has to answer your own question."))
        if locked.state == QuestionState.WITHDRAWN:
            raise Conflict("question_withdrawn", _("The annotator has withdrawn this question meanwhile."))
        if locked.answer == answer:
            return locked
        if seen is not None and locked.answer != many_lines(seen) and locked.answered_by_id != head.pk:
            raise Conflict(
                "answered_meanwhile",
                _(
                    "Somebody else has answered meanwhile; their answer stands. Read it, then send yours again."
                ),
            )
        locked.state = QuestionState.ANSWERED
        locked.answer = answer
        locked.answered_by = head
        locked.answered_at = timezone.now()
        locked.seen_at = None
        locked.save(update_fields=["state", "answer", "answered_by", "answered_at", "seen_at"])
        append_event(actor=head, act="question_answered", row=locked, fields=["state", "answer"])
    return locked


def withdraw_question(*, question: Question, asker: User) -> None:
    """Take one's own open question back; twice is harmless. Raises Denied, Conflict once it is answered."""
    with transaction.atomic():
        locked = Question.objects.select_for_update(no_key=True, of=("self",)).get(pk=question.pk)
        if locked.asker_id != asker.pk:
            raise Denied("question_of_another", _("Only who asked can withdraw a question."))
        if locked.state == QuestionState.WITHDRAWN:
            return
        if locked.state != QuestionState.OPEN:
            raise Conflict("question_answered", _("The question has been answered; the answer is below."))
        locked.state = QuestionState.WITHDRAWN
        locked.withdrawn_at = timezone.now()
        locked.save(update_fields=["state", "withdrawn_at"])
        append_event(actor=asker, act="question_withdrawn", row=locked, fields=["state"])


def answers_for(*, project: Project, reader: User) -> QuerySet[Question]:
    """Return the answered questions whose answers this person gets, the newest answer first."""
    return (
        Question.objects.filter(project=project, reader=reader, state=QuestionState.ANSWERED)
        .select_related("version", "image", "precedent", "answered_by")
        .order_by("-answered_at", "-pk")
    )


def mark_answers_seen(*, project: Project, reader: User) -> int:
    """Note that the reader has the answers before their eyes; return how many were new."""
    with transaction.atomic():
        new = list(
            Question.objects.select_for_update(no_key=True, of=("self",)).filter(
                project=project, reader=reader, state=QuestionState.ANSWERED, seen_at=None
            )
        )
        Question.objects.filter(pk__in=[question.pk for question in new]).update(seen_at=timezone.now())
        append_events(actor=reader, act="answer_seen", rows=new, fields=["seen_at"])
    return len(new)
