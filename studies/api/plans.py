"""The plan of a draft in the API: its numbers with intervals and chances, its cost, what is missing before launch."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from accounts.models import User
from studies.design.planning import PlannedInterval, PlanningPanel, RuleErrors
from studies.drafting.approving import approvals_of, fingerprint_of, needs_approval
from studies.drafting.preregistering import rule_sentence
from studies.drafting.sheets import Sheet, sheet_of
from studies.models import Study


class ApprovalOut(serializers.Serializer[Any]):
    """An approval of the draft as it stands."""

    approved_at = serializers.DateTimeField()
    is_own = serializers.BooleanField(
        help_text="Given by the person of the token, who needs another's to launch."
    )


class PrecisionOut(serializers.Serializer[Any]):
    """Wilson's 95% interval at a share of n answers, and the lowest share expected over pairs that are all alike."""

    share = serializers.FloatField()
    n = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    expected_minimum = serializers.FloatField(allow_null=True)


class ClaimOut(serializers.Serializer[Any]):
    """What "at least `share` for every pair" takes, and its chances at the planned number of answers."""

    share = serializers.FloatField()
    answers_one_pair = serializers.IntegerField()
    answers_all_pairs = serializers.IntegerField()
    participants_all_pairs = serializers.IntegerField()
    true_share = serializers.FloatField()
    chance_one_pair = serializers.FloatField()
    chance_all_pairs = serializers.FloatField()


class KeptOut(serializers.Serializer[Any]):
    """The share of people with one behaviour that a rule keeps."""

    behaviour = serializers.CharField()
    share = serializers.FloatField()


class RuleErrorsOut(serializers.Serializer[Any]):
    """A declared rule of exclusion: honest people that it loses, others that it keeps; nothing is assumed of time."""

    rule = serializers.CharField()
    honest_lost = serializers.FloatField(allow_null=True)
    guessers_kept = KeptOut(many=True)


class NumbersOut(serializers.Serializer[Any]):
    """What the plan comes to; money in the researcher's own currency."""

    participants = serializers.IntegerField()
    n_pairs = serializers.IntegerField()
    n_distractors = serializers.IntegerField()
    n_controls = serializers.IntegerField()
    answers_per_pair = serializers.IntegerField()
    answers_per_distractor = serializers.FloatField()
    cards_each = serializers.IntegerField()
    minutes_each = serializers.FloatField()
    hourly_pay = serializers.FloatField()
    fair_hourly_pay = serializers.FloatField()
    is_below_fair_pay = serializers.BooleanField()
    total_pay = serializers.FloatField()
    precision = PrecisionOut(many=True)
    claims = ClaimOut(many=True)
    rules = RuleErrorsOut(many=True)


class AvailableOut(serializers.Serializer[Any]):
    """What the project has to show; a distractor and a control count once for each image.

    `paraphrases` is null for a study of images and captions.
    """

    hard = serializers.IntegerField()
    medium = serializers.IntegerField()
    easy = serializers.IntegerField()
    distractors = serializers.IntegerField()
    controls = serializers.IntegerField()
    paraphrases = serializers.IntegerField(allow_null=True)


class PlanOut(serializers.Serializer[Any]):
    """A draft before its launch; `numbers` are null while they do not fit together, as `problems` then say.

    `fingerprint` is that of all that the draft declares: a second person approves it by this.
    """

    is_ready = serializers.BooleanField()
    missing_settings = serializers.ListField(child=serializers.CharField())
    empty_texts = serializers.ListField(child=serializers.CharField())
    problems = serializers.ListField(child=serializers.CharField())
    fingerprint = serializers.CharField()
    needs_approval = serializers.BooleanField()
    approvals = ApprovalOut(many=True)
    n_tests = serializers.IntegerField()
    n_simulated = serializers.IntegerField()
    available = AvailableOut()
    numbers = NumbersOut(allow_null=True)


def told_plan(study: Study, person: User) -> dict[str, Any]:
    """Return the plan of a draft as `PlanOut` has it."""
    sheet = sheet_of(study)
    fingerprint = fingerprint_of(study, sheet.choice)
    ready, people = sheet.ready, study.participants
    return {
        "is_ready": ready.is_ready,
        "missing_settings": list(ready.missing_fields),
        "empty_texts": list(ready.empty_texts),
        "problems": [str(problem) for problem in ready.problems],
        "fingerprint": fingerprint,
        "needs_approval": needs_approval(study.project),
        "approvals": [
            {"approved_at": row.approved_at, "is_own": row.approver_id == person.pk}
            for row in approvals_of(study, fingerprint)
        ],
        "n_tests": people.filter(is_test=True).count(),
        "n_simulated": people.filter(is_simulated=True).count(),
        "available": _available(sheet),
        "numbers": _numbers(sheet) if sheet.plan and sheet.panel else None,
    }


def _available(sheet: Sheet) -> dict[str, int | None]:
    graded = sheet.choice.paraphrase_choice
    return {
        **sheet.available.by_difficulty,
        "distractors": sheet.available.distractors,
        "controls": sheet.available.controls,
        "paraphrases": graded.eligible if graded else None,
    }


def _numbers(sheet: Sheet) -> dict[str, Any]:
    plan, panel = sheet.plan, sheet.panel
    assert plan is not None
    assert panel is not None
    return {
        "participants": plan.participants,
        "n_pairs": len(plan.pairs),
        "n_distractors": len(plan.distractors),
        "n_controls": len(plan.controls),
        "answers_per_pair": panel.ratings_per_pair,
        "answers_per_distractor": panel.ratings_per_distractor,
        "cards_each": plan.sequence_length,
        **_cost(panel),
        "precision": [_precision(planned) for planned in sheet.precision],
        "claims": [asdict(claim) for claim in panel.claims],
        "rules": [_errors(errors) for errors in panel.rule_errors],
    }


def _cost(panel: PlanningPanel) -> dict[str, Any]:
    cost = panel.cost
    return {
        "minutes_each": cost.minutes,
        "hourly_pay": cost.hourly_pay,
        "fair_hourly_pay": cost.fair_hourly_pay,
        "is_below_fair_pay": cost.is_below_fair_pay,
        "total_pay": cost.total,
    }


def _precision(planned: PlannedInterval) -> dict[str, Any]:
    return {
        "share": planned.share,
        "n": planned.n,
        "low": planned.interval.low,
        "high": planned.interval.high,
        "expected_minimum": planned.expected_minimum,
    }


def _errors(errors: RuleErrors) -> dict[str, Any]:
    return {
        "rule": rule_sentence(errors.rule) if errors.rule else "",
        "honest_lost": errors.honest_lost,
        "guessers_kept": [{"behaviour": name, "share": share} for name, share in errors.guessers_kept],
    }
