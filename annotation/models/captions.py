"""Candidate captions and the versions that edits make of them."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models.images import Image
from projects.models import Job, Project


class DropReason(models.TextChoices):
    """Why a caption is out of circulation; it stays in the database with its reason."""

    NONE = "", _("In the pool")
    REPORTED = "reported", _("Reported, waits for a decision")
    CLEANED = "cleaned", _("Dropped by cleaning")
    LEAKAGE = "leakage", _("Its picture is one of the project's")
    TOO_GENERIC = "too_generic", _("Too generic")
    TAKEN_DOWN = "taken_down", _("Taken down")


class CaptionQuerySet(models.QuerySet["Caption"]):
    """Named filters over captions."""

    def in_pool(self) -> Self:
        """Keep the captions that may be shown."""
        return self.filter(drop_reason="")

    def left_by_cleaning(self) -> Self:
        """Keep the captions that neither cleaning nor a search for leakage has taken out."""
        return self.exclude(drop_reason__in=[DropReason.CLEANED, DropReason.LEAKAGE])


class Caption(models.Model):
    """One candidate caption of one image, with where it came from; `key` is its natural key in the project.

    `paraphrase_of` is another caption of the same image that this one says in other words.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # A pool takes in many thousand captions at once, so a key has one check and no index that another one covers: the
    # database holds project and image together (migration 0002), and the index in the order of the pool is by image.
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="captions"
    )
    image = models.ForeignKey(
        Image, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="captions"
    )
    paraphrase_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="paraphrases",
    )
    key = models.CharField(max_length=200)
    verbatim = models.TextField()
    source = models.CharField(max_length=120)
    source_key = models.CharField(max_length=300, blank=True)
    source_url = models.URLField(max_length=600, blank=True)
    licence = models.CharField(max_length=120, blank=True)
    neighbour_similarity = models.FloatField(null=True)
    neighbour_encoder = models.CharField(max_length=120, blank=True)
    # Place of the corpus image among the neighbours of the image, from 1.
    neighbour_rank = models.PositiveIntegerField(null=True)
    # Rank in the pool's diversity order; the lowest ranks are shown first.
    pool_rank = models.PositiveIntegerField(default=0)
    drop_reason = models.CharField(max_length=12, choices=DropReason.choices, blank=True, default="")
    imported_by = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = CaptionQuerySet.as_manager()

    class Meta:
        ordering = ["pool_rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="caption_key_once_per_project"),
            models.UniqueConstraint(fields=["id", "image", "project"], name="caption_of_image"),
            models.CheckConstraint(
                condition=Q(drop_reason__in=DropReason.values), name="caption_drop_reason_known"
            ),
            models.CheckConstraint(condition=~Q(verbatim=""), name="caption_not_empty"),
            models.CheckConstraint(
                condition=Q(paraphrase_of=None) | ~Q(paraphrase_of=F("id")),
                name="caption_not_its_own_paraphrase",
            ),
        ]
        indexes = [
            models.Index(fields=["image", "pool_rank"], name="caption_pool_order"),
            models.Index(
                fields=["paraphrase_of"],
                condition=Q(paraphrase_of__isnull=False),
                name="caption_paraphrases",
            ),
        ]

    def __str__(self) -> str:
        return self.verbatim[:80]


class EditKind(models.TextChoices):
    """What an edit repairs (IMP C.4)."""

    COLOR = "color", _("Colour")
    NUMBER = "number", _("Number")
    OBJECT_NAME = "object_name", _("Object name")
    PERSON = "person", _("Person")
    LOCATION = "location", _("Location")
    OTHER = "other", _("Other")


class VersionState(models.TextChoices):
    """An edit is seen by its author, reviewers and adjudicators only until accepted; withdrawn by undoing a fix.

    A caption has one base: what annotators are given. It is the imported text, or what cleaning made of it; the text
    before that is then uncleaned.
    """

    BASE = "base", _("As imported")
    UNCLEANED = "uncleaned", _("Before cleaning")
    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Taken back")


class CaptionVersionQuerySet(models.QuerySet["CaptionVersion"]):
    """Named filters over versions."""

    def standing(self) -> Self:
        """Keep those that everybody may see: the text that annotators are given, and accepted versions."""
        return self.filter(state__in=[VersionState.BASE, VersionState.ACCEPTED])

    def current(self) -> Self:
        """Keep of each caption the text that stands now: the youngest accepted version, else the base."""
        return self.standing().filter(~Exists(younger_accepted()))


def younger_accepted() -> "models.QuerySet[CaptionVersion]":
    """Return the accepted versions that were made of the outer version's caption after it."""
    return CaptionVersion.objects.filter(
        caption=OuterRef("caption"), state=VersionState.ACCEPTED, pk__gt=OuterRef("pk")
    )


class CaptionVersion(models.Model):
    """A text of a caption; versions form a tree whose root is the imported text. The text never changes.

    `content_hash` is the SHA-256 of the text in UTF-8: the key under which its embeddings lie. `reverts_to` names the
    version whose text was made current again, for the reason given.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # As with captions: project, image and caption are held together by one key, and what an imported text has not
    # (parent, author, decision) is in no index.
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, db_constraint=False, related_name="caption_versions"
    )
    image = models.ForeignKey(
        Image, on_delete=models.PROTECT, db_constraint=False, related_name="caption_versions"
    )
    caption = models.ForeignKey(
        Caption, on_delete=models.PROTECT, db_constraint=False, related_name="versions"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_index=False, related_name="children"
    )
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    kinds = ArrayField(models.CharField(max_length=12, choices=EditKind.choices), default=list, blank=True)
    state = models.CharField(max_length=10, choices=VersionState.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="edits"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reverts_to = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="reverted_by",
    )
    reason = models.CharField(max_length=300, blank=True, default="")
    is_demo = models.BooleanField(default=False)

    objects = CaptionVersionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "caption", "image", "project"], name="version_of_caption"),
            models.UniqueConstraint(fields=["id", "project"], name="version_of_project"),
            models.UniqueConstraint(fields=["caption"], condition=Q(state="base"), name="version_one_base"),
            models.UniqueConstraint(
                fields=["caption", "content_hash", "author"],
                condition=Q(reverts_to=None) & ~Q(state="withdrawn"),
                name="version_text_once_per_author",
            ),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="version_state_known"),
            models.CheckConstraint(
                condition=Q(parent__isnull=False) | Q(state__in=["base", "uncleaned"]),
                name="version_root_is_no_edit",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="version_not_empty"),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")), name="version_not_its_own_parent"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(author=None) | ~Q(decided_by=F("author")),
                name="version_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, state__in=["accepted", "rejected"]),
                name="version_decided_when",
            ),
            models.CheckConstraint(
                condition=Q(reverts_to=None) | (Q(parent__isnull=False) & ~Q(reason="")),
                name="version_revert_says_why",
            ),
        ]
        indexes = [
            GinIndex(SearchVector("text", config="simple"), name="version_words"),
            models.Index(fields=["content_hash"], name="version_content"),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="version_children"),
            models.Index(fields=["author"], condition=Q(author__isnull=False), name="version_by_author"),
            models.Index(
                fields=["decided_by"], condition=Q(decided_by__isnull=False), name="version_by_decider"
            ),
            models.Index(
                fields=["reverts_to"], condition=Q(reverts_to__isnull=False), name="version_reverted"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def is_base(self) -> bool:
        """Say whether this is no edit of a person: the imported text, or what cleaning made of it."""
        return self.state in {VersionState.BASE, VersionState.UNCLEANED}

    @property
    def state_name(self) -> str:
        """Return what people call its state."""
        if self.state == VersionState.BASE and self.parent_id is not None:
            return gettext("Cleaned")
        return str(self.get_state_display())
