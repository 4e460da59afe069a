"""Files of a search for the nearest corpus images: neighbours are many millions and stay in files."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models import Job, StoredFile


class NeighbourFileKind(models.TextChoices):
    """What a file of a search holds."""

    PLAN = "plan", _("Corpus and images")
    FEATURES = "features", _("Features of some corpus images")
    PART = "part", _("Neighbours in a part of the corpus")
    MERGED = "merged", _("Neighbours in the whole corpus")
    SUMMARY = "summary", _("What each threshold would bring")
    HASHES = "hashes", _("Perceptual hashes of the images")


class NeighbourFile(models.Model):
    """One file of a search job; `part` counts the files of a kind. Parts and features go when they were merged."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="neighbour_files")
    kind = models.CharField(max_length=8, choices=NeighbourFileKind.choices)
    part = models.PositiveIntegerField(default=0)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["job", "kind", "part"]
        constraints = [
            models.UniqueConstraint(fields=["job", "kind", "part"], name="neighbour_file_once"),
            models.CheckConstraint(
                condition=Q(kind__in=NeighbourFileKind.values), name="neighbour_file_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.kind} {self.part}"
