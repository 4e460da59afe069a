"""A task and the answer to it."""

from django.conf import settings
from django.db import models


class Task(models.Model):
    """Something to judge; state 0 waits, 1 is given, 2 is answered."""

    text = models.TextField()
    state = models.SmallIntegerField(default=0)
    given_to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)

    objects: models.Manager["Task"] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(state=0), name="bare_waiting")]

    def __str__(self) -> str:
        return self.text


class Answer(models.Model):
    """One person's label."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    label = models.CharField(max_length=10)
    made_at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager["Answer"] = models.Manager()

    def __str__(self) -> str:
        return self.label
