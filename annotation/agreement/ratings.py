"""From judgments to ratings: which of them enter agreement, as what outcome, and which stay out and why.

The item is the caption version that was shown; an edit makes no item of its own. The rules are in
docs/algorithms/verdict.md and docs/algorithms/agreement.md.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median
from typing import NamedTuple

import numpy as np
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from annotation.agreement.scope import Scope
from annotation.models import CaptionVersion, Judgment, LabelSchema, VersionState
from annotation.models.schemas import LabelMeaning, MeasurementLevel
from annotation.models.work import JudgmentMode
from measures.agreement import Ratings
from measures.edit_agreement import EditAgreement, GoodAnswer, edit_agreement, unedited_good_pairs

AFTER_EDIT = "good_after_edit"
ROWS_AT_ONCE = 20_000


class Outcome(models.TextChoices):
    """What a rating is: the label with a good after an edit kept apart, or the plain label."""

    WITH_EDITS = "with_edits", _("Good as it is, good after an edit, bad, unsure")
    LABELS = "labels", _("Labels alone: an edited good is a good")


class LeftOut(models.TextChoices):
    """Why a judgment does not enter agreement."""

    REST_BAD = "rest_bad", _("given to many captions at once by “mark the rest bad”")
    REVISION = (
        "revision",
        _("revised after feedback: the judgment before the feedback counts in its place"),
    )
    EDIT_JUDGED = "edit_judged", _("given to an accepted edit, not to the caption as imported")


@dataclass(frozen=True, slots=True)
class Pace:
    """One annotator's median time per judgment in seconds over the measured ones, and how many they edited."""

    judgments: int
    edited: int
    timed: int
    median_seconds: float | None


@dataclass
class JudgmentsRead:
    """Judgments of a scope as columns, in the order they were made; `left_out` counts the others by reason."""

    schema: LabelSchema
    versions: list[int] = field(default_factory=list)
    annotators: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    edits: dict[int, int] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    durations: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    left_out: Counter[str] = field(default_factory=Counter)
    last_judgment: int = 0
    includes_demo: bool = False

    def add(self, row: "ReadRow") -> None:
        """Take one judgment."""
        if row.edited is not None:
            self.edits[len(self.versions)] = row.edited
        self.versions.append(row.version)
        self.annotators.append(row.annotator)
        self.images.append(row.image)
        self.labels.append(row.label)
        self.batches.append(row.batch)
        self.days.append(row.made_at.date())
        if row.milliseconds > 0:
            self.durations[row.annotator].append(row.milliseconds)

    def ratings(self, outcome: str) -> Ratings:
        """Return the ratings; items, raters and clusters are named by their row ids."""
        versions, annotators, images = (
            np.array(column, dtype=np.int64) for column in (self.versions, self.annotators, self.images)
        )
        return Ratings.from_columns(versions, annotators, self.outcomes(outcome), images)

    def outcomes(self, outcome: str) -> list[str]:
        """Return the label of each judgment, a good after an edit kept apart where the outcome says so."""
        labels = list(self.labels)
        if outcome == Outcome.WITH_EDITS:
            for place in self.edits:
                labels[place] = AFTER_EDIT
        return labels

    def paces(self) -> dict[int, Pace]:
        """Return the pace of each annotator."""
        judged, edited = Counter(self.annotators), Counter(self.annotators[place] for place in self.edits)
        return {
            annotator: Pace(
                judgments=judged[annotator],
                edited=edited[annotator],
                timed=len(self.durations[annotator]),
                median_seconds=median(times) / 1000 if (times := self.durations[annotator]) else None,
            )
            for annotator in judged
        }

    def edit_agreement(self) -> EditAgreement:
        """Return how often annotators who both found a caption good edited it alike."""
        good = {label.key for label in self.schema.labels.all() if label.meaning == LabelMeaning.GOOD}
        texts = {
            pk: (text, frozenset(kinds))
            for pk, text, kinds in CaptionVersion.objects.filter(pk__in=set(self.edits.values())).values_list(
                "pk", "content_hash", "kinds"
            )
        }
        touched = {self.versions[place] for place in self.edits}
        answers: dict[int, dict[int, GoodAnswer]] = defaultdict(dict)
        untouched: Counter[object] = Counter()
        for place, (version, label) in enumerate(zip(self.versions, self.labels, strict=True)):
            if label not in good:
                continue
            if version not in touched:
                untouched[version] += 1
                continue
            text, kinds = texts[self.edits[place]] if place in self.edits else ("", frozenset())
            rater = self.annotators[place]
            answers[version].setdefault(rater, GoodAnswer(rater, text, kinds))
        return edit_agreement(
            [list(found.values()) for found in answers.values()], unedited_good_pairs(untouched)
        )


class ReadRow(NamedTuple):
    """What is read of one judgment."""

    version: int
    annotator: int
    image: int
    label: str
    edited: int | None
    milliseconds: int
    batch: int
    made_at: datetime


ROW_COLUMNS = ("version", "annotator", "image", "label", "edited_version", "duration_ms", "batch", "made_at")


def read_judgments(scope: Scope) -> JudgmentsRead:
    """Return the judgments of a scope. One revised after feedback counts as it was before the feedback."""
    read = JudgmentsRead(schema=scope.schema, last_judgment=scope.last_judgment())
    more = ("version__state", "supersedes", "mode", "is_demo", "is_revision")
    revised: list[int] = []
    rows = scope.judgments().current()  # type: ignore[attr-defined]
    for row in rows.order_by("pk").values_list(*ROW_COLUMNS, *more).iterator(chunk_size=ROWS_AT_ONCE):
        state, before, mode, demo, again = row[len(ROW_COLUMNS) :]
        read.includes_demo |= demo
        reason = _reason(mode, state, is_revision=again)
        if reason:
            read.left_out[reason] += 1
        if reason == LeftOut.REVISION:
            revised.append(before)
        elif not reason:
            read.add(ReadRow(*row[: len(ROW_COLUMNS)]))
    for judgment in judgments_before_feedback(revised):
        read.add(
            ReadRow(
                judgment.version_id,
                judgment.annotator_id,
                judgment.image_id,
                str(judgment.label),
                judgment.edited_version_id,
                judgment.duration_ms,
                judgment.batch_id,
                judgment.made_at,
            )
        )
    return read


def _reason(mode: str, state: str, *, is_revision: bool) -> str:
    if state not in {VersionState.BASE, VersionState.UNCLEANED}:
        return LeftOut.EDIT_JUDGED
    if mode == JudgmentMode.REST_BAD:
        return LeftOut.REST_BAD
    return LeftOut.REVISION if is_revision else ""


def judgments_before_feedback(superseded: Sequence[int]) -> list[Judgment]:
    """Return the independent judgments that revisions took the place of, whichever number of revisions later."""
    found: list[Judgment] = []
    wanted = [pk for pk in superseded if pk]
    while wanted:
        rows = list(Judgment.objects.filter(pk__in=wanted))
        found += [row for row in rows if not row.is_revision and row.label is not None and _is_single(row)]
        wanted = [row.supersedes_id for row in rows if row.is_revision and row.supersedes_id]
    return sorted(found, key=lambda row: row.pk)


def _is_single(judgment: Judgment) -> bool:
    return judgment.mode != JudgmentMode.REST_BAD


@dataclass(frozen=True, slots=True)
class Declared:
    """How the labels of a set are to be read: list in order, level, which is unsure, good and bad."""

    categories: tuple[str, ...]
    level: str
    unsure: str
    positive: str | None
    negative: str | None


def declared_scale(schema: LabelSchema, outcome: str) -> Declared:
    """Return the declared scale of a set of labels; edits add a category and take the order away.

    Where captions are judged as they are, both outcomes are the labels; of labels that mean the same the first counts.
    """
    labels = list(schema.labels.all())
    by_meaning = {label.meaning: label.key for label in reversed(labels)}
    categories = [label.key for label in labels]
    level = str(schema.level)
    if outcome == Outcome.WITH_EDITS and schema.allows_edits:
        categories.append(AFTER_EDIT)
        level = MeasurementLevel.NOMINAL
    return Declared(
        categories=tuple(categories),
        level=level,
        unsure=by_meaning.get(LabelMeaning.UNSURE, "unsure"),
        positive=by_meaning.get(LabelMeaning.GOOD),
        negative=by_meaning.get(LabelMeaning.BAD),
    )


def category_names(schema: LabelSchema) -> dict[str, str]:
    """Return what people call the categories, by key."""
    return {label.key: label.name for label in schema.labels.all()} | {
        AFTER_EDIT: str(_("Good after an edit"))
    }


def public_names(annotators: Sequence[int]) -> dict[str, str]:
    """Return the public ids of annotators by their row id as text."""
    rows = User.objects.filter(pk__in=annotators).values_list("pk", "public_id")
    return {str(pk): str(public_id) for pk, public_id in rows}
