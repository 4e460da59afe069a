"""From judgments to ratings: which of them enter agreement, as what outcome, and which stay out and why.

The item is the caption version that was shown; an edit makes no item of its own. The rules are in
docs/algorithms/verdict.md and docs/algorithms/agreement.md.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from annotation.models import Batch, CaptionVersion, Judgment, LabelSchema
from annotation.models.schemas import LabelMeaning, MeasurementLevel
from annotation.models.work import JudgmentMode
from measures.agreement import Ratings
from measures.edit_agreement import EditAgreement, GoodAnswer, edit_agreement, unedited_good_pairs
from projects.models import Project

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
    OTHER_SCHEMA = "other_schema", _("given with another set of labels")


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
    durations: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    left_out: Counter[str] = field(default_factory=Counter)
    last_judgment: int = 0
    includes_demo: bool = False

    def add(self, row: tuple[int, int, int, str, int | None, int]) -> None:
        """Take one judgment: version, annotator, image, label, edited version, milliseconds."""
        version, annotator, image, label, edited, milliseconds = row
        if edited is not None:
            self.edits[len(self.versions)] = edited
        self.versions.append(version)
        self.annotators.append(annotator)
        self.images.append(image)
        self.labels.append(label)
        if milliseconds > 0:
            self.durations[annotator].append(milliseconds)

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


def read_judgments(*, project: Project, batch: Batch | None) -> JudgmentsRead | None:
    """Return the judgments of a batch, or of all batches with the project's first set of labels.

    None when there is no set of labels. A judgment revised after feedback counts as it was before the feedback.
    """
    schema = batch.schema if batch else project.label_schemas.order_by("pk").first()
    if schema is None:
        return None
    read = JudgmentsRead(schema=schema, last_judgment=last_judgment(project, batch))
    columns = (
        "version__parent supersedes version image annotator label edited_version duration_ms "
        "mode schema is_demo is_revision"
    )
    revised: list[int] = []
    for row in (
        judgments_in(project, batch)
        .current()  # type: ignore[attr-defined]
        .order_by("pk")
        .values_list(*columns.split())
        .iterator(chunk_size=ROWS_AT_ONCE)
    ):
        parent, before, version, image, annotator, label, edited, milliseconds, mode, used, demo, again = row
        read.includes_demo |= demo
        reason = _reason(mode, parent, is_other_schema=used != schema.pk, is_revision=again)
        if reason:
            read.left_out[reason] += 1
        if reason == LeftOut.REVISION:
            revised.append(before)
        elif not reason:
            read.add((version, annotator, image, label, edited, milliseconds))
    for judgment in judgments_before_feedback(revised):
        read.add(
            (
                judgment.version_id,
                judgment.annotator_id,
                judgment.image_id,
                str(judgment.label),
                judgment.edited_version_id,
                judgment.duration_ms,
            )
        )
    return read


def judgments_in(project: Project, batch: Batch | None) -> QuerySet[Judgment]:
    """Return the judgments of a scope, whatever their state."""
    judgments = Judgment.objects.filter(project=project)
    return judgments.filter(batch=batch) if batch else judgments


def last_judgment(project: Project, batch: Batch | None) -> int:
    """Return the id of the newest judgment row of a scope, 0 when there is none; undoing adds a row too."""
    return judgments_in(project, batch).order_by("-pk").values_list("pk", flat=True).first() or 0


def _reason(mode: str, parent: int | None, *, is_other_schema: bool, is_revision: bool) -> str:
    if is_other_schema:
        return LeftOut.OTHER_SCHEMA
    if parent is not None:
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
    """Return the declared scale of a set of labels; edits add a category and take the order away."""
    labels = list(schema.labels.all())
    by_meaning = {label.meaning: label.key for label in labels}
    categories = [label.key for label in labels]
    level = str(schema.level)
    if outcome == Outcome.WITH_EDITS:
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
