"""A project and who works in it in which role."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person is in one project; an admin may do all, a head annotator also annotates."""

    ANNOTATOR = "annotator", _("Annotator")
    HEAD = "head", _("Head annotator")
    RESEARCHER = "researcher", _("Researcher")
    ADMIN = "admin", _("Project admin")


class Project(models.Model):
    """One data set in the making: its images, captions, judgments, studies and releases."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(
        _("address"), max_length=60, unique=True, help_text=_("Short name used in web addresses.")
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    is_demo = models.BooleanField(default=False)
    # An image is done once so many of its captions are judged, or so many are good; each annotator is shown so many at
    # once, all of them where nothing is said.
    judged_target = models.PositiveSmallIntegerField(
        _("judged captions that finish an image"),
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
    )
    good_target = models.PositiveSmallIntegerField(
        _("good captions that an image needs"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
    )
    shown_at_once = models.PositiveSmallIntegerField(
        _("captions shown at once"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
    )
    is_blind = models.BooleanField(_("annotators see neither scores nor each other's labels"), default=True)
    seed = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(judged_target__gte=1), name="project_judged_target_positive"),
            models.CheckConstraint(condition=Q(good_target__gte=1), name="project_good_target_positive"),
            models.CheckConstraint(
                condition=Q(shown_at_once=None) | Q(shown_at_once__gte=1),
                name="project_shown_at_once_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def captions_at_once(self) -> int:
        """Return how many captions of an image an annotator is shown at once."""
        return min(self.shown_at_once or self.judged_target, self.judged_target)


class Membership(models.Model):
    """One person's role in one project; ended, never deleted."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    joined_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once_per_project"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"
