"""Reserve images that took the place of images which could not reach their target."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotation.models.images import Image
from projects.models import Project


class ImageSwap(models.Model):
    """One image taken out and the reserve that came in for it; the swaps of one act share `act_id`."""

    act_id = models.UUIDField(default=uuid.uuid4, db_index=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="image_swaps")
    taken_out = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="swapped_out")
    brought_in = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="swapped_in")
    why = models.CharField(max_length=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["act_id", "taken_out"], name="swap_takes_out_once"),
            models.UniqueConstraint(fields=["act_id", "brought_in"], name="swap_brings_in_once"),
            models.CheckConstraint(condition=~Q(taken_out=F("brought_in")), name="swap_of_two_images"),
            models.CheckConstraint(condition=~Q(why=""), name="swap_says_why"),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="swap_undone_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taken_out_id} -> {self.brought_in_id}"
