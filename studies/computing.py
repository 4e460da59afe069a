"""All figures of a study in one go: what a worker computes and a results page shows."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.models import Job
from studies.exclusion import ExclusionOutcome
from studies.models import PairRole, Study, StudyPair, StudyResult
from studies.plans import STATE_NAMED, declared_rules
from studies.preregistering import rule_sentence
from studies.results import answer_rows, eligible_participants, exclusion_outcomes
from studies.rows import AnswerRow, PairFacts
from studies.summary import FlowPerson, StudyFigures, participant_flow, study_figures

# Raised when the stored figures come to mean something else.
FIGURES_FORMAT = "polyannot-study-figures/1"


def code_version() -> str:
    """Return the version of the installed package; a checkout that was never installed has none."""
    try:
        return version("polyannot")
    except PackageNotFoundError:
        return ""


def write_result(*, study: Study, job: Job) -> StudyResult:
    """Compute the figures and store them with the job; running twice writes the same row again."""
    began = timezone.now()
    figures = compute_figures(study)
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        if study.participants.filter(withdrawn_at__gte=began).exists():
            figures = without_single_people(figures)
        result, _made = StudyResult.objects.update_or_create(
            job=job,
            defaults={
                "study": study,
                "n_participants": figures["n_participants"],
                "n_answers": figures["n_answers"],
                "n_simulated": figures["n_participants"] if figures["is_simulated"] else 0,
                "seed": study.seed,
                "code_version": code_version(),
                "figures": figures,
            },
        )
    return result


def without_single_people(figures: dict[str, Any]) -> dict[str, Any]:
    """Return stored figures without what they say about one person each; sums over people stay as they were."""
    kept = figures | {"exclusions": []}
    for group in ("everybody", "without_excluded"):
        attention = figures[group]["attention"] | {"by_participant": []}
        kept[group] = figures[group] | {"attention": attention}
    return kept


def forget_single_people(study: Study) -> None:
    """Take what is said about one person each out of all stored figures of a study; call it when somebody withdraws.

    Figures do not say which of their numbered people somebody was, so that all of them go until the next computation.
    """
    for result in StudyResult.objects.filter(study=study):
        result.figures = without_single_people(result.figures)
        result.save(update_fields=["figures"])


def compute_figures(study: Study) -> dict[str, Any]:
    """Return every figure as plain values; over simulated participants only where nobody real came.

    `everybody` are all whose answers are kept, `without_excluded` those whom no declared rule leaves out; `primary`
    names which of the two was declared. Pairs are numbered as in the study, people by a running number.
    """
    is_simulated = not study.participants.filter(is_simulated=False, is_test=False).exists()
    people = eligible_participants(study, is_simulated=is_simulated)
    rows = answer_rows(people)
    outcomes = exclusion_outcomes(study, people, rows)
    excluded = {outcome.participant for outcome in outcomes if not outcome.is_included}
    answered = {row.participant for row in rows}
    pairs = list(study.pairs.filter(role=PairRole.TARGET).order_by("position"))
    facts = [PairFacts(pair.pk, pair.difficulty, pair.cosine) for pair in pairs]
    numbers = {person: number for number, person in enumerate(people, start=1)}
    everybody = study_figures(rows, facts, seed=study.seed)
    kept = study_figures(rows, facts, analysed=set(people) - excluded, seed=study.seed)
    return {
        "format": FIGURES_FORMAT,
        "is_simulated": is_simulated,
        "primary": "without_excluded" if study.primary_leaves_out_excluded else "everybody",
        "everybody": _stored(everybody, numbers, pairs),
        "without_excluded": _stored(kept, numbers, pairs),
        "flow": asdict(
            participant_flow(
                _people(study, answered, is_simulated=is_simulated), excluded=excluded & answered
            )
        ),
        "rules": [rule_sentence(rule) for rule in declared_rules(study)],
        "exclusions": _exclusions(outcomes, numbers),
        "median_ms": _median_ms(rows),
        "n_answers": len(rows),
        "n_participants": len(answered),
    }


def _stored(figures: StudyFigures, numbers: Mapping[int, int], pairs: Iterable[StudyPair]) -> dict[str, Any]:
    """The figures as plain values, with rows' inner ids replaced by numbers that mean something to a reader."""
    stored: dict[str, Any] = figures.to_json()
    places = {pair.pk: pair.position for pair in pairs}
    for row in stored["attention"]["by_participant"]:
        row["participant"] = numbers[row["participant"]]
    for share in stored["shares"]:
        share["pair"] = places[share["pair"]]
    for line in stored["table"]:
        if line["minimum"] is not None:
            line["minimum"]["pair"] = places[line["minimum"]["pair"]]
    return stored


def _people(study: Study, answered: Collection[int], *, is_simulated: bool) -> list[FlowPerson]:
    people = study.participants.filter(is_test=False, is_simulated=is_simulated).order_by("pk")
    return [
        FlowPerson(pk, STATE_NAMED[state], consent is not None, pk in answered)
        for pk, state, consent in people.values_list("pk", "state", "consent")
    ]


def _exclusions(outcomes: Iterable[ExclusionOutcome], numbers: Mapping[int, int]) -> list[dict[str, Any]]:
    """Every excluded person by their number, with each broken rule in words."""
    return [
        {
            "person": numbers[outcome.participant],
            "reasons": [finding.explain() for finding in outcome.reasons],
        }
        for outcome in outcomes
        if not outcome.is_included
    ]


def _median_ms(rows: Iterable[AnswerRow]) -> float | None:
    times = [row.ms for row in rows if row.ms is not None]
    return float(median(times)) if times else None
