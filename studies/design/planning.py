"""What a study will be able to say and what it costs, shown before launch.

See docs/algorithms/study-design.md. Shares lie between 0 and 1, money is in the researcher's own currency.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom

from measures.intervals import Interval
from measures.proportions import answers_needed, expected_minimum, sidak_level, wilson
from studies.design.cards import StudyPlan
from studies.design.exclusion import ExclusionRule

PLANNING_SHARES = (0.85, 0.92, 0.99)
PERFECT_SHARES = (0.5, 0.7, 0.9)
CLAIMS = (0.80, 0.85, 0.90)
SECONDS_PER_CARD = 8.0
MINUTES_BESIDE = 3.0
FAIR_HOURLY_PAY = 12.0


@dataclass(frozen=True)
class Behaviour:
    """How somebody answers: the chance of "good" on a target, a distractor and a positive control."""

    name: str
    good_on_target: float
    good_on_distractor: float
    good_on_control: float


HONEST = Behaviour("honest", 0.92, 0.08, 0.98)
COIN = Behaviour("answers by a coin", 0.5, 0.5, 0.5)
ALWAYS_GOOD = Behaviour("always answers good", 1.0, 1.0, 1.0)
ALWAYS_BAD = Behaviour("always answers bad", 0.0, 0.0, 0.0)
GUESSERS = (COIN, ALWAYS_GOOD, ALWAYS_BAD)
# Where paraphrases are graded, "good" is a grade that is high for its role (`grades.is_high`).
HONEST_GRADER = Behaviour("honest", 0.70, 0.02, 0.98)
DIE = Behaviour("grades by a die", 1 / 6, 4 / 6, 1 / 6)
ALWAYS_HIGHEST = Behaviour("always gives 5", 1.0, 1.0, 1.0)
ALWAYS_LOWEST = Behaviour("always gives 0", 0.0, 0.0, 0.0)
GRADE_GUESSERS = (DIE, ALWAYS_HIGHEST, ALWAYS_LOWEST)


@dataclass(frozen=True)
class PlannedInterval:
    """Wilson's interval that a pair would get if `share` of its `n` answers were good.

    `expected_minimum` is the lowest share to be expected among all pairs if each had this true share.
    """

    share: float
    n: int
    interval: Interval
    expected_minimum: float | None


@dataclass(frozen=True)
class PlannedClaim:
    """What "at least `share` for every pair" takes, and how likely it comes out at the planned n.

    `answers_one_pair` and `answers_all_pairs`: answers, all of them good, that put Wilson's lower end at
    the claim for one pair, and for all pairs together (Sidak). `participants_all_pairs` are the people
    that the latter takes. The chances hold if the true share of every pair is `true_share`, answers
    independent.
    """

    share: float
    answers_one_pair: int
    answers_all_pairs: int
    participants_all_pairs: int
    true_share: float
    chance_one_pair: float
    chance_all_pairs: float


@dataclass(frozen=True)
class RuleErrors:
    """Both error rates of an exclusion rule: honest people lost, guessers of each kind kept.

    None where the rule looks at time or completeness, about which nothing is assumed.
    """

    rule: ExclusionRule | None
    honest_lost: float | None
    guessers_kept: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class PlannedCost:
    """Minutes for one participant and money for all, with the platform's fee."""

    minutes: float
    pay_each: float
    hourly_pay: float
    is_below_fair_pay: bool
    fair_hourly_pay: float
    participants: int
    total: float


@dataclass(frozen=True)
class PlanningPanel:
    """Everything that the study builder shows beside a plan."""

    ratings_per_pair: int
    ratings_per_distractor: float
    intervals: tuple[PlannedInterval, ...]
    claims: tuple[PlannedClaim, ...]
    rule_errors: tuple[RuleErrors, ...]
    all_rules: RuleErrors
    cost: PlannedCost


def planning_panel(
    plan: StudyPlan,
    *,
    rules: Sequence[ExclusionRule] = (),
    pay_each: float,
    fee: float = 0.0,
    seconds_per_card: float = SECONDS_PER_CARD,
    minutes_beside: float = MINUTES_BESIDE,
    fair_hourly_pay: float = FAIR_HOURLY_PAY,
    shares: Sequence[float] = PLANNING_SHARES,
    claims: Sequence[float] = CLAIMS,
    honest: Behaviour = HONEST,
    guessers: Sequence[Behaviour] = GUESSERS,
) -> PlanningPanel:
    """The whole panel of a plan; `fee` is the platform's fee as a share of the pay (0.33 for a third)."""
    minutes = plan.sequence_length * seconds_per_card / 60 + minutes_beside
    used = len(plan.distractors)
    return PlanningPanel(
        ratings_per_pair=plan.target,
        ratings_per_distractor=plan.participants * plan.distractors_each / used if used else 0.0,
        intervals=planned_intervals(plan.target, pairs=len(plan.pairs), shares=shares),
        claims=tuple(
            planned_claim(claim, plan=plan, true_share=max(honest.good_on_target, claim)) for claim in claims
        ),
        rule_errors=tuple(rule_errors(rule, plan=plan, honest=honest, guessers=guessers) for rule in rules),
        all_rules=joint_errors(rules, plan=plan, honest=honest, guessers=guessers),
        cost=planned_cost(
            plan.participants, minutes=minutes, pay_each=pay_each, fee=fee, fair_hourly_pay=fair_hourly_pay
        ),
    )


def planned_intervals(
    n: int, *, pairs: int, shares: Sequence[float] = PLANNING_SHARES
) -> tuple[PlannedInterval, ...]:
    """Wilson's interval at each share for n answers, with the minimum to be expected over `pairs`."""
    return tuple(
        PlannedInterval(
            share, n, wilson(share * n, n), expected_minimum([n] * pairs, share) if n and pairs else None
        )
        for share in shares
    )


def planned_intervals_of(plan: StudyPlan, *, is_graded: bool) -> tuple[PlannedInterval, ...]:
    """The planned precision: of one pair's share good, or of the share of all paraphrases that are perfect."""
    if is_graded:
        return planned_intervals(len(plan.pairs), pairs=1, shares=PERFECT_SHARES)
    return planned_intervals(plan.target, pairs=len(plan.pairs))


def planned_claim(share: float, *, plan: StudyPlan, true_share: float) -> PlannedClaim:
    """What the claim "at least `share` for every pair" takes under this plan."""
    pairs = len(plan.pairs)
    one, every = answers_needed(share), answers_needed(share, pairs=pairs)
    if one is None or every is None:
        raise ValueError(f"No number of answers proves {share}.")
    return PlannedClaim(
        share=share,
        answers_one_pair=one,
        answers_all_pairs=every,
        participants_all_pairs=-(-every * pairs // plan.cards),
        true_share=true_share,
        chance_one_pair=chance_of_claim(share, n=plan.target, true_share=true_share),
        chance_all_pairs=chance_of_claim(share, n=plan.target, true_share=true_share, pairs=pairs),
    )


def chance_of_claim(share: float, *, n: int, true_share: float, pairs: int = 1) -> float:
    """The chance that Wilson's lower end reaches `share` for all of `pairs` pairs with n answers each.

    With several pairs the intervals are simultaneous (Sidak). Assumes one true share, answers independent.
    """
    level = sidak_level(pairs)
    # The lower end rises with the number of good answers.
    fewest = bisect_left(range(n + 1), True, key=lambda k: wilson(k, n, level).low >= share)
    if n == 0 or fewest > n:
        return 0.0
    return float(binom.sf(fewest - 1, n, true_share) ** pairs)


def rule_errors(
    rule: ExclusionRule,
    *,
    plan: StudyPlan,
    honest: Behaviour = HONEST,
    guessers: Sequence[Behaviour] = GUESSERS,
) -> RuleErrors:
    """Honest people lost and guessers kept by one rule, from the binomial distribution.

    Assumes that somebody's answers are independent given their behaviour and that all cards are answered.
    """
    if _chance_kept(rule, plan, honest) is None:
        return RuleErrors(rule, None, ())
    return RuleErrors(rule, *_errors([rule], plan, honest, guessers))


def joint_errors(
    rules: Sequence[ExclusionRule],
    *,
    plan: StudyPlan,
    honest: Behaviour = HONEST,
    guessers: Sequence[Behaviour] = GUESSERS,
) -> RuleErrors:
    """The errors of all rules together; rules about time and completeness are taken to keep everybody."""
    return RuleErrors(None, *_errors(rules, plan, honest, guessers))


def _errors(
    rules: Sequence[ExclusionRule], plan: StudyPlan, honest: Behaviour, guessers: Sequence[Behaviour]
) -> tuple[float, tuple[tuple[str, float], ...]]:
    def kept(behaviour: Behaviour) -> float:
        chances = (_chance_kept(rule, plan, behaviour) for rule in rules)
        return math.prod(chance for chance in chances if chance is not None)

    return 1.0 - kept(honest), tuple((guesser.name, kept(guesser)) for guesser in guessers)


def _chance_kept(rule: ExclusionRule, plan: StudyPlan, behaviour: Behaviour) -> float | None:
    if rule.kind == "distractors":
        return float(binom.cdf(rule.limit, plan.distractors_each, behaviour.good_on_distractor))
    if rule.kind == "controls":
        return float(binom.cdf(rule.limit, plan.controls_each, 1.0 - behaviour.good_on_control))
    return None


def planned_cost(
    participants: int,
    *,
    minutes: float,
    pay_each: float,
    fee: float = 0.0,
    fair_hourly_pay: float = FAIR_HOURLY_PAY,
) -> PlannedCost:
    """Money for all participants and the hourly pay of one; below `fair_hourly_pay` is a warning."""
    if minutes <= 0 or pay_each < 0 or fee < 0:
        raise ValueError("Minutes must be above 0, pay and fee at least 0.")
    hourly = pay_each * 60 / minutes
    return PlannedCost(
        minutes=minutes,
        pay_each=pay_each,
        hourly_pay=hourly,
        is_below_fair_pay=hourly < fair_hourly_pay,
        fair_hourly_pay=fair_hourly_pay,
        participants=participants,
        total=participants * pay_each * (1 + fee),
    )
