"""The simulated pilot of a draft: made-up participants fill the results page before launch; marked and deletable."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from projects.history import append_event
from studies.design.pilot import Pilot, PilotAssumptions, PilotParticipant, simulate_pilot
from studies.design.planning import DIE, HONEST_GRADER
from studies.drafting.building import locked_draft
from studies.drafting.contents import draft_choice
from studies.drafting.laying_out import lay_out
from studies.drafting.plans import declared_rules, images_in
from studies.drafting.wording import current_text
from studies.models import (
    Answer,
    Card,
    CardState,
    Participant,
    ParticipantState,
    Study,
    StudyText,
    TextKind,
)
from studies.taking.keys import hashed, new_secret


def delete_pilot(*, study: Study, actor: User | None) -> int:
    """Delete the simulated participants of a study with all that hangs on them; return how many.

    Figures that rest on them go too: such figures, and all of a draft, were computed from nothing else.
    """
    with transaction.atomic():
        simulated = Participant.objects.filter(study=study, is_simulated=True)
        count = simulated.count()
        if count:
            Card.objects.filter(participant__in=simulated).delete()
            simulated.delete()
            results = study.results.all() if study.is_draft else study.results.filter(n_simulated__gt=0)
            results.delete()
            append_event(actor=actor, act="pilot_deleted", row=study)
    return count


def run_pilot(*, study: Study, actor: User | None, assumptions: PilotAssumptions | None = None) -> Pilot:
    """Lay out the draft's pairs, simulate participants over them and write their rows.

    An earlier pilot and test runs of the draft go.

    The seed is the study's. Raises Conflict once the study is launched, Invalid when the numbers do not fit together.
    """
    with transaction.atomic():
        draft = locked_draft(study)
        choice = draft_choice(draft)
        delete_pilot(study=draft, actor=actor)
        Participant.objects.filter(study=draft, is_test=True).delete()
        plan = lay_out(draft, choice)
        pilot = simulate_pilot(
            plan,
            seed=draft.seed,
            assumptions=assumptions or assumed_of(draft),
            rules=declared_rules(draft),
            image_of=images_in(draft),
            is_graded=draft.is_graded,
        )
        consent = current_text(draft, TextKind.CONSENT)
        for person in pilot.participants:
            _write(draft, person, consent)
        append_event(actor=actor, act="pilot_run", row=draft)
    return pilot


def assumed_of(study: Study) -> PilotAssumptions:
    """Return how made-up people answer where nobody says otherwise."""
    return PilotAssumptions(honest=HONEST_GRADER, guesser=DIE) if study.is_graded else PilotAssumptions()


def _write(study: Study, person: PilotParticipant, consent: StudyText | None) -> None:
    now = timezone.now()
    row = Participant.objects.create(
        study=study,
        secret_hash=hashed(new_secret()),
        ordinal=person.ordinal,
        state=ParticipantState.FINISHED if person.has_finished else ParticipantState.LAPSED,
        is_simulated=True,
        is_excluded=not person.outcome.is_included,
        consent=consent,
        consented_at=now,
        began_at=now,
        finished_at=now if person.has_finished else None,
    )
    answered = len(person.answers)
    cards = Card.objects.bulk_create(
        [
            Card(
                study=study,
                participant=row,
                pair_id=card.pair,
                position=card.position,
                is_repeat=card.role == "repeat",
                state=CardState.ANSWERED if place < answered else CardState.RETURNED,
            )
            for place, card in enumerate(person.cards)
        ]
    )
    Answer.objects.bulk_create(
        [
            Answer(card=card, value=answer.said, focused_ms=answer.ms)
            for card, answer in zip(cards, person.answers, strict=False)
        ]
    )
