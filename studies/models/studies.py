"""A study, its pairs and its texts; everything is frozen at launch."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models import CaptionVersion, DifficultyLevel, Encoder, Image
from projects.models import Project


class StudyState(models.TextChoices):
    """draft -> launched <-> paused -> closed."""

    DRAFT = "draft", _("Draft")
    LAUNCHED = "launched", _("Launched")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("Closed")


class StudyDesign(models.TextChoices):
    """How target pairs are dealt to participants."""

    BALANCED = "balanced", _("Balanced random subsets")
    BLOCKS = "blocks", _("Fixed blocks")


class Study(models.Model):
    """A survey in which each participant answers good or bad for a share of the pairs (IMP §4.3)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="studies")
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=160)
    state = models.CharField(max_length=8, choices=StudyState.choices, default=StudyState.DRAFT)
    design = models.CharField(
        _("design"), max_length=8, choices=StudyDesign.choices, default=StudyDesign.BALANCED
    )
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, null=True, related_name="+")
    n_pairs = models.PositiveIntegerField(
        _("pairs in the study"), default=100, validators=[MinValueValidator(1)]
    )
    pairs_per_participant = models.PositiveIntegerField(
        _("pairs per participant"), default=25, validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    distractors_per_participant = models.PositiveIntegerField(_("distractors per participant"), default=10)
    controls_per_participant = models.PositiveIntegerField(_("positive controls per participant"), default=5)
    target_participants = models.PositiveIntegerField(
        _("participants"), default=40, validators=[MinValueValidator(1)]
    )
    replaces_excluded = models.BooleanField(_("excluded and withdrawn people are replaced"), default=True)
    seed = models.BigIntegerField(default=0)
    # Consent: what an ethics board asks for; launch is refused while one of these is empty.
    institution = models.CharField(_("institution"), max_length=200, blank=True)
    responsible_person = models.CharField(_("responsible person"), max_length=200, blank=True)
    contact = models.CharField(_("contact"), max_length=200, blank=True)
    ethics = models.CharField(_("ethics approval or exemption"), max_length=300, blank=True)
    purpose = models.TextField(_("purpose"), blank=True)
    stored_until = models.TextField(_("what is stored and until when"), blank=True)
    pay = models.CharField(_("pay"), max_length=200, blank=True)
    risks = models.CharField(_("risks"), max_length=300, blank=True)
    minimum_age = models.PositiveSmallIntegerField(_("minimum age"), default=18)
    withdrawal_until = models.CharField(_("withdrawal is possible until"), max_length=200, blank=True)
    partial_answers = models.TextField(_("what happens to the answers of people who stop early"), blank=True)
    # Exclusion rules, declared before launch.
    max_distractors_good = models.PositiveIntegerField(
        _("most distractors answered good"), null=True, blank=True
    )
    min_seconds_median = models.FloatField(_("shortest median seconds per pair"), null=True, blank=True)
    completion_code = models.CharField(max_length=40, blank=True)
    return_url = models.URLField(_("address to return to at the end"), max_length=400, blank=True)
    is_demo = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="study_of_project"),
            models.CheckConstraint(condition=Q(state__in=StudyState.values), name="study_state_known"),
            models.CheckConstraint(condition=Q(design__in=StudyDesign.values), name="study_design_known"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(launched_at__isnull=False), name="study_launched_when"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class TextKind(models.TextChoices):
    """The texts that participants read."""

    CONSENT = "consent", _("Consent")
    INSTRUCTIONS = "instructions", _("Instructions")
    DEBRIEFING = "debriefing", _("Debriefing")


class StudyText(models.Model):
    """One version of a text; a participant's consent points at the version that they read."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="texts")
    kind = models.CharField(max_length=12, choices=TextKind.choices)
    number = models.PositiveIntegerField()
    markdown = models.TextField()
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind", "number"], name="study_text_number_once"),
            models.CheckConstraint(condition=Q(kind__in=TextKind.values), name="study_text_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.number}"


class PairRole(models.TextChoices):
    """What a pair is for: a target is measured, a distractor is known to be wrong, a control known to be right."""

    TARGET = "target", _("Target")
    DISTRACTOR = "distractor", _("Distractor")
    CONTROL = "control", _("Positive control")


class StudyPair(models.Model):
    """A pair of the study with what was known about it at launch; the text is the version's, which never changes."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="pairs")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="study_pairs")
    role = models.CharField(max_length=10, choices=PairRole.choices)
    position = models.PositiveIntegerField()
    block = models.PositiveIntegerField(null=True)
    difficulty = models.CharField(max_length=6, choices=DifficultyLevel.choices, blank=True)
    cosine = models.FloatField(null=True)

    class Meta:
        ordering = ["role", "position"]
        constraints = [
            models.UniqueConstraint(fields=["id", "study"], name="pair_of_study"),
            models.UniqueConstraint(fields=["study", "version"], name="pair_once_per_study"),
            models.UniqueConstraint(fields=["study", "role", "position"], name="pair_position_once"),
            models.CheckConstraint(condition=Q(role__in=PairRole.values), name="pair_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.position}"
