"""The plan of a study as the pure modules take it: from a draft's choice, or from frozen pairs."""

from collections.abc import Collection

from django.db.models import Count, Q

from studies.design.cards import DesignKind, StudyLoads, StudyPlan
from studies.design.dealing import PairLoad, Replacement, StateName, counts_as_kept
from studies.design.exclusion import ExclusionRule
from studies.drafting.candidates import DraftChoice
from studies.models import Card, CardState, PairRole, ParticipantState, Study, StudyDesign

DESIGNS: dict[str, DesignKind] = {StudyDesign.BALANCED: "balanced", StudyDesign.BLOCKS: "blocks"}
MILLISECONDS = 1000
STATES: tuple[StateName, ...] = ("arrived", "declined", "active", "finished", "lapsed", "withdrawn")
STATE_NAMED: dict[str, StateName] = {name: name for name in STATES}


def replacement_of(study: Study) -> Replacement:
    """Return whose answers leave a gap that somebody new fills."""
    return Replacement(
        excluded=study.replaces_excluded, withdrawn=study.replaces_withdrawn, lapsed=study.replaces_lapsed
    )


def declared_rules(study: Study) -> tuple[ExclusionRule, ...]:
    """Return the exclusion rules that the study declares."""
    rules: list[ExclusionRule] = []
    if study.max_distractors_good is not None:
        rules.append(ExclusionRule("distractors", study.max_distractors_good, study.is_graded))
    if study.max_controls_bad is not None:
        rules.append(ExclusionRule("controls", study.max_controls_bad, study.is_graded))
    if study.min_seconds_median is not None:
        rules.append(ExclusionRule("speed", study.min_seconds_median * MILLISECONDS))
    if study.min_share_answered is not None:
        rules.append(ExclusionRule("completeness", study.min_share_answered))
    return tuple(rules)


def participants_of(study: Study, n_pairs: int) -> int:
    """Return how many people the plan asks for; a draft with grades asks for as many as its graders a pair take."""
    if not (study.is_graded and study.is_draft):
        return study.target_participants
    return -(-study.graders_per_pair * n_pairs // max(1, study.pairs_per_participant))


def make_plan(
    study: Study, *, pairs: Collection[int], distractors: Collection[int], controls: Collection[int]
) -> StudyPlan:
    """Return the plan with these pairs, hardest first. Raises DesignError when the numbers do not fit together."""
    return StudyPlan(
        pairs=tuple(pairs),
        distractors=tuple(distractors),
        controls=tuple(controls),
        kind=DESIGNS[study.design],
        participants=participants_of(study, len(pairs)),
        cards=study.pairs_per_participant,
        distractors_each=study.distractors_per_participant,
        controls_each=study.controls_per_participant,
        repeats=study.repeats_per_participant,
        seed=study.seed,
        replacement=replacement_of(study),
    )


def drafted_plan(study: Study, choice: DraftChoice) -> StudyPlan:
    """Return the plan of a draft. Raises DesignError when the numbers do not fit together."""
    return make_plan(study, pairs=choice.pairs, distractors=choice.distractors, controls=choice.controls)


def frozen_plan(study: Study) -> StudyPlan:
    """Return the plan of a study whose pairs are laid out, by study pair."""
    rows = list(study.pairs.order_by("role", "position").values_list("role", "pk"))
    by_role = {role: [pk for found, pk in rows if found == role] for role in PairRole.values}
    return make_plan(
        study,
        pairs=by_role[PairRole.TARGET],
        distractors=by_role[PairRole.DISTRACTOR],
        controls=by_role[PairRole.CONTROL],
    )


def kept_people(replacement: Replacement, prefix: str = "") -> Q:
    """Return the people whose answers count for the balance, as a filter; `prefix` leads to them from another row."""
    states = [state for state in STATES if counts_as_kept(state, replacement)]
    kept = Q(**{f"{prefix}state__in": states})
    return kept & Q(**{f"{prefix}is_excluded": False}) if replacement.excluded else kept


def read_loads(study: Study, plan: StudyPlan, *, is_simulated: bool = False) -> StudyLoads:
    """Return what every pair has now; read it under the study's lock. Test runs and repeats count nowhere.

    Real and simulated participants never fill each other's places.
    """
    kept = Q(state=CardState.ANSWERED) & kept_people(plan.replacement, "participant__")
    live = Q(state=CardState.LIVE, participant__state=ParticipantState.ACTIVE)
    counted = {
        pair: PairLoad(pair, kept=n_kept, live=n_live)
        for pair, n_kept, n_live in Card.objects.filter(
            study=study, is_repeat=False, participant__is_test=False, participant__is_simulated=is_simulated
        )
        .order_by()
        .values("pair")
        .annotate(n_kept=Count("pk", filter=kept), n_live=Count("pk", filter=live))
        .values_list("pair", "n_kept", "n_live")
    }

    def loads(pairs: Collection[int]) -> list[PairLoad]:
        return [counted.get(pair, PairLoad(pair)) for pair in pairs]

    return StudyLoads(loads(plan.pairs), loads(plan.distractors), loads(plan.controls))


def images_in(study: Study) -> dict[int, int]:
    """Return the image of each study pair, so that a distractor keeps away from its own image's target."""
    return dict(study.pairs.values_list("pk", "image_id"))
