"""Pairs and figures of a study, arranged for pages and files."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import mark_safe

from annotation.models import CaptionVersion, DifficultyLevel
from polyannot.kernel.tables import safe_cell
from studies.design.grades import VALUES
from studies.drafting.candidates import DraftChoice
from studies.models import PairRole, Study, StudyFigure, StudyPair


@dataclass(frozen=True)
class ShownPair:
    """One pair on a page: its picture, its text, what is known of it and, where counted, its answers."""

    number: int
    image_id: UUID
    image_key: str
    caption_key: str
    text: str
    difficulty: str
    cosine: float | None
    level: str = ""
    original: str = ""
    original_key: str = ""
    share: Mapping[str, Any] | None = None
    grades: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PairGroup:
    """The pairs of one role."""

    role: str
    label: str | Promise
    pairs: tuple[ShownPair, ...]


@dataclass(frozen=True)
class ShownFigure:
    """One drawing on a page: its markup, what it shows in words, and where its forms lie."""

    figure_id: str
    title: str
    alt: str
    svg: str
    csv_url: str
    svg_url: str
    pdf_url: str
    png_url: str


def shown_figure(study: Study, drawing: StudyFigure) -> ShownFigure:
    """Return a stored drawing for a page."""

    def url(form: str) -> str:
        return reverse("study-figure", args=[study.project.slug, study.public_id, drawing.name, form])

    return ShownFigure(
        figure_id=f"figure-{drawing.name}",
        title=drawing.title,
        alt=drawing.alt,
        svg=mark_safe(drawing.svg),  # noqa: S308  written by a worker of this program, texts escaped
        csv_url=url("csv"),
        svg_url=url("svg"),
        pdf_url=url("pdf"),
        png_url=url("png"),
    )


def frozen_pairs(study: Study) -> list[PairGroup]:
    """Return the laid-out pairs of a study by role."""
    rows = list(study.pairs.select_related("image", "version__caption", "original").order_by("position"))
    return [
        PairGroup(role.value, role.label, tuple(_shown(row) for row in rows if row.role == role.value))
        for role in PairRole
    ]


def _shown(row: StudyPair, share: Mapping[str, Any] | None = None) -> ShownPair:
    return ShownPair(
        number=row.position,
        image_id=row.image.public_id,
        image_key=row.image.key,
        caption_key=row.version.caption.key,
        text=row.version.text,
        difficulty=row.get_difficulty_display() if row.difficulty else "",
        cosine=row.cosine,
        level=row.difficulty,
        original=row.original.text if row.original is not None else "",
        share=share,
    )


def drafted_pairs(study: Study, choice: DraftChoice) -> list[PairGroup]:
    """Return the pairs that a draft would be launched with now."""
    by_role = {
        PairRole.TARGET: choice.pairs,
        PairRole.DISTRACTOR: choice.distractors,
        PairRole.CONTROL: choice.controls,
    }
    wanted = [pair for pairs in by_role.values() for pair in pairs]
    versions = CaptionVersion.objects.select_related("image", "caption").in_bulk(wanted)
    texts = CaptionVersion.objects.in_bulk(list(set(choice.originals.values())))
    originals = {pair: texts[original] for pair, original in choice.originals.items()}
    return [
        PairGroup(
            role.value,
            role.label,
            tuple(
                _drafted(versions[pair], number, choice, originals)
                for number, pair in enumerate(pairs, start=1)
            ),
        )
        for role, pairs in by_role.items()
    ]


def _drafted(
    version: CaptionVersion, number: int, choice: DraftChoice, originals: Mapping[int, CaptionVersion]
) -> ShownPair:
    known = choice.candidates[version.pk]
    return ShownPair(
        number=number,
        image_id=version.image.public_id,
        image_key=version.image.key,
        caption_key=version.caption.key,
        text=version.text,
        difficulty=str(DifficultyLevel(known.difficulty).label) if known.difficulty else "",
        cosine=known.similarity,
        level=known.difficulty,
        original=originals[version.pk].text if version.pk in originals else "",
    )


def answered_pairs(study: Study, figures: Mapping[str, Any]) -> list[ShownPair]:
    """Return the targets with the share good of the given figures, the lowest share first."""
    shares = {share["pair"]: share for share in figures["shares"]}
    rows = study.pairs.filter(role=PairRole.TARGET).select_related("image", "version__caption")
    shown = [_shown(row, shares.get(row.position)) for row in rows.order_by("position")]
    return sorted(shown, key=_lowest_first)


def graded_pairs(study: Study, figures: Mapping[str, Any]) -> list[ShownPair]:
    """Return the paraphrases with their grades of the given figures, the lowest mean first."""
    grades = {graded["pair"]: graded for graded in figures["grading"]["pairs"]}
    rows = study.pairs.filter(role=PairRole.TARGET)
    rows = rows.select_related("image", "version__caption", "original__caption")
    shown = [_graded(row, grades.get(row.position)) for row in rows.order_by("position")]
    return sorted(shown, key=_lowest_mean_first)


def _graded(row: StudyPair, grades: Mapping[str, Any] | None) -> ShownPair:
    key = row.original.caption.key if row.original is not None else ""
    return replace(_shown(row), grades=grades, original_key=key)


def _lowest_mean_first(pair: ShownPair) -> tuple[bool, float, int]:
    mean = pair.grades["mean"] if pair.grades else None
    return (mean is None, mean if mean is not None else 0.0, pair.number)


GRADED_COLUMNS = (
    "pair",
    "image",
    "original",
    "original_text",
    "caption",
    "text",
    "difficulty",
    "cosine",
    "n",
    *(f"n_{value}" for value in VALUES),
    "mean",
    "is_perfect",
)


def graded_csv(pairs: Iterable[ShownPair]) -> str:
    """Return one row for each paraphrase with its grades counted, as UTF-8 CSV; texts are escaped."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(GRADED_COLUMNS)
    for pair in sorted(pairs, key=lambda shown: shown.number):
        texts = (pair.image_key, pair.original_key, pair.original, pair.caption_key, pair.text)
        known = [pair.number, *map(safe_cell, texts), pair.level, pair.cosine]
        found = pair.grades or {"n": 0, "counts": [0] * len(VALUES), "mean": None, "is_perfect": False}
        writer.writerow([*known, found["n"], *found["counts"], found["mean"], int(found["is_perfect"])])
    return out.getvalue()


def _lowest_first(pair: ShownPair) -> tuple[bool, float, int]:
    share = pair.share["share"] if pair.share else None
    return (share is None, share if share is not None else 0.0, pair.number)


PAIR_COLUMNS = (
    "pair",
    "image",
    "caption",
    "text",
    "difficulty",
    "cosine",
    "n",
    "n_good",
    "share_good",
    "wilson_low",
    "wilson_high",
    "simultaneous_low",
    "simultaneous_high",
    "shrunken",
    "shrunken_low",
    "shrunken_high",
)


def pairs_csv(pairs: Iterable[ShownPair]) -> str:
    """Return one row for each pair, aggregates only, as UTF-8 CSV; texts are escaped as `safe_cell` does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(PAIR_COLUMNS)
    for pair in sorted(pairs, key=lambda shown: shown.number):
        writer.writerow(_cells(pair))
    return out.getvalue()


def _cells(pair: ShownPair) -> list[object]:
    texts = [safe_cell(text) for text in (pair.image_key, pair.caption_key, pair.text)]
    known = [pair.number, *texts, pair.level, pair.cosine]
    if pair.share is None:
        return [*known, 0, 0, *[None] * 8]
    share = pair.share
    shrunken = share["shrunken_interval"] or {}
    return [
        *known,
        share["n"],
        share["good"],
        share["share"],
        share["interval"]["low"],
        share["interval"]["high"],
        share["simultaneous"]["low"],
        share["simultaneous"]["high"],
        share["shrunken"],
        shrunken.get("low"),
        shrunken.get("high"),
    ]
