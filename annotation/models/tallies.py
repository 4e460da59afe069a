"""What pages of a large project read instead of counting: the state of each image and of each judged version.

Written by annotation/progress/tallying.py alone. Triggers note in `TallyDue` every image whose rows changed, in the
same transaction; a tally is recomputed from the rows themselves (docs/decisions/0006-tallies-are-stored.md).
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import CaptionVersion
from annotation.models.images import Image
from projects.models import Project


class Verdict(models.TextChoices):
    """The states of a version, each distinct: never shown is not judged bad."""

    GOOD = "good", _("Good")
    BAD = "bad", _("Bad")
    UNDECIDED = "undecided", _("Undecided")
    INCOMPLETE = "incomplete", _("Waits for more judgments")
    NOT_JUDGED = "not_judged", _("Not judged")
    NOT_RELEASABLE = "rejected", _("Edit not accepted")
    REPLACED = "replaced", _("Replaced by a later text")


class ImageTally(models.Model):
    """The counts of one image as they were when it was last settled.

    Captions: `n_pool` in the pool, each in one of six states: `n_unseen` never shown, `n_shown` without a judgment,
    `n_waiting` for more judgments or for a decision on an edit, `n_undecided`, `n_bad`, `n_good`. Beside them
    `n_judged` by anybody; `n_ever_shown` and `n_ever_judged` whether in the pool or not. Slots of annotators:
    `n_slots_open` (open or in work, in open batches), `n_slots_done`.
    """

    image = models.OneToOneField(Image, on_delete=models.CASCADE, primary_key=True, related_name="tally")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    n_pool = models.PositiveIntegerField(default=0)
    n_judged = models.PositiveIntegerField(default=0)
    n_unseen = models.PositiveIntegerField(default=0)
    n_shown = models.PositiveIntegerField(default=0)
    n_waiting = models.PositiveIntegerField(default=0)
    n_undecided = models.PositiveIntegerField(default=0)
    n_bad = models.PositiveIntegerField(default=0)
    n_good = models.PositiveIntegerField(default=0)
    n_ever_shown = models.PositiveIntegerField(default=0)
    n_ever_judged = models.PositiveIntegerField(default=0)
    n_slots_open = models.PositiveIntegerField(default=0)
    n_slots_done = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(n_good__lte=models.F("n_pool"), n_judged__lte=models.F("n_pool")),
                name="image_tally_within_pool",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    n_pool=models.F("n_unseen")
                    + models.F("n_shown")
                    + models.F("n_waiting")
                    + models.F("n_undecided")
                    + models.F("n_bad")
                    + models.F("n_good")
                ),
                name="image_tally_one_state_a_caption",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id}: {self.n_good} of {self.n_pool}"


class VersionTally(models.Model):
    """The verdict on a version that somebody judged, adjudicated or proposed; others are not judged."""

    version = models.OneToOneField(
        CaptionVersion, on_delete=models.CASCADE, primary_key=True, related_name="tally"
    )
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    is_adjudicated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=Verdict.values), name="version_tally_verdict_known"
            )
        ]
        indexes = [models.Index(fields=["project", "verdict"], name="version_tally_by_verdict")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.verdict}"


class TallyDue(models.Model):
    """A note that an image's rows have changed since; one for each change, so that none is overlooked."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    image = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["project", "image"], name="tally_due")]

    def __str__(self) -> str:
        return str(self.image_id)
