"""Demo talk: questions of annotators, the answer of a head annotator, and the precedent made of it."""

from accounts.models import User
from annotation.models import Assignment, Batch, CaptionVersion, Question
from annotation.review.asking import answer_question, ask_question
from annotation.review.ruling import Ruling, make_precedent

ANSWERED = "It is beautiful, but it names nothing that I can point at. Does a mood count as a fit?"
ANSWER = "Yes, when the photograph carries the mood and nothing in the caption is wrong."
RULING = Ruling(
    title="A mood may be enough",
    ruling="A caption that names no object is good when the photograph carries its mood and contradicts nothing in it.",
    guideline_section="Good",
)
WAITING = "The caption gives a number that I can only estimate. Good, or unsure?"


def play_talk(*, batch: Batch, asker: User, other: User, head: User) -> None:
    """Have one question answered and made a precedent, and one wait; playing again changes nothing."""
    if Question.objects.filter(project=batch.project_id).exists():
        return
    first, waiting = _last_image(batch, asker), _last_image(batch, other)
    if first is None or waiting is None:
        return
    version = CaptionVersion.objects.get(pk=first.version_ids[0])
    question = ask_question(assignment=first, version=version, asker=asker, text=ANSWERED)
    answer_question(question=question, head=head, answer=ANSWER)
    make_precedent(version=version, head=head, given=RULING, question=question)
    about = CaptionVersion.objects.get(pk=waiting.version_ids[-1])
    ask_question(assignment=waiting, version=about, asker=other, text=WAITING)


def _last_image(batch: Batch, annotator: User) -> Assignment | None:
    images = Assignment.objects.filter(batch=batch, annotator=annotator).exclude(version_ids=[])
    return images.order_by("-started_at").first()
