"""The history and audit of everything: one append-only table, held so by triggers, also against emptying it."""

from django.conf import settings
from django.db import models

from projects.models.projects import Project


class Event(models.Model):
    """Who did what to which row when; ids and field names only, never personal data or answers."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    act = models.CharField(max_length=60)
    row_type = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    fields = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["project", "-id"], name="event_by_project"),
            models.Index(fields=["row_type", "row_id"], name="event_by_row"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.row_type} {self.row_id}"
