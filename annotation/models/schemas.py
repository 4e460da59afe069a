"""What annotators are asked: guidelines and labels, both versioned by being append-only."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models import Project


class Guideline(models.Model):
    """A version of a project's guidelines in Markdown; each judgment stores the version it was made under."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="guidelines")
    number = models.PositiveIntegerField()
    text = models.TextField(_("guidelines"))
    change_note = models.CharField(_("what changed"), max_length=300, blank=True)
    is_major = models.BooleanField(_("judgments made before may need another look"), default=False)
    published_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="guideline_number_once"),
            models.UniqueConstraint(fields=["id", "project"], name="guideline_of_project"),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class MeasurementLevel(models.TextChoices):
    """How far apart labels are: which coefficients make sense."""

    NOMINAL = "nominal", _("Nominal")
    ORDINAL = "ordinal", _("Ordinal")
    INTERVAL = "interval", _("Interval")


class LabelSchemaQuerySet(models.QuerySet["LabelSchema"]):
    """Named filters over sets of labels."""

    def offered(self) -> Self:
        """Keep the sets that a new batch may use."""
        return self.filter(retired_at=None)


class LabelSchema(models.Model):
    """A set of labels; a project may have several, a batch uses one.

    One that `compares_paraphrases` is asked of paraphrases alone, each beside its original.

    Once a batch uses it, its level and its labels' keys, meanings and order never change (a trigger refuses).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="label_schemas")
    name = models.CharField(max_length=80)
    level = models.CharField(
        max_length=10, choices=MeasurementLevel.choices, default=MeasurementLevel.NOMINAL
    )
    allows_edits = models.BooleanField(default=True)
    compares_paraphrases = models.BooleanField(default=False)
    description = models.TextField(blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    objects = LabelSchemaQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="label_schema_name_once"),
            models.UniqueConstraint(fields=["id", "project"], name="label_schema_of_project"),
            models.CheckConstraint(
                condition=Q(level__in=MeasurementLevel.values), name="label_schema_level_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LabelMeaning(models.TextChoices):
    """What a label does to the verdict: only good can be released, only bad can be a negative."""

    GOOD = "good", _("Good")
    BAD = "bad", _("Bad")
    UNSURE = "unsure", _("Unsure")
    NEUTRAL = "neutral", _("Neutral")


class LabelColor(models.TextChoices):
    """The colours that a label may have: names of tokens, each readable in light and dark."""

    GOOD = "good", _("Green")
    BAD = "bad", _("Red")
    UNSURE = "unsure", _("Amber")
    BLUE = "blue", _("Blue")
    VIOLET = "violet", _("Violet")
    TEAL = "teal", _("Teal")
    ROSE = "rose", _("Rose")
    PLAIN = "plain", _("Grey")


class Label(models.Model):
    """One answer of a schema: its key in the data, its name on the page, its key on the keyboard.

    `description` says when it is the right answer: the anchor sentence of a grade.
    """

    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="labels")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    shortcut = models.CharField(max_length=1)
    position = models.PositiveSmallIntegerField()
    meaning = models.CharField(max_length=8, choices=LabelMeaning.choices, default=LabelMeaning.NEUTRAL)
    color = models.CharField(max_length=8, choices=LabelColor.choices, default=LabelColor.PLAIN)
    description = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["schema", "key"], name="label_key_once"),
            models.UniqueConstraint(fields=["schema", "key", "meaning"], name="label_means_one_thing"),
            models.UniqueConstraint(
                fields=["schema", "shortcut"],
                name="label_shortcut_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["schema", "position"], name="label_position_once"),
            models.CheckConstraint(condition=Q(meaning__in=LabelMeaning.values), name="label_meaning_known"),
            models.CheckConstraint(condition=Q(color__in=LabelColor.values), name="label_color_known"),
            models.CheckConstraint(
                condition=Q(key__regex=r"^[a-z0-9_]+$", shortcut__regex=r"^[a-z0-9]$"),
                name="label_keys_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name
