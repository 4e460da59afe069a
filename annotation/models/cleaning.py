"""Cleaning of candidate captions: what a run did to each caption that it touched, so that all of it can be undone."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import Caption, CaptionVersion
from projects.models import Job, Project


class CleaningStep(models.TextChoices):
    """What takes a caption out: the steps in their order (IMP C.3; docs/algorithms/cleaning.md), and leakage (C.6)."""

    PLACEHOLDERS = "placeholders", _("Placeholders of persons")
    ENCODING = "encoding", _("Broken characters")
    HTML = "html", _("Markup")
    SITE_NAMES = "site_names", _("Names of sites")
    HASHTAGS = "hashtags", _("Hashtags")
    LINKS = "links", _("Web addresses")
    SPACES = "spaces", _("Spaces")
    LANGUAGE = "language", _("Another language")
    REPETITION = "repetition", _("Repeated words")
    PARTS_OF_SPEECH = "parts_of_speech", _("No noun, verb or adjective")
    TOO_SHORT = "too_short", _("Too few words")
    NEAR_DUPLICATES = "near_duplicates", _("Says what another says")
    # No step of cleaning: what a search for leakage takes out is kept and undone in the same way.
    LEAKAGE = "leakage", _("Leakage")


STEPS = tuple(step for step in CleaningStep if step != CleaningStep.LEAKAGE)


class Cleaning(models.Model):
    """One run over a project: how many captions it looked at, and how many of them were of the cleaned `sources`.

    The others took part in near-duplicates alone. Its parameters and its time are those of its job. A search for
    leakage is one too, with the corpus as its source.
    """

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="cleaning")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cleanings")
    sources = ArrayField(models.CharField(max_length=120), default=list)
    n_given = models.PositiveIntegerField()
    n_cleaned = models.PositiveIntegerField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="cleaning_of_project"),
            models.CheckConstraint(
                condition=Q(n_cleaned__lte=models.F("n_given")), name="cleaning_within_given"
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="cleaning_undone_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"cleaning {self.job_id}"


class CleaningOutcome(models.TextChoices):
    """changed, dropped, or held (it would have been either); changed or dropped -> undone, changed -> kept."""

    DROPPED = "dropped", _("Dropped")
    CHANGED = "changed", _("Repaired")
    HELD = "held", _("In use, left as it is")
    UNDONE = "undone", _("Taken back")
    KEPT = "kept", _("In use by now, not taken back")


class CleaningHold(models.TextChoices):
    """Why a caption was left as it is, or why its repaired text outlived the undo."""

    NONE = "", "—"
    JUDGED = "judged", _("somebody has judged it")
    GIVEN = "given", _("it was given to somebody in a batch")
    EDITED = "edited", _("it has an edit")
    NAMED = "named", _("a question, known answer, check, study or release names it")
    TAKEN_BACK = "taken_back", _("somebody took it back from an earlier cleaning")
    OUT = "out", _("it left the pool meanwhile")
    EMPTY = "empty", _("nothing would be left of it")
    BUILT_ON = "built_on", _("a later cleaning changed it again")


class CleaningItem(models.Model):
    """What a run did to one caption, or would have done: `version` is the text that it found.

    `made` is the text that it made of it, `text` what it would have made of one that is held. `step` dropped it for
    `reason`; `changed_by` are the repairs that touched it; `twin` is the kept text that says the same.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    cleaning = models.ForeignKey(Cleaning, on_delete=models.PROTECT, related_name="items")
    caption = models.ForeignKey(Caption, on_delete=models.PROTECT, related_name="cleaning_items")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="cleaning_items")
    made = models.OneToOneField(
        CaptionVersion, on_delete=models.PROTECT, null=True, related_name="made_by_cleaning"
    )
    twin = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=8, choices=CleaningOutcome.choices)
    step = models.CharField(max_length=16, choices=CleaningStep.choices, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    changed_by = ArrayField(models.CharField(max_length=16, choices=CleaningStep.choices), default=list)
    text = models.TextField(blank=True, default="")
    hold = models.CharField(max_length=12, choices=CleaningHold.choices, blank=True, default="")
    # Taken back alone, by a person who looked at this caption; later runs leave it as it is.
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cleaning", "caption"], name="cleaning_item_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=CleaningOutcome.values), name="cleaning_item_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(step="") | Q(step__in=CleaningStep.values), name="cleaning_item_step_known"
            ),
            models.CheckConstraint(
                condition=Q(hold__in=CleaningHold.values), name="cleaning_item_hold_known"
            ),
            models.CheckConstraint(
                condition=(Q(outcome="dropped", made=None, hold="") & ~Q(step=""))
                | Q(outcome="changed", made__isnull=False, hold="", step="")
                | (Q(outcome="held", made=None) & ~Q(hold=""))
                | Q(outcome="undone", hold="")
                | (Q(outcome="kept", made__isnull=False, step="") & ~Q(hold="")),
                name="cleaning_item_outcome_fits",
            ),
            models.CheckConstraint(
                condition=Q(undone_by=None) | Q(outcome="undone"), name="cleaning_item_undone_by_somebody"
            ),
        ]
        indexes = [models.Index(fields=["cleaning", "outcome", "step"], name="cleaning_item_by_outcome")]

    def __str__(self) -> str:
        return f"{self.caption_id} {self.outcome}"
