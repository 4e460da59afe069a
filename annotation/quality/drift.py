"""Control charts of annotators: what each said over time, block by block, at a stated false-alarm rate.

Rules in docs/algorithms/control-charts.md.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from annotation.agreement.ratings import JudgmentsRead, Outcome, public_names, read_judgments
from annotation.agreement.scope import Scope
from annotation.models import Judgment, KnownAnswer
from annotation.models.known_answers import KnownUse
from annotation.models.schemas import LabelMeaning
from annotation.quality.figures import QualityFigures
from measures.agreement.annotators import majority_of_others
from measures.agreement.preparing import Reading, prepare
from measures.control_charts import Block, control_chart

MEASURES = ("good", "unsure", "majority", "gold")
# Charts look back so many blocks; a page draws the last of them, and keeps of the rest what gave a signal.
MOST_BLOCKS = 200
BLOCKS_DRAWN = 60


@dataclass
class Answers:
    """One annotator's answers to one image under one measure: hits, and the captions that were answered."""

    day: date
    hits: int = 0
    versions: list[int] = field(default_factory=list)


Timeline = dict[int, Answers]


def compute_drift(scope: Scope, parameters: Mapping[str, Any]) -> QualityFigures:
    """Return a chart per annotator and measure, from judgments in the order in which they were made."""
    read = read_judgments(scope)
    timelines: dict[tuple[int, str], Timeline] = defaultdict(dict)
    for annotator, measure, image, version, day, hit in (*_answers(read), *_gold_answers(scope)):
        answers = timelines[annotator, measure].setdefault(image, Answers(day))
        answers.hits += hit
        answers.versions.append(version)
    names = public_names(sorted({annotator for annotator, _measure in timelines}))
    charts: dict[str, dict[str, Any]] = defaultdict(dict)
    for (annotator, measure), timeline in timelines.items():
        charts[names[str(annotator)]][measure] = _charted(list(timeline.values()), parameters)
    found = QualityFigures(len(read.versions), read.last_judgment, read.includes_demo)
    found.figures = {"annotators": dict(charts), "blocks_with_limits": _with_limits(charts)}
    return found


def _with_limits(charts: Mapping[str, Mapping[str, Any]]) -> int:
    """Return over how many blocks a false alarm was possible at all."""
    return sum(chart["n_tested"] for by_measure in charts.values() for chart in by_measure.values())


def _answers(read: JudgmentsRead) -> Iterator[tuple[int, str, int, int, date, bool]]:
    """Yield annotator, measure, image, version, day and whether it is a hit, in the order of the judgments."""
    labels = list(read.schema.labels.all())
    meant = {
        measure: {label.key for label in labels if label.meaning == meaning}
        for measure, meaning in (("good", LabelMeaning.GOOD), ("unsure", LabelMeaning.UNSURE))
    }
    with_majority = _with_majority(read, [label.key for label in labels])
    for place, (version, annotator, image, label, day) in enumerate(
        zip(read.versions, read.annotators, read.images, read.labels, read.days, strict=True)
    ):
        for measure, keys in meant.items():
            if keys:
                yield annotator, measure, image, version, day, label in keys
        if (agrees := with_majority[place]) is not None:
            yield annotator, "majority", image, version, day, agrees


def _with_majority(read: JudgmentsRead, categories: Sequence[str]) -> list[bool | None]:
    """Return for each judgment whether it is what most others said; None where nobody did or they are split."""
    if not read.versions:
        return []
    table = prepare(read.ratings(Outcome.LABELS), Reading(categories=categories))
    best, state = majority_of_others(table)
    versions = np.unique(np.array(read.versions))[table.items][table.item]
    annotators = np.unique(np.array(read.annotators))[table.raters][table.rater]
    agrees = {
        (version, annotator): None if clear != 2 else label == most
        for version, annotator, clear, label, most in zip(
            versions.tolist(),
            annotators.tolist(),
            state.tolist(),
            table.label.tolist(),
            best.tolist(),
            strict=True,
        )
    }
    return [agrees.get(key) for key in zip(read.versions, read.annotators, strict=True)]


def _gold_answers(scope: Scope) -> Iterator[tuple[int, str, int, int, date, bool]]:
    """Yield the judgments on gold pairs the same way; a hit is the known label, or one within its tolerance."""
    places = {label.key: label.position for label in scope.schema.labels.all()}
    known = {
        row.version_id: row
        for row in KnownAnswer.objects.filter(schema=scope.schema, use=KnownUse.GOLD).order_by("pk")
    }
    judged = Judgment.objects.last_words().filter(
        project=scope.project, schema=scope.schema, is_gold=True, version__in=known
    )
    columns = ("annotator", "image", "version", "label", "made_at")
    for annotator, image, version, label, made_at in judged.order_by("pk").values_list(*columns).iterator():
        row = known[version]
        is_hit = abs(places[str(label)] - places[row.label]) <= row.tolerance
        yield annotator, "gold", image, version, made_at.date(), is_hit


def _charted(answers: list[Answers], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return one chart as plain JSON: all of its signals and its last blocks, each with its days and captions."""
    answers = _latest(answers, parameters["block"])
    chart = control_chart(
        [each.hits for each in answers],
        [len(each.versions) for each in answers],
        block=parameters["block"],
        false_alarm_rate=parameters["false_alarm_rate"],
    )
    first_drawn = max(0, len(chart.blocks) - BLOCKS_DRAWN)
    return {
        "answers": sum(len(each.versions) for each in answers),
        "hits": sum(each.hits for each in answers),
        "centre": chart.centre,
        "design_effect": chart.design_effect,
        "reason": chart.reason,
        "n_tested": sum(block.low is not None for block in chart.blocks),
        "n_signals": len(chart.signals),
        "first_drawn": first_drawn,
        "blocks": [
            _block(number, block, answers)
            for number, block in enumerate(chart.blocks, start=1)
            if number > first_drawn or block.signal
        ],
    }


def _latest(answers: list[Answers], block: int) -> list[Answers]:
    """Return the last images that make up as many blocks as are looked at."""
    size, start = 0, len(answers)
    while start and size < MOST_BLOCKS * block:
        start -= 1
        size += len(answers[start].versions)
    return answers[start:]


def _block(number: int, block: Block, answers: Sequence[Answers]) -> dict[str, Any]:
    own = answers[block.start : block.end]
    told = {
        "number": number,
        "from": own[0].day.isoformat(),
        "to": own[-1].day.isoformat(),
        "answers": block.answers,
        "hits": block.hits,
        "low": _finite(block.low),
        "high": _finite(block.high),
        "signal": block.signal,
    }
    return told | (
        {"versions": [version for each in own for version in each.versions]} if block.signal else {}
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
