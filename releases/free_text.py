"""What people wrote while they worked: notes, reasons, comments, questions. In a release only when asked for.

What is taken and what never is: docs/algorithms/releases.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from annotation.models import (
    Adjudication,
    Assignment,
    CaptionVersion,
    DropReason,
    ImageState,
    Judgment,
    Precedent,
    Question,
    ReviewItem,
    VersionState,
)
from annotation.models.questions import QuestionState
from projects.models import Project


class TextKind(TextChoices):
    """Where a text was written."""

    NOTE = "note", _("Note beside a judgment")
    SKIP_NOTE = "skip_note", _("Note on an image that was skipped")
    REVERT_REASON = "revert_reason", _("Reason for going back to an earlier text")
    COMMENT = "review_comment", _("Comment of a review")
    REPLY = "review_reply", _("Reply to a comment")
    FINAL_NOTE = "final_label_note", _("Note on a final label")
    QUESTION = "question", _("Question about a pair")
    ANSWER = "answer", _("Answer to a question")
    PRECEDENT = "precedent", _("Precedent")


@dataclass(frozen=True, slots=True)
class FreeText:
    """One text: where it was written, about which version of a caption (None: the image), and by whom.

    `rater` is the account of an annotator; None for whoever reviews, answers and rules.
    """

    kind: TextKind
    text: str
    image: UUID
    version: UUID | None
    caption: int | None
    batch: int | None
    rater: int | None


@dataclass(frozen=True, slots=True)
class _Source:
    """Which rows hold texts of a kind; `version` is the way from a row to the version, None where there is none."""

    kind: TextKind
    rows: Callable[[Project], QuerySet[Any]]
    text: str
    writer: str
    version: str | None
    batch: str | None
    is_of_rater: bool = True


def _judgments(project: Project) -> QuerySet[Judgment]:
    return Judgment.objects.filter(project=project).current()


def _reviews(project: Project) -> QuerySet[ReviewItem]:
    return ReviewItem.objects.filter(project=project)


def _questions(project: Project) -> QuerySet[Question]:
    return Question.objects.filter(project=project).exclude(state=QuestionState.WITHDRAWN)


SOURCES = (
    _Source(TextKind.NOTE, _judgments, "note", "annotator", "version__", "batch"),
    _Source(
        TextKind.SKIP_NOTE,
        lambda project: Assignment.objects.filter(project=project),
        "note",
        "annotator",
        None,
        "batch",
    ),
    _Source(
        TextKind.REVERT_REASON,
        lambda project: CaptionVersion.objects.filter(project=project).exclude(state=VersionState.WITHDRAWN),
        "reason",
        "author",
        "",
        None,
    ),
    _Source(
        TextKind.COMMENT,
        _reviews,
        "comment",
        "reviewer",
        "judgment__version__",
        "round__batch",
        is_of_rater=False,
    ),
    _Source(TextKind.REPLY, _reviews, "reply", "judgment__annotator", "judgment__version__", "round__batch"),
    _Source(
        TextKind.FINAL_NOTE,
        lambda project: Adjudication.objects.filter(project=project, is_current=True),
        "note",
        "adjudicator",
        "version__",
        None,
        is_of_rater=False,
    ),
    _Source(TextKind.QUESTION, _questions, "text", "asker", "version__", "batch"),
    _Source(TextKind.ANSWER, _questions, "answer", "answered_by", "version__", "batch", is_of_rater=False),
    _Source(
        TextKind.PRECEDENT,
        lambda project: Precedent.objects.in_force().filter(project=project),
        "ruling",
        "made_by",
        "version__",
        None,
        is_of_rater=False,
    ),
)


def free_texts(project: Project) -> Iterator[FreeText]:
    """Yield what people wrote, by kind and in the order of writing.

    Texts about what was taken down or is out of the work, and texts of people whose account was erased, stay here.
    """
    for source in SOURCES:
        yield from _texts(project, source)


def _texts(project: Project, source: _Source) -> Iterator[FreeText]:
    way = source.version
    image = "image" if way is None else f"{way}image"
    fields = [source.text, f"{source.writer}_id", f"{image}__public_id", f"{source.batch or 'project'}_id"]
    kept = Q(**{f"{source.writer}__erased_at": None, f"{image}__state": ImageState.ACTIVE})
    rows = source.rows(project).filter(kept).exclude(**{source.text: ""})
    if way is not None:
        fields += [f"{way}public_id", f"{way}caption_id"]
        rows = rows.exclude(**{f"{way}caption__drop_reason": DropReason.TAKEN_DOWN})
    for text, writer, image_id, batch, *of in rows.order_by("pk").values_list(*fields):
        yield FreeText(
            kind=source.kind,
            text=text,
            image=image_id,
            version=of[0] if of else None,
            caption=of[1] if of else None,
            batch=batch if source.batch else None,
            rater=writer if source.is_of_rater else None,
        )
