"""A study, its pairs and its texts; all of it is frozen at launch, and what comes later is logged as a deviation."""

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


class StudyKind(models.TextChoices):
    """What is asked of each pair."""

    FIT = "fit", _("Does the caption fit the image? Good or bad")
    PARAPHRASES = "paraphrases", _("How near is a paraphrase to its original? 0 to 5")


class StudyDesign(models.TextChoices):
    """How target pairs are dealt to participants."""

    BALANCED = "balanced", _("Balanced random subsets")
    BLOCKS = "blocks", _("Fixed blocks")


class Recruiting(models.TextChoices):
    """Who sends the participants; a platform passes an id, without which a visit is a preview."""

    OPEN = "open", _("Open link")
    LINKS = "links", _("Single-use links")
    PROLIFIC = "prolific", _("Prolific")
    OTHER = "other", _("Another platform")


class Study(models.Model):
    """A survey in which each participant answers for a share of the pairs.

    Good or bad for an image and a caption (IMP §4.3), or a grade from 0 to 5 for an original and its paraphrase.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="studies")
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=160)
    state = models.CharField(max_length=8, choices=StudyState.choices, default=StudyState.DRAFT)
    kind = models.CharField(
        _("what is asked"), max_length=11, choices=StudyKind.choices, default=StudyKind.FIT
    )
    design = models.CharField(
        _("design"), max_length=8, choices=StudyDesign.choices, default=StudyDesign.BALANCED
    )
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, null=True, related_name="+")
    # Pairs of each difficulty, the ones with the lowest similarity first.
    hard_pairs = models.PositiveIntegerField(_("hard pairs"), default=100)
    medium_pairs = models.PositiveIntegerField(_("medium pairs"), default=0)
    easy_pairs = models.PositiveIntegerField(_("easy pairs"), default=0)
    # Paraphrases to grade, drawn by the seed, and how many people grade each.
    paraphrase_pairs = models.PositiveIntegerField(_("paraphrases"), default=0)
    graders_per_pair = models.PositiveSmallIntegerField(
        _("graders for each paraphrase"), default=2, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    # How many distractors and controls there are in all; each participant gets some of them.
    distractors_in_study = models.PositiveIntegerField(_("distractors in the study"), default=20)
    controls_in_study = models.PositiveIntegerField(_("positive controls in the study"), default=10)
    pairs_per_participant = models.PositiveIntegerField(
        _("pairs per participant"), default=25, validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    distractors_per_participant = models.PositiveIntegerField(_("distractors per participant"), default=10)
    controls_per_participant = models.PositiveIntegerField(_("positive controls per participant"), default=5)
    repeats_per_participant = models.PositiveIntegerField(
        _("pairs shown twice to each participant"),
        default=0,
        help_text=_("For test-retest agreement; kept out of all shares."),
    )
    target_participants = models.PositiveIntegerField(
        _("participants"), default=40, validators=[MinValueValidator(1)]
    )
    # Whose answers leave a gap that somebody new fills.
    replaces_excluded = models.BooleanField(_("excluded people are replaced"), default=True)
    replaces_withdrawn = models.BooleanField(_("withdrawn people are replaced"), default=True)
    replaces_lapsed = models.BooleanField(
        _("people who stop early are replaced, and their answers left out"), default=False
    )
    # After so long without a sign a participant's unanswered cards go to others; they may still come back.
    lapse_minutes = models.PositiveIntegerField(
        _("minutes without a sign until cards go to others"), default=60, validators=[MinValueValidator(1)]
    )
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
    backups_kept = models.CharField(_("backups are overwritten after"), max_length=120, blank=True)
    partial_answers = models.TextField(_("what happens to the answers of people who stop early"), blank=True)
    # What people are asked about themselves at the end; all of it may be left open.
    asks_language = models.BooleanField(_("ask for language proficiency"), default=False)
    asks_country = models.BooleanField(_("ask for the country of residence"), default=False)
    asks_age = models.BooleanField(_("ask for an age band"), default=False)
    # Exclusion rules, declared before launch.
    max_distractors_good = models.PositiveIntegerField(
        _("most distractors answered good"), null=True, blank=True
    )
    max_controls_bad = models.PositiveIntegerField(
        _("most positive controls answered bad"), null=True, blank=True
    )
    min_seconds_median = models.FloatField(
        _("shortest median seconds per pair"), null=True, blank=True, validators=[MinValueValidator(0)]
    )
    min_share_answered = models.FloatField(
        _("least share of cards answered"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    primary_leaves_out_excluded = models.BooleanField(
        _("the primary figures leave excluded people out"), default=False
    )
    # Money, for the planning panel: pay for one participant in one's own currency, the platform's fee as a share.
    pay_each = models.DecimalField(
        _("pay for each participant"),
        max_digits=8,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0)],
    )
    platform_fee = models.FloatField(
        _("platform's fee as a share of the pay"), default=0, validators=[MinValueValidator(0)]
    )
    # Recruiting: the names under which another platform passes its ids, and a code for each outcome.
    recruiting = models.CharField(
        _("who sends participants"), max_length=8, choices=Recruiting.choices, default=Recruiting.OPEN
    )
    id_parameter = models.CharField(_("platform's participant parameter"), max_length=60, blank=True)
    study_parameter = models.CharField(_("platform's study parameter"), max_length=60, blank=True)
    session_parameter = models.CharField(_("platform's session parameter"), max_length=60, blank=True)
    completion_code = models.CharField(_("completion code"), max_length=40, blank=True)
    declined_code = models.CharField(_("code for people who decline"), max_length=40, blank=True)
    screened_out_code = models.CharField(_("code for people who find no place"), max_length=40, blank=True)
    attention_code = models.CharField(
        _("code for people whom a declared rule leaves out"), max_length=40, blank=True
    )
    return_url = models.CharField(_("address to return to at the end"), max_length=400, blank=True)
    is_demo = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # When it was first seen that every pair has its target of kept answers; empty again after it was extended.
    target_reached_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="study_of_project"),
            models.CheckConstraint(condition=Q(state__in=StudyState.values), name="study_state_known"),
            models.CheckConstraint(condition=Q(kind__in=StudyKind.values), name="study_kind_known"),
            models.CheckConstraint(condition=Q(design__in=StudyDesign.values), name="study_design_known"),
            models.CheckConstraint(
                condition=Q(recruiting__in=Recruiting.values), name="study_recruiting_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(launched_at__isnull=False), name="study_launched_when"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def n_pairs(self) -> int:
        """Pairs to measure: paraphrases, or targets of all difficulties together."""
        return (
            self.paraphrase_pairs if self.is_graded else self.hard_pairs + self.medium_pairs + self.easy_pairs
        )

    @property
    def is_graded(self) -> bool:
        """Say whether paraphrases are graded, rather than pairs of image and caption called good or bad."""
        return self.kind == StudyKind.PARAPHRASES

    @property
    def is_draft(self) -> bool:
        """Say whether the study may still be changed."""
        return self.state == StudyState.DRAFT


class Preregistration(models.Model):
    """What was declared at launch, word for word; never changed afterwards.

    `document` is the frozen snapshot of design, rules and analysis; `sha256` is that of its canonical JSON.
    """

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="preregistration")
    document = models.JSONField()
    markdown = models.TextField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.study} {self.sha256[:12]}"


class Deviation(models.Model):
    """A departure from what was declared, in the researcher's words; printed with the results."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="deviations")
    text = models.TextField(_("what was done otherwise, and why"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    noted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="deviation_not_empty")]

    def __str__(self) -> str:
        return self.text[:80]


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
    """A pair of the study with what was known about it at launch; the text is the version's, which never changes.

    With an `original`, a paraphrase is shown beside it; an identical pair names the same version twice.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="pairs")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="study_pairs")
    original = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, null=True, related_name="+")
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
