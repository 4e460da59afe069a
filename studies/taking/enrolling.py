"""Coming in: arriving by the link, consenting, being dealt cards; or declining.

No event is written for what participants do: their own rows say it, and withdrawing must be able to erase it.
"""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Conflict
from studies.design.cards import StudyLoads, StudyPlan, deal_participant
from studies.design.choosing import DesignError
from studies.design.dealing import is_filled
from studies.drafting.plans import frozen_plan, images_in, kept_people, read_loads
from studies.models import (
    Card,
    Participant,
    ParticipantState,
    PlatformIdentity,
    Study,
    StudyState,
    StudyText,
    TextKind,
)
from studies.taking.identities import keep_identity, note_session
from studies.taking.keys import hashed, withdrawal_code
from studies.taking.platforms import PlatformVisit, platform_of


def arrive(
    *,
    study: Study,
    secret: str,
    visit: PlatformVisit | None = None,
    is_test: bool = False,
    is_simulated: bool = False,
) -> Participant:
    """Return the participant whose link holds this secret, a new one where nobody came with it before.

    `visit` holds the ids of the platform that sent them; they are kept apart and encrypted.
    Raises Conflict when somebody new comes to a study that takes nobody new, and when the platform's id is known by
    another secret (the installation's key was changed since).
    """
    mark = hashed(secret)
    if (known := _known(mark, visit)) is not None:
        return known
    _refuse_unless_open(study, is_test=is_test)
    is_counted = not is_test and not (visit and platform_of(study))
    if is_counted and not has_place(study, is_simulated=is_simulated):
        raise Conflict("study_full", _("This study has all the participants it needs at the moment."))
    try:
        with transaction.atomic():
            person = Participant.objects.create(
                study=study,
                secret_hash=mark,
                withdrawal_hash=hashed(withdrawal_code(secret)),
                is_test=is_test,
                is_simulated=is_simulated,
                seen_at=timezone.now(),
            )
            if visit is not None:
                keep_identity(participant=person, visit=visit)
            return person
    except IntegrityError as clash:
        if (known := _known(mark, visit)) is not None:
            return known
        raise Conflict(
            "participant_known",
            _("You have begun already, and this link no longer leads there. Use your personal link instead."),
        ) from clash


def _refuse_unless_open(study: Study, *, is_test: bool) -> None:
    """Let people into a launched study, and test runs into a draft."""
    if study.state == StudyState.LAUNCHED or (is_test and study.is_draft):
        return
    raise Conflict("study_not_open", _("This study takes no new participants at the moment."))


def _known(mark: str, visit: PlatformVisit | None) -> Participant | None:
    """Return who came with this secret before; whoever comes in another session of the platform keeps the latest."""
    known = Participant.objects.filter(secret_hash=mark).first()
    if known is not None and visit is not None:
        note_session(participant=known, visit=visit)
    return known


def is_sent_by_platform(study: Study, person: Participant) -> bool:
    """Say whether a platform counts this person's place: one recruits for the study, and it sent them."""
    return platform_of(study) is not None and PlatformIdentity.objects.filter(participant=person).exists()


def has_place(study: Study, *, is_simulated: bool = False) -> bool:
    """Say whether the study still wants people: the planned number, and more while a pair lacks answers.

    Whoever is replaced does not count. Where answers and pairs do not divide evenly, the last of the planned people
    come although every pair has its target by then.
    """
    plan = frozen_plan(study)
    loads = read_loads(study, plan, is_simulated=is_simulated)
    return _has_place(study, plan, loads, is_simulated=is_simulated)


def _has_place(study: Study, plan: StudyPlan, loads: StudyLoads, *, is_simulated: bool) -> bool:
    if not is_filled(loads.targets, target=plan.target):
        return True
    people = study.participants.filter(is_test=False, is_simulated=is_simulated, ordinal__isnull=False)
    return people.filter(kept_people(plan.replacement)).count() < plan.participants


def give_consent(*, participant: Participant, text: StudyText) -> Participant:
    """Note which text was agreed to and deal the cards; agreeing twice changes nothing.

    The study's row is locked while loads are read and cards written, so that people who come at the same moment are
    dealt one after the other. Somebody whom a platform sent is let in even when the study has just filled up, since
    the platform counts the places. Raises Conflict for somebody who declined or withdrew, a text that is not the
    study's newest, or a study that takes nobody new.
    """
    with transaction.atomic():
        person = Participant.objects.select_for_update(no_key=True, of=("self",)).get(pk=participant.pk)
        if person.state in {ParticipantState.ACTIVE, ParticipantState.FINISHED, ParticipantState.LAPSED}:
            return person
        if person.state == ParticipantState.WITHDRAWN:
            raise Conflict("participant_withdrawn", _("You have withdrawn from this study."))
        study = Study.objects.select_for_update(no_key=True).get(pk=person.study_id)
        _refuse_unless_open(study, is_test=person.is_test)
        newest = study.texts.filter(kind=TextKind.CONSENT).order_by("-number").first()
        if newest is None or newest.pk != text.pk:
            raise Conflict("consent_changed", _("The text has changed; please read it again."))
        _deal(study, person)
        now = timezone.now()
        person.state = ParticipantState.ACTIVE
        person.consent = newest
        person.consented_at = person.seen_at = now
        person.save(update_fields=["state", "consent", "consented_at", "seen_at", "ordinal"])
    return person


def _deal(study: Study, person: Participant) -> None:
    try:
        plan = frozen_plan(study)
    except DesignError as error:  # a draft whose numbers were changed under a test run
        raise Conflict("study_not_open", _("The draft was changed; begin a new test run.")) from error
    loads = read_loads(study, plan, is_simulated=person.is_simulated)
    may_overfill = person.is_test or is_sent_by_platform(study, person)
    if not may_overfill and not _has_place(study, plan, loads, is_simulated=person.is_simulated):
        raise Conflict("study_full", _("This study has all the participants it needs at the moment."))
    last = study.participants.order_by("-ordinal").exclude(ordinal=None).first()
    person.ordinal = (last.ordinal or 0) + 1 if last else 1
    cards = deal_participant(plan, loads, ordinal=person.ordinal, image_of=images_in(study))
    Card.objects.bulk_create(
        [
            Card(
                study=study,
                participant=person,
                pair_id=card.pair,
                position=card.position,
                is_repeat=card.role == "repeat",
            )
            for card in cards
        ]
    )


def decline(*, participant: Participant) -> None:
    """Note that somebody does not want to take part; they may still change their mind while the study is open.

    Raises Conflict for somebody who has consented.
    """
    changed = Participant.objects.filter(
        pk=participant.pk, state__in=[ParticipantState.ARRIVED, ParticipantState.DECLINED]
    ).update(state=ParticipantState.DECLINED, seen_at=timezone.now())
    if not changed:
        raise Conflict("participant_consented", _("You have already begun. You can withdraw instead."))


def begin(*, participant: Participant) -> None:
    """Note that the instructions were read; reading them twice changes nothing."""
    now = timezone.now()
    Participant.objects.filter(
        pk=participant.pk, state__in=[ParticipantState.ACTIVE, ParticipantState.LAPSED], began_at=None
    ).update(began_at=now, seen_at=now)
