"""The talk between annotators and head annotators: questions about a pair, and the precedents that answers become."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import Caption, CaptionVersion, EditKind
from annotation.models.images import Image
from annotation.models.work import Batch
from projects.models import Project


class QuestionState(models.TextChoices):
    """open -> answered or withdrawn; answered -> answered, with a better answer."""

    OPEN = "open", _("Waits for an answer")
    ANSWERED = "answered", _("Answered")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class QuestionQuerySet(models.QuerySet["Question"]):
    """Named filters over questions."""

    def waiting(self) -> Self:
        """Keep those that nobody has answered, the oldest first."""
        return self.filter(state=QuestionState.OPEN).order_by("asked_at", "pk")


class Question(models.Model):
    """What an annotator asks the head annotators about one pair.

    `asker` wrote it and stays its author. `reader` is who gets the answer: the asker, somebody who took over from them,
    or nobody any more. `seen_at` is when the reader had the answer before their eyes.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="questions")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="questions")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="questions")
    caption = models.ForeignKey(Caption, on_delete=models.PROTECT, related_name="questions")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="questions")
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="questions")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="answers_to_read"
    )
    text = models.TextField()
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=QuestionState.choices, default=QuestionState.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="question_of_project"),
            # One open question of a person about a pair: pressing send twice asks once.
            models.UniqueConstraint(
                fields=["asker", "version"], condition=Q(state="open"), name="question_open_once"
            ),
            models.CheckConstraint(condition=Q(state__in=QuestionState.values), name="question_state_known"),
            models.CheckConstraint(condition=~Q(text=""), name="question_not_empty"),
            models.CheckConstraint(
                condition=Q(answered_by=None) | ~Q(answered_by=F("asker")),
                name="question_answered_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state="answered", answered_by__isnull=False, answered_at__isnull=False)
                & ~Q(answer="")
                | Q(
                    state__in=["open", "withdrawn"],
                    answer="",
                    answered_by__isnull=True,
                    answered_at__isnull=True,
                    seen_at__isnull=True,
                ),
                name="question_answer_fits_state",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | ~Q(state="withdrawn") & Q(withdrawn_at__isnull=True),
                name="question_withdrawn_when",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "asked_at"], condition=Q(state="open"), name="question_waiting"),
            models.Index(fields=["reader", "project", "state"], name="question_of_reader"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class PrecedentQuerySet(models.QuerySet["Precedent"]):
    """Named filters over precedents."""

    def in_force(self) -> Self:
        """Keep those that were not retired."""
        return self.filter(retired_at=None)


class Precedent(models.Model):
    """A ruling on one pair that holds for similar ones, listed beside the guidelines; retired, never deleted.

    `kinds` are the kinds of edit that it speaks of, `words` the rare words of its caption: what makes another pair
    similar (docs/algorithms/questions.md).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="precedents")
    question = models.OneToOneField(Question, on_delete=models.PROTECT, null=True, related_name="precedent")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="precedents")
    caption = models.ForeignKey(Caption, on_delete=models.PROTECT, related_name="precedents")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="precedents")
    title = models.CharField(max_length=160)
    ruling = models.TextField()
    guideline_section = models.CharField(max_length=120, blank=True)
    kinds = ArrayField(models.CharField(max_length=12, choices=EditKind.choices), default=list, blank=True)
    words = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    content_hash = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = PrecedentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="precedent_of_project"),
            models.CheckConstraint(condition=~Q(title=""), name="precedent_has_title"),
            models.CheckConstraint(condition=~Q(ruling=""), name="precedent_has_ruling"),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retired_by__isnull=True)
                | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="precedent_retired_by_someone",
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "-id"], condition=Q(retired_at__isnull=True), name="precedent_in_force"
            )
        ]

    def __str__(self) -> str:
        return self.title
