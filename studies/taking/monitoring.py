"""How a running study stands: people by state, answers for each pair, time taken. Test runs are left out."""

from dataclasses import dataclass
from statistics import median

from django.db.models import Count
from django.db.models.functions import Coalesce

from studies.design.dealing import is_complete, places_needed
from studies.drafting.plans import frozen_plan, read_loads
from studies.models import Answer, ParticipantState, Study


@dataclass(frozen=True)
class Standing:
    """The numbers of the monitor. Minutes run from the first pair to the last; None where nobody has finished."""

    arrived: int
    declined: int
    active: int
    finished: int
    lapsed: int
    withdrawn: int
    excluded: int
    tests: int
    simulated: int
    answers: int
    fewest: int
    most: int
    target: int
    places: int
    is_complete: bool
    median_minutes: float | None
    median_seconds: float | None

    @property
    def consented(self) -> int:
        """People who agreed and were dealt cards, withdrawn ones among them."""
        return self.active + self.finished + self.lapsed + self.withdrawn


def standing_of(study: Study) -> Standing:
    """Return how a launched study stands; simulated people count where nobody real has come."""
    is_simulated = not study.participants.filter(is_simulated=False, is_test=False).exists()
    people = study.participants.filter(is_test=False, is_simulated=is_simulated)
    states = dict(people.order_by().values("state").annotate(n=Count("pk")).values_list("state", "n"))
    plan = frozen_plan(study)
    loads = read_loads(study, plan, is_simulated=is_simulated).targets
    kept = [load.kept for load in loads]
    answers = Answer.objects.filter(card__participant__in=people)
    return Standing(
        arrived=people.count(),
        declined=states.get(ParticipantState.DECLINED, 0),
        active=states.get(ParticipantState.ACTIVE, 0),
        finished=states.get(ParticipantState.FINISHED, 0),
        lapsed=states.get(ParticipantState.LAPSED, 0),
        withdrawn=people.filter(state=ParticipantState.WITHDRAWN, consent__isnull=False).count(),
        excluded=people.filter(is_excluded=True).count(),
        tests=study.participants.filter(is_test=True).count(),
        simulated=study.participants.filter(is_simulated=True).count(),
        answers=answers.count(),
        fewest=min(kept, default=0),
        most=max(kept, default=0),
        target=plan.target,
        places=places_needed(loads, target=plan.target, cards=plan.cards),
        is_complete=is_complete(loads, target=plan.target),
        median_minutes=_median_minutes(study, is_simulated=is_simulated),
        median_seconds=_median_seconds(study, is_simulated=is_simulated),
    )


def _median_minutes(study: Study, *, is_simulated: bool) -> float | None:
    rows = study.participants.filter(
        state=ParticipantState.FINISHED, is_test=False, is_simulated=is_simulated
    ).values_list("began_at", "finished_at")
    spent = [(finished - began).total_seconds() / 60 for began, finished in rows if began and finished]
    return median(spent) if spent else None


def _median_seconds(study: Study, *, is_simulated: bool) -> float | None:
    answers = Answer.objects.filter(
        card__study=study, card__participant__is_test=False, card__participant__is_simulated=is_simulated
    ).annotate(ms=Coalesce("focused_ms", "server_ms"))
    times = [ms / 1000 for ms in answers.filter(ms__isnull=False).values_list("ms", flat=True)]
    return median(times) if times else None
