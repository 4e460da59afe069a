"""All figures of a study in one go: what a worker computes and a results page shows."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.models import Job
from studies.design.exclusion import ExclusionOutcome
from studies.design.rows import AnswerRow, PairFacts
from studies.design.sets import TableSet
from studies.drafting.plans import STATE_NAMED, declared_rules
from studies.drafting.preregistering import rule_sentence
from studies.drafting.tabling import chosen_sets, facts_of
from studies.models import FigureName, Study, StudyFigure, StudyResult
from studies.models.results import FIGURES_FORMAT
from studies.results.analysis import REPLICATES
from studies.results.attention import POSITION_WIDTH
from studies.results.judged import TakenAnswers, read_answers
from studies.results.summary import FlowPerson, StudyFigures, participant_flow, study_figures

# The two groups of people over whom all figures are computed.
GROUPS = ("everybody", "without_excluded")


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
    kept = figures | {"people": [], "answers_sha256": ""}
    kept.pop("exclusions", None)  # the name in figures of format 1
    for group in GROUPS:
        attention = figures[group]["attention"] | {"by_participant": []}
        kept[group] = figures[group] | {"attention": attention}
    return kept


def forget_single_people(study: Study) -> None:
    """Take what is said about one person each out of all stored figures of a study; call it when somebody withdraws.

    Figures do not say which of their numbered people somebody was, so that all of them go until the next computation.
    """
    StudyFigure.objects.filter(result__study=study, name=FigureName.ALARMS).delete()
    for result in StudyResult.objects.filter(study=study):
        result.figures = without_single_people(result.figures)
        result.save(update_fields=["figures"])


def compute_figures(study: Study) -> dict[str, Any]:
    """Return every figure as plain values; over simulated participants only where nobody real came.

    `everybody` are all whose answers are kept, `without_excluded` those whom no declared rule leaves out; `primary`
    names which of the two was declared. Pairs are numbered as in the study, people by a running number.
    """
    taken = read_answers(study)
    facts = facts_of(taken.targets)
    graders = study.graders_per_pair if study.is_graded else None
    chosen = [] if study.is_graded else _chosen(study, taken, facts)
    sets = {each.name: each.pairs for each in chosen}
    everybody = study_figures(taken.rows, facts, sets=sets, graders=graders, seed=study.seed)
    kept = study_figures(
        taken.rows, facts, sets=sets, analysed=taken.included, graders=graders, seed=study.seed
    )
    answered = {row.participant for row in taken.rows}
    people = _people(study, answered, is_simulated=taken.is_simulated)
    return {
        "format": FIGURES_FORMAT,
        "kind": study.kind,
        "is_simulated": taken.is_simulated,
        "primary": "without_excluded" if study.primary_leaves_out_excluded else "everybody",
        "everybody": _stored(everybody, taken),
        "without_excluded": _stored(kept, taken),
        "sets": [
            {
                "name": each.name,
                "origin": each.origin,
                "pairs": [taken.number_of[pair] for pair in each.pairs],
            }
            for each in chosen
        ],
        "flow": asdict(participant_flow(people, excluded=answered - taken.included)),
        "rules": [
            {"kind": rule.kind, "limit": rule.limit, "sentence": rule_sentence(rule)}
            for rule in declared_rules(study)
        ],
        "people": [_person(outcome, taken) for outcome in taken.outcomes],
        "median_ms": _median_ms(taken.rows),
        "replicates": REPLICATES,
        "position_width": POSITION_WIDTH,
        "answers_sha256": taken.sha256,
        "n_answers": len(taken.rows),
        "n_participants": len(answered),
    }


def _chosen(study: Study, taken: TakenAnswers, facts: Sequence[PairFacts]) -> list[TableSet]:
    """The rows beside all pairs and each difficulty; a draft's own set that is empty so far has none."""
    block_of = {pair.pk: pair.block for pair in taken.targets}
    return [each for each in chosen_sets(study, facts, block_of=block_of) if each.pairs]


def _stored(figures: StudyFigures, taken: TakenAnswers) -> dict[str, Any]:
    """The figures as plain values, with rows' inner ids replaced by numbers that mean something to a reader."""
    stored: dict[str, Any] = figures.to_json()
    for row in stored["attention"]["by_participant"]:
        row["participant"] = taken.person_number[row["participant"]]
    for share in stored["shares"]:
        share["pair"] = taken.number_of[share["pair"]]
    for graded in (stored["grading"] or {}).get("pairs", ()):
        graded["pair"] = taken.number_of[graded["pair"]]
    for line in stored["table"]:
        if line["minimum"] is not None:
            line["minimum"]["pair"] = taken.number_of[line["minimum"]["pair"]]
    return stored


def _people(study: Study, answered: Collection[int], *, is_simulated: bool) -> list[FlowPerson]:
    people = study.participants.filter(is_test=False, is_simulated=is_simulated).order_by("pk")
    return [
        FlowPerson(pk, STATE_NAMED[state], consent is not None, pk in answered)
        for pk, state, consent in people.values_list("pk", "state", "consent")
    ]


def _person(outcome: ExclusionOutcome, taken: TakenAnswers) -> dict[str, Any]:
    """One person by their number: how far they came, whether they are analysed, and what each rule found."""
    person = outcome.participant
    return {
        "person": taken.person_number[person],
        "has_finished": person in taken.finished,
        "answers": sum(row.participant == person for row in taken.rows),
        "cards": taken.dealt[person],
        "is_included": outcome.is_included,
        "reasons": [finding.explain() for finding in outcome.reasons],
        "findings": [finding.explain() for finding in outcome.findings],
    }


def _median_ms(rows: Iterable[AnswerRow]) -> float | None:
    times = [row.ms for row in rows if row.ms is not None]
    return float(median(times)) if times else None
