"""How participants were sent: what a platform told of them, encrypted and apart; links for one person each."""

from django.db import models

from studies.models.participants import Participant
from studies.models.studies import Study


class PlatformIdentity(models.Model):
    """The ids under which a platform sent somebody, encrypted at rest (`polyannot.kernel.sealing`).

    `mark` finds the row again by study and id without opening it. The row goes with a withdrawal, and with all others
    of the study when a researcher erases them.
    """

    participant = models.OneToOneField(
        Participant, on_delete=models.CASCADE, related_name="platform_identity"
    )
    mark = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "platform identities"

    def __str__(self) -> str:
        return f"identity of {self.participant_id}"


class InviteLink(models.Model):
    """A link for one person, known by its number; its secret is stored hashed, as the person's own then is."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invite_links")
    number = models.PositiveIntegerField()
    secret_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="invite_number_once")]

    def __str__(self) -> str:
        return f"link {self.number}"
