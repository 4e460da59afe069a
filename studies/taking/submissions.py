"""What a platform says became of its people: the places of those who gave up there go to others at once.

Prolific's table of submissions has the columns "Participant id" and "Status" (its help pages name the states).
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Invalid
from projects.history import append_event
from studies.models import Participant, ParticipantState, PlatformIdentity, Study
from studies.taking.identities import marks_for
from studies.taking.withdrawing import lapse

PERSON_COLUMN, STATUS_COLUMN = "participant id", "status"
# A person with one of these and nothing else has given up; their place is free on the platform too.
GAVE_UP = frozenset({"RETURNED", "TIMED-OUT", "TIMED OUT"})
HANDED_IN = frozenset({"AWAITING REVIEW", "APPROVED"})
MOST_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Reconciled:
    """How the platform's table and the study's own rows meet, in people.

    `freed` had cards that now go to others; `finished_yet_returned` answered everything here but gave up there;
    `handed_in_unfinished` handed in there without being finished here; `unknown` never came here.
    """

    people: int
    freed: int
    finished_yet_returned: int
    handed_in_unfinished: int
    unknown: int


def read_submissions(data: bytes) -> dict[str, set[str]]:
    """Return the states of each person in a platform's table. Raises Invalid where it is no such table."""
    if len(data) > MOST_BYTES:
        raise Invalid("submissions_too_big", _("The file is larger than 5 MB; nothing was changed."))
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        names = {name.strip().lower(): name for name in reader.fieldnames or () if name}
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid("submissions_unreadable", _("This is no CSV in UTF-8; nothing was changed.")) from error
    missing = {PERSON_COLUMN, STATUS_COLUMN} - set(names)
    if missing:
        told = ", ".join(sorted(missing))
        raise Invalid(
            "submissions_columns", _("Columns are missing: %(names)s. Nothing was changed.") % {"names": told}
        )
    states: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        person = (row[names[PERSON_COLUMN]] or "").strip()
        if person:
            states[person].add((row[names[STATUS_COLUMN]] or "").strip().upper())
    return dict(states)


def take_submissions(*, study: Study, states: Mapping[str, set[str]], actor: User | None) -> Reconciled:
    """Let the cards of people who gave up on the platform go to others; say where table and study differ.

    They keep the answers they gave, as people who stop early do, and may still come back. Taking the same table twice
    changes nothing more.
    """
    known = _people(study, states)
    freed = sum(
        lapse(person)
        for name, person in known.items()
        if states[name] <= GAVE_UP and person.state == ParticipantState.ACTIVE
    )
    append_event(actor=actor, act="submissions_taken", row=study)
    return Reconciled(
        people=len(states),
        freed=freed,
        finished_yet_returned=sum(
            states[name] <= GAVE_UP and person.state == ParticipantState.FINISHED
            for name, person in known.items()
        ),
        handed_in_unfinished=sum(
            bool(states[name] & HANDED_IN) and person.state != ParticipantState.FINISHED
            for name, person in known.items()
        ),
        unknown=len(states) - len(known),
    )


def _people(study: Study, names: Iterable[str]) -> dict[str, Participant]:
    """The study's participants by the platform's id, among these ids."""
    by_mark = {mark: name for name in names for mark in marks_for(study, name)}
    found = PlatformIdentity.objects.filter(participant__study=study, mark__in=list(by_mark)).select_related(
        "participant"
    )
    return {by_mark[identity.mark]: identity.participant for identity in found}
