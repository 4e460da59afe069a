"""Captions as a body of text: filters that people keep, and find-and-fix over many captions as one act."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.captions import CaptionVersion, EditKind
from projects.models import Job, Project


class SavedFilter(models.Model):
    """A search over captions under a name: its owner's, or shared with all who see the captions of the project.

    `query` is what stands in the address of the page, in the fixed order of the form.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="saved_filters")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=1000)
    is_shared = models.BooleanField(_("for everybody who sees the captions"), default=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "owner", "name"], name="saved_filter_name_once_per_owner"
            ),
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=Q(is_shared=True),
                name="saved_filter_shared_name_once",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(query=""), name="saved_filter_says_something"),
        ]

    def __str__(self) -> str:
        return self.name


class FixState(models.TextChoices):
    """draft -> running -> applied -> undone; draft -> discarded."""

    DRAFT = "draft", _("Preview")
    RUNNING = "running", _("At work")
    APPLIED = "applied", _("Applied")
    UNDONE = "undone", _("Undone")
    DISCARDED = "discarded", _("Discarded")


class CaptionFix(models.Model):
    """One find-and-fix: what is found and put in its place in the captions of a scope, as one act with its count.

    `scope` is the query of a filter, as in SavedFilter. `accepts` says whether the new texts are accepted by whoever
    applies the fix (and wait for a second person before a release) or proposed. `n_named` is the count that the act
    named; what became of each caption is in its items.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="caption_fixes")
    pattern = models.CharField(_("find"), max_length=200)
    replacement = models.CharField(_("put in its place"), max_length=200, blank=True)
    is_whole_word = models.BooleanField(_("whole words only"), default=True)
    is_case_sensitive = models.BooleanField(_("upper and lower case differ"), default=True)
    kinds = ArrayField(models.CharField(max_length=12, choices=EditKind.choices))
    scope = models.CharField(max_length=1000, blank=True)
    accepts = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=FixState.choices, default=FixState.DRAFT)
    n_named = models.PositiveIntegerField(null=True)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "caption fixes"
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="caption_fix_of_project"),
            models.CheckConstraint(condition=Q(state__in=FixState.values), name="caption_fix_state_known"),
            models.CheckConstraint(
                condition=~Q(pattern="") & ~Q(pattern=F("replacement")), name="caption_fix_changes_something"
            ),
            models.CheckConstraint(condition=Q(kinds__len__gt=0), name="caption_fix_has_kinds"),
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "discarded"], n_named=None, applied_at=None, undone_at=None, job=None
                )
                | Q(state="running", n_named__gt=0, applied_at=None, undone_at=None)
                | Q(state="applied", n_named__gt=0, applied_at__isnull=False, undone_at=None)
                | Q(
                    state="undone",
                    n_named__gt=0,
                    applied_at__isnull=False,
                    undone_at__isnull=False,
                    undone_by__isnull=False,
                ),
                name="caption_fix_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} -> {self.replacement}"


class FixOutcome(models.TextChoices):
    """left_out (unticked in the preview), skipped with a reason, or changed; changed -> undone or kept at the undo."""

    LEFT_OUT = "left_out", _("Left out by hand")
    SKIPPED = "skipped", _("Could not be changed")
    CHANGED = "changed", _("Changed")
    UNDONE = "undone", _("Taken back")
    KEPT = "kept", _("Kept, somebody works with it")


class FixReason(models.TextChoices):
    """Why a caption was passed over, or why its new text outlived the undo."""

    NONE = "", "—"
    EMPTY = "edit_empty", _("nothing would be left of it")
    UNCHANGED = "edit_unchanged", _("it would stay the same")
    TOO_SHORT = "edit_too_short", _("it would be too short")
    TOO_LONG = "edit_too_long", _("it would be too long")
    PLACEHOLDER = "placeholder_misspelt", _("it would hold a misspelt placeholder")
    TEXT_EXISTS = "text_exists", _("the caption has a version with this text already")
    MOVED_ON = "moved_on", _("it has another text since the preview")
    OUT = "out", _("it is out of circulation")
    JUDGED = "judged", _("somebody has judged it since")
    DECIDED = "decided", _("a second person has decided on it")
    BUILT_ON = "built_on", _("another version was made from it")
    RELEASED = "released", _("it is in a release")


class FixItem(models.Model):
    """What a fix did to one caption: `version` is the text that it found, `made` the text that it made of it."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    fix = models.ForeignKey(CaptionFix, on_delete=models.PROTECT, related_name="items")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="fix_items")
    made = models.OneToOneField(
        CaptionVersion, on_delete=models.PROTECT, null=True, related_name="made_by_fix"
    )
    outcome = models.CharField(max_length=8, choices=FixOutcome.choices)
    reason = models.CharField(max_length=20, choices=FixReason.choices, blank=True, default="")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["fix", "version"], name="fix_item_once"),
            models.CheckConstraint(condition=Q(outcome__in=FixOutcome.values), name="fix_item_outcome_known"),
            models.CheckConstraint(condition=Q(reason__in=FixReason.values), name="fix_item_reason_known"),
            models.CheckConstraint(
                condition=Q(outcome="left_out", made=None, reason="")
                | (Q(outcome="skipped", made=None) & ~Q(reason=""))
                | Q(outcome__in=["changed", "undone"], made__isnull=False, reason="")
                | (Q(outcome="kept", made__isnull=False) & ~Q(reason="")),
                name="fix_item_outcome_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fix_id} {self.outcome}"
