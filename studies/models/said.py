"""What participants say beside their answers: about themselves where the study asks, and about a pair."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studies.models.participants import Card, Participant


class LanguageLevel(models.TextChoices):
    """How well somebody reads the language of the captions."""

    FIRST = "first", _("It is my first language")
    FLUENT = "fluent", _("Fluently")
    GOOD = "good", _("Well")
    SOME = "some", _("Somewhat")
    UNSAID = "unsaid", _("I prefer not to say")


class AgeBand(models.TextChoices):
    """Age in bands that single out nobody."""

    TO_24 = "to-24", _("Up to 24")
    TO_34 = "25-34", _("25 to 34")
    TO_44 = "35-44", _("35 to 44")
    TO_54 = "45-54", _("45 to 54")
    TO_64 = "55-64", _("55 to 64")
    FROM_65 = "from-65", _("65 or older")
    UNSAID = "unsaid", _("I prefer not to say")


class Background(models.Model):
    """A participant's own words about themselves; empty where the study did not ask, `unsaid` where they declined.

    Goes with a withdrawal. It is counted for the study as a whole and joined to no answer.
    """

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="background")
    language = models.CharField(max_length=6, choices=LanguageLevel.choices, blank=True)
    country = models.CharField(max_length=60, blank=True)
    age_band = models.CharField(max_length=7, choices=AgeBand.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(language__in=["", *LanguageLevel.values]), name="background_language_known"
            ),
            models.CheckConstraint(
                condition=Q(age_band__in=["", *AgeBand.values]), name="background_age_known"
            ),
        ]

    def __str__(self) -> str:
        return f"background of {self.participant_id}"


class ReportReason(models.TextChoices):
    """What is wrong with a pair as it is shown."""

    HARMFUL = "harmful", _("It is offensive or disturbing")
    PERSON = "person", _("It shows or names a person who may not want it")
    BROKEN = "broken", _("The picture or the text is not shown properly")
    OTHER = "other", _("Something else")


class PairReport(models.Model):
    """A participant's report about one of their cards; it changes no answer and goes with a withdrawal."""

    card = models.OneToOneField(Card, on_delete=models.CASCADE, related_name="report")
    reason = models.CharField(max_length=7, choices=ReportReason.choices)
    note = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=ReportReason.values), name="report_reason_known")
        ]

    def __str__(self) -> str:
        return f"{self.reason} on card {self.card_id}"
