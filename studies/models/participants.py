"""Participants, the cards dealt to them and their answers; no account, no name, no address."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studies.models.studies import Study, StudyPair, StudyText


class ParticipantState(models.TextChoices):
    """arrived -> active -> finished; active -> lapsed (cards go back); any -> withdrawn (a tombstone stays)."""

    ARRIVED = "arrived", _("Arrived")
    DECLINED = "declined", _("Declined")
    ACTIVE = "active", _("Active")
    FINISHED = "finished", _("Finished")
    LAPSED = "lapsed", _("Stopped early")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Participant(models.Model):
    """Somebody who opened the link. The secret of their personal link is stored hashed.

    A platform's ids lie apart (`PlatformIdentity`). `ordinal` counts those who were dealt cards; with the study's seed
    it fixes the cards. `is_excluded` is what the declared rules say, written when the person finishes, so that dealing
    need not read all answers.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="participants")
    secret_hash = models.CharField(max_length=64, unique=True)
    withdrawal_hash = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  absent until the end
    state = models.CharField(
        max_length=10, choices=ParticipantState.choices, default=ParticipantState.ARRIVED
    )
    consent = models.ForeignKey(StudyText, on_delete=models.PROTECT, null=True, related_name="+")
    ordinal = models.PositiveIntegerField(null=True)
    is_excluded = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)
    arrived_at = models.DateTimeField(auto_now_add=True)
    consented_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "study"], name="participant_of_study"),
            models.UniqueConstraint(fields=["study", "ordinal"], name="participant_ordinal_once"),
            models.CheckConstraint(
                condition=Q(state__in=ParticipantState.values), name="participant_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["arrived", "declined", "withdrawn"]) | Q(consented_at__isnull=False),
                name="participant_consented_first",
            ),
        ]
        indexes = [
            models.Index(fields=["study", "state"], name="participant_by_state"),
            models.Index(fields=["seen_at"], condition=Q(state="active"), name="participant_last_seen"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)[:8]


class CardState(models.TextChoices):
    """live -> answered; live -> returned (dealt to somebody else)."""

    LIVE = "live", _("Live")
    ANSWERED = "answered", _("Answered")
    RETURNED = "returned", _("Returned")


class Card(models.Model):
    """One pair dealt to one participant at one place of their sequence.

    `public_id` is the token that an answer carries: it names the person and the place at once.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cards")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="cards")
    pair = models.ForeignKey(StudyPair, on_delete=models.PROTECT, related_name="cards")
    position = models.PositiveSmallIntegerField()
    is_repeat = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=CardState.choices, default=CardState.LIVE)
    shown_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "pair", "is_repeat"], name="card_pair_once_per_participant"
            ),
            models.UniqueConstraint(fields=["participant", "position"], name="card_position_once"),
            models.UniqueConstraint(fields=["id", "participant"], name="card_of_participant"),
            models.CheckConstraint(condition=Q(state__in=CardState.values), name="card_state_known"),
        ]
        indexes = [models.Index(fields=["study", "pair", "state"], name="card_by_pair")]

    def __str__(self) -> str:
        return f"{self.participant_id}/{self.position}"


class AnswerValue(models.TextChoices):
    """A participant's answer to a pair: good or bad, or a grade where paraphrases are graded."""

    GOOD = "good", _("Good")
    BAD = "bad", _("Bad")
    GRADE_0 = "0", "0"
    GRADE_1 = "1", "1"
    GRADE_2 = "2", "2"
    GRADE_3 = "3", "3"
    GRADE_4 = "4", "4"
    GRADE_5 = "5", "5"


class Answer(models.Model):
    """The one answer to a card; focused time is the page visible and in front, server time from showing to arrival."""

    card = models.OneToOneField(Card, on_delete=models.CASCADE, related_name="answer")
    value = models.CharField(max_length=4, choices=AnswerValue.choices)
    focused_ms = models.PositiveIntegerField(null=True)
    server_ms = models.PositiveIntegerField(null=True)
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__in=AnswerValue.values), name="answer_value_known")
        ]

    def __str__(self) -> str:
        return self.value
