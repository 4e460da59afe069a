"""The ids that platforms gave participants: kept apart from the answers, encrypted, given out only on request."""

import csv
import io
import json
from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict
from polyannot.kernel.sealing import marks_of, seal, unseal
from polyannot.kernel.tables import safe_cell
from projects.history import append_event
from studies.models import Participant, PlatformIdentity, Study, StudyState
from studies.taking.platforms import PlatformVisit, code_for

COLUMNS = ("participant_id", "study_id", "session_id", "state", "code")


def _named(study_id: int, person: str) -> str:
    return f"platform:{study_id}:{person}"


def marks_for(study: Study, person: str) -> list[str]:
    """Return under which marks a platform's id may be known in this study, the present key's first."""
    return marks_of(_named(study.pk, person))


def keep_identity(*, participant: Participant, visit: PlatformVisit) -> None:
    """Keep the ids, encrypted. Raises IntegrityError where the study knows the id as somebody else."""
    marks = marks_for(participant.study, visit.person)
    if PlatformIdentity.objects.filter(mark__in=marks[1:]).exists():
        raise IntegrityError("The id is known under an older key.")
    PlatformIdentity.objects.create(participant=participant, mark=marks[0], sealed=_sealed(visit))


def note_session(*, participant: Participant, visit: PlatformVisit) -> None:
    """Keep the latest session of somebody whose ids are kept; where they were erased they stay so."""
    identity = PlatformIdentity.objects.filter(participant=participant).first()
    if identity is not None and opened(identity) != visit:
        identity.sealed = _sealed(visit)
        identity.save(update_fields=["sealed"])


def _sealed(visit: PlatformVisit) -> str:
    return seal(json.dumps(asdict(visit)))


def opened(identity: PlatformIdentity) -> PlatformVisit | None:
    """Return the ids; None where they were sealed with a key that the settings no longer hold."""
    text = unseal(identity.sealed)
    return PlatformVisit(**json.loads(text)) if text is not None else None


def platform_id(participant: Participant) -> str:
    """Return the id under which a platform knows this person, empty for all others."""
    identity = PlatformIdentity.objects.filter(participant=participant).first()
    visit = opened(identity) if identity else None
    return visit.person if visit else ""


def identities_csv(*, study: Study, actor: User | None) -> str:
    """Return the platform's ids with state and code, for paying people: one row each, no answer, none of our ids.

    In the order of the ids, which says nothing about who came when. That they were given out is noted in the history.
    """
    rows = []
    identities = PlatformIdentity.objects.filter(participant__study=study).select_related("participant")
    for identity in identities:
        person, visit = identity.participant, opened(identity)
        if visit is not None:
            code = code_for(study, person) if person.state in {"finished", "declined"} else ""
            rows.append([visit.person, visit.study, visit.session, person.state, code])
    append_event(actor=actor, act="platform_ids_exported", row=study)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(cell) for cell in row] for row in sorted(rows))
    return out.getvalue()


def erase_identities(*, study: Study, actor: User | None) -> int:
    """Erase the platform's ids of everybody in a closed study; return how many. Answers stay, as nobody's in person.

    Raises Conflict while the study is open, since people could then not be found again.
    """
    with transaction.atomic():
        row = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        if row.state != StudyState.CLOSED:
            raise Conflict("study_running", _("Close the study first; its people could not go on otherwise."))
        count, _by_model = PlatformIdentity.objects.filter(participant__study=row).delete()
        if count:
            append_event(actor=actor, act="platform_ids_erased", row=row)
    return count


def reseal_identities() -> int:
    """Encrypt every id with the first key of the settings, so that an older one can go; return how many.

    What no key opens is left as it is.
    """
    count = 0
    with transaction.atomic():
        for identity in PlatformIdentity.objects.select_for_update().select_related("participant__study"):
            if (visit := opened(identity)) is not None:
                identity.sealed = _sealed(visit)
                identity.mark = marks_for(identity.participant.study, visit.person)[0]
                identity.save(update_fields=["sealed", "mark"])
                count += 1
    return count
