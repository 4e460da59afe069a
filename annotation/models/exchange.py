"""Judgments made elsewhere: what an import came to, and whose account stands for which rater of a file."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import Job, Project


class JudgmentFormat(models.TextChoices):
    """The files that judgments come in."""

    LONG_CSV = "long_csv", _("Long table: one judgment a row (CSV or TSV)")
    JSON_LINES = "json_lines", _("JSON lines: one judgment a line")
    LABEL_STUDIO = "label_studio", _("Label Studio JSON")


class JudgmentImport(models.Model):
    """What one import of judgments came to, or would come to where it was tried only.

    Every row of the file is new, there already, refused, or a skip, which is no rating. `told` is for the page: names
    of labels and batches as they were at that time, and raters by account, so that no name outlives an erased one.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="judgment_imports")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="judgment_import")
    format = models.CharField(max_length=12, choices=JudgmentFormat.choices)
    is_trial = models.BooleanField()
    n_rows = models.PositiveIntegerField()
    n_new = models.PositiveIntegerField()
    n_there = models.PositiveIntegerField()
    n_refused = models.PositiveIntegerField()
    n_skips = models.PositiveIntegerField()
    n_captions = models.PositiveIntegerField()
    n_edits = models.PositiveIntegerField()
    n_raters = models.PositiveIntegerField()
    told = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=JudgmentFormat.values), name="judgment_import_format_known"
            ),
            models.CheckConstraint(
                condition=Q(n_rows=F("n_new") + F("n_there") + F("n_refused") + F("n_skips")),
                name="judgment_import_rows_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.made_at:%Y-%m-%d %H:%M}"


class ImportedRater(models.Model):
    """A rater of files of one project, and the account that signs their judgments.

    The name in the file is kept as a keyed hash only, so that a second file finds the same account and nothing is
    left to read once the account is erased.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="imported_raters")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="imported_as")
    name_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name_hash"], name="imported_rater_once"),
        ]

    def __str__(self) -> str:
        return str(self.user)
