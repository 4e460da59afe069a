"""What models computed: embeddings, similarities, thresholds, votes, difficulty, the diverse five."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from annotation.models.captions import CaptionVersion
from annotation.models.images import Image
from projects.models import Job, Project


class Precision(models.TextChoices):
    """The type of an encoder's weights and activations."""

    FLOAT32 = "float32", "float32"
    BFLOAT16 = "bfloat16", "bfloat16"


class Encoder(models.Model):
    """One set of weights: the same name with other weights is another row.

    All its features are of one `precision`, whichever worker computes them. `precision_trial` says what was measured
    where that was chosen by measuring, and is empty elsewhere.
    """

    name = models.CharField(max_length=200)
    weights_hash = models.CharField(max_length=64)
    source = models.CharField(max_length=300)
    dimension = models.PositiveIntegerField()
    preprocessing = models.TextField(blank=True)
    licence = models.TextField(blank=True)
    precision = models.CharField(max_length=8, choices=Precision.choices, default=Precision.FLOAT32)
    precision_trial = models.JSONField(default=dict, blank=True)
    registered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["name", "weights_hash"], name="encoder_weights_once"),
            models.CheckConstraint(
                condition=Q(precision__in=Precision.values), name="encoder_precision_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def precision_gain(self) -> float | None:
        """The share of float32's time that bfloat16 took in the trial; None without one."""
        told = self.precision_trial
        return told["bfloat16_seconds"] / told["float32_seconds"] if told else None


class Modality(models.TextChoices):
    """What was embedded."""

    IMAGE = "image", _("Image")
    TEXT = "text", _("Text")


class Embedding(models.Model):
    """A unit vector, keyed by encoder and content: the same text or picture is embedded once for all projects."""

    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="embeddings")
    modality = models.CharField(max_length=5, choices=Modality.choices)
    content_hash = models.CharField(max_length=64)
    vector = HalfVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encoder", "modality", "content_hash"], name="embedding_once"),
            models.CheckConstraint(
                condition=Q(modality__in=Modality.values), name="embedding_modality_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.encoder_id} {self.content_hash[:12]}"


class Similarity(models.Model):
    """Cosine of an image and a caption version under one encoder, in [-1, 1]."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="similarities")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="similarities")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="similarities")
    version = models.ForeignKey(CaptionVersion, on_delete=models.CASCADE, related_name="similarities")
    cosine = models.FloatField()
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "similarities"
        constraints = [
            models.UniqueConstraint(fields=["version", "encoder"], name="similarity_once"),
            models.CheckConstraint(
                condition=Q(cosine__gte=-1.0001, cosine__lte=1.0001), name="similarity_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.cosine:.3f}"


class ThresholdQuerySet(models.QuerySet["Threshold"]):
    """Named sets of thresholds."""

    def for_project(self, project_id: int) -> "ThresholdQuerySet":
        """Those that a project may use: its own before those that all share, of each the one found last first."""
        usable = self.filter(Q(project=project_id) | Q(project=None))
        return usable.order_by(F("project").desc(nulls_last=True), "-found_at", "-pk")


class Threshold(models.Model):
    """The cosine from which a model votes yes, with how it was found; it moves with the batch size.

    One with a project was found on the good pairs of that project and is used there alone. Found again in the same way,
    it is the same row with a newer `found_at`.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, related_name="thresholds")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="thresholds")
    cosine = models.FloatField()
    method = models.CharField(max_length=60)
    batch_size = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    pairs = models.TextField()
    n_pairs = models.PositiveIntegerField(default=0)
    found_at = models.DateTimeField(auto_now_add=True)

    objects = ThresholdQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "encoder", "method", "batch_size", "seed", "cosine", "n_pairs"],
                nulls_distinct=False,
                name="threshold_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.encoder} >= {self.cosine:.3f}"


class DifficultyLevel(models.TextChoices):
    """How many models see what people see (IMP §4.2)."""

    EASY = "easy", _("Easy")
    MEDIUM = "medium", _("Medium")
    HARD = "hard", _("Hard")


class DifficultyRun(models.Model):
    """One vote of one set of models under named cut points; another set keeps both results."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="difficulty_runs")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="difficulty_run")
    easy_min_votes = models.PositiveSmallIntegerField()
    hard_max_votes = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "project"], name="difficulty_run_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d}"


class Difficulty(models.Model):
    """What the vote made of one version."""

    run = models.ForeignKey(DifficultyRun, on_delete=models.CASCADE, related_name="difficulties")
    version = models.ForeignKey(CaptionVersion, on_delete=models.CASCADE, related_name="difficulties")
    yes_votes = models.PositiveSmallIntegerField()
    n_votes = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=6, choices=DifficultyLevel.choices)

    class Meta:
        verbose_name_plural = "difficulties"
        constraints = [
            models.UniqueConstraint(fields=["run", "version"], name="difficulty_once"),
            models.CheckConstraint(
                condition=Q(level__in=DifficultyLevel.values), name="difficulty_level_known"
            ),
            models.CheckConstraint(
                condition=Q(yes_votes__lte=models.F("n_votes")), name="difficulty_votes_fit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.level}"


class DifficultyVote(models.Model):
    """One model's vote on one version: yes where cosine >= threshold."""

    run = models.ForeignKey(DifficultyRun, on_delete=models.CASCADE, related_name="votes")
    version = models.ForeignKey(CaptionVersion, on_delete=models.CASCADE, related_name="+")
    threshold = models.ForeignKey(Threshold, on_delete=models.PROTECT, related_name="+")
    cosine = models.FloatField()
    is_yes = models.BooleanField()
    is_tie_breaker = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "version", "threshold"], name="difficulty_vote_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {'yes' if self.is_yes else 'no'}"


class ChoiceMethod(models.TextChoices):
    """How the diverse five are chosen (IMP C.5 and §4.1)."""

    KMEANS = "kmeans", _("K-means, one of each cluster")
    MIN_SIMILARITY = "min_similarity", _("Lowest pairwise similarity")


class DistanceSpace(models.TextChoices):
    """Where distances are taken for a choice."""

    PLANE = "plane", _("On a plane that UMAP lays out")
    FEATURES = "features", _("In the features themselves")


class ImageChoice(models.Model):
    """The diverse captions of one image, with the mean pairwise similarity beside that of random ones.

    `pool_versions` are the good captions that it was made from. Beside each stand its place on a plane (`pool_x`,
    `pool_y`; empty where there is none) and its cluster (`pool_clusters`; empty where nothing was clustered); `space`
    is where the clusters were found. They are read together for one drawing and never joined.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="image_choices")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="choices")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="image_choices")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=14, choices=ChoiceMethod.choices)
    seed = models.BigIntegerField()
    n_good = models.PositiveIntegerField()
    mean_similarity = models.FloatField(null=True)
    random_mean_similarity = models.FloatField(null=True)
    is_complete = models.BooleanField()
    is_current = models.BooleanField(default=True)
    space = models.CharField(max_length=8, choices=DistanceSpace.choices, default=DistanceSpace.FEATURES)
    pool_versions = ArrayField(models.BigIntegerField(), default=list)
    pool_x = ArrayField(models.FloatField(), default=list)
    pool_y = ArrayField(models.FloatField(), default=list)
    pool_clusters = ArrayField(models.PositiveSmallIntegerField(), default=list)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["image", "job"], name="image_choice_once_per_job"),
            models.UniqueConstraint(
                fields=["image"], condition=Q(is_current=True), name="image_choice_current_once"
            ),
            models.CheckConstraint(
                condition=Q(method__in=ChoiceMethod.values), name="image_choice_method_known"
            ),
            models.CheckConstraint(
                condition=Q(space__in=DistanceSpace.values), name="image_choice_space_known"
            ),
            models.CheckConstraint(
                condition=Q(pool_x__len__in=[0, F("pool_versions__len")], pool_y__len=F("pool_x__len")),
                name="image_choice_places_fit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.method}"


class CaptionChoice(models.Model):
    """One chosen version and the cluster that it stands for."""

    choice = models.ForeignKey(ImageChoice, on_delete=models.CASCADE, related_name="captions")
    version = models.ForeignKey(CaptionVersion, on_delete=models.PROTECT, related_name="choices")
    position = models.PositiveSmallIntegerField()
    cluster = models.PositiveSmallIntegerField(null=True)
    cluster_versions = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["choice", "version"], name="caption_choice_once"),
            models.UniqueConstraint(fields=["choice", "position"], name="caption_choice_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.choice_id} {self.position}"
