"""Drawings of what model jobs found; a worker of the default queue makes them from stored rows."""

from django.db import models

from projects.models import Job


class MachineDrawing(models.Model):
    """One drawing of a job's result in its forms, with a text alternative and its data; `name` is its place there."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="drawings")
    name = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    alt = models.TextField()
    svg = models.TextField()
    pdf = models.BinaryField()
    png = models.BinaryField()
    csv = models.TextField()

    class Meta:
        ordering = ["job", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["job", "name"], name="machine_drawing_once_per_job"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.name}"
