"""A second person's approval before launch, where the project wants one."""

from django.conf import settings
from django.db import models

from projects.models import Project
from studies.models.studies import Study


class StudyPolicy(models.Model):
    """What a project asks of its studies; without a row, nothing."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="study_policy")
    needs_approval = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "study policies"

    def __str__(self) -> str:
        return f"policy of {self.project_id}"


class StudyApproval(models.Model):
    """Somebody has read a draft and approves it as it then stood; `fingerprint` is that of all it declares."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="approvals")
    fingerprint = models.CharField(max_length=64)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "fingerprint", "approver"], name="study_approval_once")
        ]

    def __str__(self) -> str:
        return f"approval of {self.study_id}"
