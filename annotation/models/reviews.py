"""The head annotator's work: review rounds, adjudications, reports of single pairs."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import Caption, CaptionVersion
from annotation.models.images import Image
from annotation.models.schemas import LabelMeaning, LabelSchema
from annotation.models.work import Batch, Judgment
from projects.models import Project


class ReviewDraw(models.TextChoices):
    """How judgments came into a round; error rates come from the random share alone."""

    RANDOM = "random", _("Random share")
    FILTER = "filter", _("Filter")


class ReviewFilter(models.TextChoices):
    """What a filtered round looks at."""

    NONE = "", _("All")
    UNSURE = "unsure", _("Unsure")
    EDITED = "edited", _("Edited")
    DISAGREED = "disagreed", _("Annotators differ")
    FAST = "fast", _("Unusually fast")


class ReviewRound(models.Model):
    """A set of judgments that a head annotator looks through."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="review_rounds")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="review_rounds")
    draw = models.CharField(max_length=6, choices=ReviewDraw.choices)
    share = models.FloatField(default=1.0)
    filter = models.CharField(max_length=10, choices=ReviewFilter.choices, blank=True, default="")
    seed = models.BigIntegerField(default=0)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="review_round_of_project"),
            models.CheckConstraint(condition=Q(draw__in=ReviewDraw.values), name="review_draw_known"),
            models.CheckConstraint(condition=Q(filter__in=ReviewFilter.values), name="review_filter_known"),
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=1), name="review_share_range"),
        ]

    def __str__(self) -> str:
        return f"{self.batch} {self.get_draw_display()}"


class ReviewState(models.TextChoices):
    """waiting -> accepted, fixed or returned; returned -> revised; revised -> accepted, fixed or returned."""

    WAITING = "waiting", _("Waits for review")
    ACCEPTED = "accepted", _("Accepted")
    FIXED = "fixed", _("Accepted with own fix")
    RETURNED = "returned", _("Returned")
    REVISED = "revised", _("Revised, waits for review")


class ReviewItem(models.Model):
    """One judgment under review; a revision is a new judgment, `reply` is the annotator's word on the comment."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="review_items")
    round = models.ForeignKey(ReviewRound, on_delete=models.PROTECT, related_name="items")
    judgment = models.ForeignKey(Judgment, on_delete=models.PROTECT, related_name="review_items")
    revision = models.ForeignKey(Judgment, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.WAITING)
    comment = models.TextField(blank=True)
    guideline_section = models.CharField(max_length=120, blank=True)
    reply = models.TextField(blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    revised_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["judgment"], name="review_item_once"),
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="review_state_known"),
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(reviewer__isnull=False, decided_at__isnull=False),
                name="review_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | ~Q(comment=""), name="review_returned_with_comment"
            ),
            models.CheckConstraint(
                condition=~Q(state="revised") | Q(revision__isnull=False), name="review_revised_has_revision"
            ),
        ]
        indexes = [models.Index(fields=["project", "state"], name="review_item_by_state")]

    def __str__(self) -> str:
        return f"{self.judgment_id} {self.state}"


class Adjudication(models.Model):
    """A head annotator's final label of one version in one set of labels; a later one supersedes.

    `meaning` is the label's, held to it by a composite foreign key.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="adjudications")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="adjudications")
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=40)
    meaning = models.CharField(max_length=8, choices=LabelMeaning.choices)
    note = models.TextField(blank=True)
    adjudicator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    is_current = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "schema"], condition=Q(is_current=True), name="adjudication_current_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.label}"


class ReportKind(models.TextChoices):
    """Why a pair was reported."""

    OFFENSIVE = "offensive", _("Offensive")
    PRIVATE = "private", _("Shows or names somebody who should not be")
    LEGAL = "legal", _("Legal doubt")
    BROKEN = "broken", _("Broken image or text")
    WRONG_LANGUAGE = "wrong_language", _("Wrong language")


class ReportState(models.TextChoices):
    """open -> upheld (taken down) or dismissed (back in the pool)."""

    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Taken down")
    DISMISSED = "dismissed", _("Back in the pool")


class PairReport(models.Model):
    """A caption taken out of circulation at once by somebody who saw it; a head annotator decides."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="pair_reports")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="reports")
    caption = models.ForeignKey(Caption, on_delete=models.PROTECT, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=14, choices=ReportKind.choices)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.OPEN)
    made_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["caption"], condition=Q(state="open"), name="report_open_once"),
            models.CheckConstraint(condition=Q(kind__in=ReportKind.values), name="report_kind_known"),
            models.CheckConstraint(condition=Q(state__in=ReportState.values), name="report_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", decided_by=None, decided_at=None)
                | Q(state__in=["upheld", "dismissed"], decided_by__isnull=False, decided_at__isnull=False),
                name="report_decided_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.caption_id} {self.kind}"
