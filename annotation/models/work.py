"""The work of annotators: batches, assignments under a lease, judgments."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import Caption, CaptionVersion
from annotation.models.images import Image
from annotation.models.schemas import Guideline, LabelMeaning, LabelSchema
from projects.models import Project


class BatchPurpose(models.TextChoices):
    """Why a batch is annotated."""

    PRODUCTION = "production", _("Production")
    CALIBRATION = "calibration", _("Calibration: the same set to all")
    REANNOTATION = "reannotation", _("Re-annotation")
    IMPORTED = "imported", _("Judgments made elsewhere")


class BatchTakers(models.TextChoices):
    """Who may take the slots of a batch."""

    ANYONE = "anyone", _("Anyone")
    SAME = "same", _("Who judged the captions before")
    OTHERS = "others", _("Others than those who judged the captions before")


class ReannotationBasis(models.TextChoices):
    """Which captions a re-annotation batch asks about again."""

    NONE = "", "—"
    OLD_GUIDELINE = "guideline", _("Judged under an older version of the guidelines")
    RETURNED = "returned", _("Returned in review, and not answered")
    UNSURE = "unsure", _("Judged unsure")
    EDITED = "edited", _("Judged good after an edit")
    DISAGREED = "disagreed", _("Judged differently by different annotators")
    CHOSEN = "chosen", _("Captions that I name")


class Batch(models.Model):
    """A round of annotation: images, one label schema, one guideline version, how many annotators see each image.

    `overlap` is how many judgments a verdict needs; a production batch has so many slots an image. `basis` and
    `taken_by` say what a re-annotation batch asks again, and whom.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(_("name"), max_length=120)
    purpose = models.CharField(max_length=14, choices=BatchPurpose.choices, default=BatchPurpose.PRODUCTION)
    overlap = models.PositiveSmallIntegerField(_("annotators per image"), default=2)
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="batches")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="batches")
    seed = models.BigIntegerField(default=0)
    taken_by = models.CharField(max_length=6, choices=BatchTakers.choices, default=BatchTakers.ANYONE)
    basis = models.CharField(max_length=10, choices=ReannotationBasis.choices, blank=True, default="")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # When it was first seen that nothing of it waits for an annotator, or when it was closed before that.
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="batch_name_once"),
            models.UniqueConstraint(fields=["id", "project"], name="batch_of_project"),
            models.CheckConstraint(condition=Q(purpose__in=BatchPurpose.values), name="batch_purpose_known"),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="batch_overlap_positive"),
            models.CheckConstraint(condition=Q(taken_by__in=BatchTakers.values), name="batch_takers_known"),
            models.CheckConstraint(
                condition=Q(basis__in=ReannotationBasis.values), name="batch_reannotation_basis_known"
            ),
            models.CheckConstraint(
                condition=Q(purpose="reannotation") | Q(taken_by="anyone", basis=""),
                name="batch_asks_again_only_in_reannotation",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AssignmentState(models.TextChoices):
    """open -> leased -> done; leased -> open when given back or run out; leased -> skipped opens a new one."""

    OPEN = "open", _("Open")
    LEASED = "leased", _("In work")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")


class SkipReason(models.TextChoices):
    """Why an annotator passed over an image; not the same as unsure about a caption."""

    NONE = "", "—"
    CANNOT_SEE = "cannot_see", _("I cannot see the image properly")
    CANNOT_JUDGE = "cannot_judge", _("I do not know enough about what it shows")
    DISTURBING = "disturbing", _("It disturbs me")
    OTHER = "other", _("Something else")
    # Set by the acts that move work on, never chosen by an annotator.
    GIVEN_ON = "given_on", _("Given on half judged")


class Assignment(models.Model):
    """One image for one annotator slot of a batch: the unit of the queue.

    `version_ids` are the caption versions shown, in the order shown; a caption that is in no assignment was never
    shown. `order_seed` reproduces the order. `chosen_ids` are the versions that a slot of a re-annotation batch asks
    about; null stands for the first of the image's pool. `reserved_for` is whom the slot waits for; null is anyone.
    `lease_seconds` is how long a sign of work holds the lease, measured at the claim.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="assignments")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="assignments")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="assignments")
    slot = models.PositiveSmallIntegerField()
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=AssignmentState.choices, default=AssignmentState.OPEN)
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="assignments",
    )
    reserved_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    chosen_ids = ArrayField(models.BigIntegerField(), null=True)
    version_ids = ArrayField(models.BigIntegerField(), default=list)
    order_seed = models.BigIntegerField(null=True)
    lease_seconds = models.PositiveIntegerField(default=15 * 60)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    skip_reason = models.CharField(max_length=14, choices=SkipReason.choices, blank=True, default="")
    note = models.TextField(blank=True)
    is_gold = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "slot", "pk"]
        constraints = [
            # What a judgment repeats of its assignment is held to it by one composite foreign key.
            models.UniqueConstraint(
                fields=["id", "project", "batch", "image", "is_gold"], name="assignment_whole"
            ),
            models.UniqueConstraint(
                fields=["batch", "image", "slot"],
                condition=~Q(state="skipped") & Q(is_gold=False),
                name="assignment_slot_once",
            ),
            models.CheckConstraint(
                condition=Q(is_gold=False) | ~Q(state="open"), name="assignment_gold_never_waits"
            ),
            models.UniqueConstraint(
                fields=["batch", "image", "annotator"],
                condition=Q(annotator__isnull=False),
                name="assignment_annotator_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AssignmentState.values), name="assignment_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", annotator__isnull=True, lease_until__isnull=True)
                | Q(state="leased", annotator__isnull=False, lease_until__isnull=False)
                | Q(state__in=["done", "skipped"], annotator__isnull=False, finished_at__isnull=False),
                name="assignment_state_fits",
            ),
            models.CheckConstraint(
                condition=Q(skip_reason="") | Q(state="skipped"), name="assignment_skip_reason_when_skipped"
            ),
            models.CheckConstraint(
                condition=Q(reserved_for=None) | Q(annotator=None) | Q(annotator=F("reserved_for")),
                name="assignment_kept_for_whom_it_waits",
            ),
        ]
        indexes = [
            models.Index(
                fields=["batch", "position", "slot", "id"],
                condition=Q(state="open"),
                name="assignment_open_queue",
            ),
            # With the position, so that the last image that somebody finished is one look-up.
            models.Index(fields=["annotator", "batch", "state", "position"], name="assignment_of_annotator"),
            models.Index(
                fields=["annotator", "batch", "-finished_at"],
                condition=Q(state="done"),
                name="assignment_last_finished",
            ),
            # What is in hand is little, however much is done: held apart, it is found without looking at the rest.
            models.Index(
                fields=["batch", "annotator"], condition=Q(state="leased"), name="assignment_in_hand"
            ),
            models.Index(
                fields=["reserved_for"], condition=Q(reserved_for__isnull=False), name="assignment_reserved"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.image_id}/{self.slot}"


class JudgmentMode(models.TextChoices):
    """How a judgment was given; bulk acts stay out of agreement."""

    KEY = "key", _("Key")
    POINTER = "pointer", _("Pointer")
    REST_BAD = "rest_bad", _("Mark the rest bad")
    IMPORTED = "imported", _("Imported")


class JudgmentQuerySet(models.QuerySet["Judgment"]):
    """Named filters over judgments."""

    def last_words(self) -> Self:
        """Keep each annotator's last word on a version in a batch, undone ones left out, gold pairs with the rest."""
        return self.filter(is_current=True, label__isnull=False)

    def current(self) -> Self:
        """Keep the last words that say something about a pair: those on gold pairs say it about the annotator."""
        return self.last_words().filter(is_gold=False)

    def for_agreement(self) -> Self:
        """Keep the independent ratings: current, of a single version at a time, not revised after feedback."""
        return self.current().exclude(mode=JudgmentMode.REST_BAD).filter(is_revision=False)


class Judgment(models.Model):
    """One annotator's label of one caption version; never updated: undo and change add a row that supersedes.

    A row without a label is an undo. `meaning` is the label's; project, batch, image and `is_gold` are the
    assignment's; the caption is the version's: composite foreign keys hold them, and single ones, which would check the
    same again for every judgment, are left out. Gold judgments enter no verdict, agreement or forecast.
    `edited_version` is the repair proposed together with a good. `public_id` and `client_sequence` are made by the
    browser, so that a judgment sent twice counts once, in order.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, db_constraint=False, related_name="judgments"
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="judgments"
    )
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, db_constraint=False, related_name="judgments"
    )
    image = models.ForeignKey(Image, on_delete=models.PROTECT, db_constraint=False, related_name="judgments")
    caption = models.ForeignKey(
        Caption, on_delete=models.PROTECT, db_constraint=False, related_name="judgments"
    )
    version = models.ForeignKey(
        CaptionVersion, on_delete=models.PROTECT, db_constraint=False, related_name="judgments"
    )
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="judgments"
    )
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, db_index=False, related_name="+")
    guideline = models.ForeignKey(
        Guideline, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    label = models.CharField(max_length=40, null=True)  # noqa: DJ001  null is an undo, never an empty label
    meaning = models.CharField(max_length=8, choices=LabelMeaning.choices, null=True)  # noqa: DJ001  as the label
    edited_version = models.ForeignKey(
        CaptionVersion, on_delete=models.PROTECT, null=True, db_constraint=False, related_name="+"
    )
    note = models.TextField(blank=True)
    mode = models.CharField(max_length=10, choices=JudgmentMode.choices)
    is_revision = models.BooleanField(default=False)
    is_gold = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    shown_position = models.PositiveSmallIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(default=0)
    client_sequence = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, db_constraint=False, related_name="superseded_by"
    )
    is_current = models.BooleanField(default=True)

    objects = JudgmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="judgment_of_project"),
            models.UniqueConstraint(
                fields=["annotator", "version", "batch"],
                condition=Q(is_current=True),
                name="judgment_current_once",
            ),
            models.CheckConstraint(condition=Q(mode__in=JudgmentMode.values), name="judgment_mode_known"),
            models.CheckConstraint(
                condition=Q(label__isnull=True, meaning__isnull=True)
                | Q(label__isnull=False, meaning__isnull=False),
                name="judgment_label_means_something",
            ),
            models.CheckConstraint(
                condition=Q(label__isnull=False) | Q(supersedes__isnull=False, edited_version__isnull=True),
                name="judgment_undo_supersedes",
            ),
            models.CheckConstraint(
                condition=Q(supersedes=None) | ~Q(supersedes=F("id")), name="judgment_supersedes_another"
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "version"], condition=Q(is_current=True), name="judgment_by_version"
            ),
            models.Index(fields=["annotator", "-id"], name="judgment_by_annotator"),
            models.Index(fields=["batch", "image"], condition=Q(is_current=True), name="judgment_by_batch"),
            # Judgments arrive in the order of their ids: a block range index of a few kilobytes finds the last days.
            BrinIndex(fields=["received_at"], autosummarize=True, name="judgment_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.label}"
