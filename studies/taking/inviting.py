"""Links for one person each: made in numbers, shown once, and used by whoever opens them first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from studies.models import InviteLink, Participant, ParticipantState, Recruiting, Study, StudyState
from studies.taking.keys import hashed, new_secret

MOST_AT_ONCE = 1000


@dataclass(frozen=True)
class NewLink:
    """A link just made; its secret is known now and never again."""

    number: int
    secret: str


@dataclass(frozen=True)
class ListedLink:
    """A link made earlier; `used_as` is the state of whoever opened it, None where nobody did."""

    pk: int
    number: int
    made_at: datetime
    used_as: str | None

    @property
    def state(self) -> str:
        """How it stands: unused, begun, finished, or used where more would say who declined or withdrew."""
        if self.used_as is None:
            return "unused"
        if self.used_as in {ParticipantState.ARRIVED, ParticipantState.ACTIVE}:
            return "begun"
        return "finished" if self.used_as == ParticipantState.FINISHED else "used"


def make_links(*, study: Study, count: int, actor: User | None) -> list[NewLink]:
    """Make so many links and return them with their secrets, which are stored hashed and cannot be shown again.

    Raises Invalid for none or more than MOST_AT_ONCE, Conflict unless the study runs and is open by such links.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise Invalid("links_number", _("Between 1 and %(n)d links at once.") % {"n": MOST_AT_ONCE})
    with transaction.atomic():
        row = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        if row.recruiting != Recruiting.LINKS or row.state not in {StudyState.LAUNCHED, StudyState.PAUSED}:
            raise Conflict("links_unused", _("This study takes nobody by single-use links at the moment."))
        last = row.invite_links.aggregate(last=Max("number"))["last"] or 0
        links = [NewLink(number, new_secret()) for number in range(last + 1, last + 1 + count)]
        InviteLink.objects.bulk_create(
            [InviteLink(study=row, number=link.number, secret_hash=hashed(link.secret)) for link in links]
        )
        append_event(actor=actor, act="links_made", row=row)
    return links


def call_back_unused(*, study: Study, actor: User | None) -> int:
    """Make the links that nobody has opened worthless; return how many. Whoever has begun goes on."""
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        unused = [link.pk for link in links_of(study) if link.used_as is None]
        InviteLink.objects.filter(pk__in=unused).delete()
        if unused:
            append_event(actor=actor, act="links_called_back", row=study)
    return len(unused)


def links_with_users(study: Study) -> QuerySet[Any]:
    """Return the rows of the links by number, each with the state of whoever opened it in `used_as`."""
    users = Participant.objects.filter(secret_hash=OuterRef("secret_hash"))
    return study.invite_links.annotate(used_as=Subquery(users.values("state")[:1])).order_by("number")


def links_of(study: Study) -> list[ListedLink]:
    """Return the links by number, each with the state of whoever opened it."""
    rows = links_with_users(study)
    return [ListedLink(*row) for row in rows.values_list("pk", "number", "made_at", "used_as")]


def is_link_of(study: Study, told: str) -> bool:
    """Say whether this is the secret of one of the study's single-use links."""
    return bool(told) and InviteLink.objects.filter(study=study, secret_hash=hashed(told)).exists()


def secret_for_somebody_new(study: Study, told: str) -> str:
    """Return the secret with which somebody new begins; `told` is what their link holds, empty without one.

    Raises Conflict where the study is open by single-use links alone and this is none of them.
    """
    if study.recruiting != Recruiting.LINKS:
        return new_secret()
    if not told:
        raise Conflict(
            "link_needed",
            _("This study is open to people with a link of their own. Use the one that you were sent."),
        )
    if not is_link_of(study, told):
        raise Conflict("link_unknown", _("This link is not known in this study."))
    return told
