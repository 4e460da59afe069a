"""Models that were aligned with a project's own captions: what they were made of, before and after, their weights."""

import uuid

from django.db import models
from django.db.models import Q

from projects.models import Job, Project, StoredFile


class AlignmentRun(models.Model):
    """One training; `checkpoint` is where it stands after `epochs_done`, `weights` and `config` come at its end.

    `config` says everything that the model card says: towers, data, recipe, figures before and after with n.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="alignment_runs")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="alignment_run")
    epochs_done = models.PositiveSmallIntegerField(default=0)
    checkpoint = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    weights = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    config = models.JSONField(default=dict, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(epochs_done=0) | Q(checkpoint__isnull=False) | Q(weights__isnull=False),
                name="alignment_stands_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(weights=None) | ~Q(config={}), name="alignment_weights_have_config"
            ),
        ]

    def __str__(self) -> str:
        return self.encoder_name

    @property
    def encoder_name(self) -> str:
        """The name under which jobs may ask for the finished model."""
        return f"aligned:{self.public_id}"
