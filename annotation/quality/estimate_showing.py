"""Estimated labels as a page shows them: each annotator's answers under each label, and the pairs where they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotation.agreement.ratings import category_names
from annotation.agreement.rows import decimal, per_cent
from annotation.models import LabelEstimate, LabelEstimateRun, LabelMeaning
from annotation.progress.tallying import settle_tallies
from annotation.progress.verdicts import Verdict
from measures.proportions import wilson

HEAT_STEPS = 10
FEWEST_BEHIND_A_ROW = 0.5
SUREST = 0.9995
LISTS = (
    ("majority", gettext_lazy("differ from most answers, or break a tie")),
    ("verdict", gettext_lazy("differ from the verdict")),
    ("open", gettext_lazy("no verdict yet: annotators differ")),
    ("all", gettext_lazy("all")),
)


@dataclass(frozen=True, slots=True)
class ShareCell:
    """How often an annotator gives an answer where the label is another, in per cent, and its shade."""

    share: str
    heat: str


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label that is taken for right: the answers that an annotator gives then, and on how many ratings that rests."""

    name: str
    cells: Sequence[ShareCell]
    weight: str


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One annotator as the model sees them."""

    name: str
    n: int
    right: str
    interval: str
    rows: Sequence[LabelRow]


class ShownRun:
    """A stored run, ready for the page; fetches names in one query."""

    def __init__(self, run: LabelEstimateRun) -> None:
        self.run = run
        self.figures: dict[str, Any] = run.figures
        self.names: Mapping[str, str] = category_names(run.schema)

    @property
    def labels(self) -> list[tuple[str, str, str]]:
        """Return name, estimated share and interval of each label; the interval takes the labels for known."""
        n = self.run.n_items
        told = zip(self.figures["labels"], self.figures["rates"], strict=True)
        intervals = [(key, rate, wilson(min(rate, 1.0) * n, n)) for key, rate in told]
        return [
            (self.names.get(key, key), per_cent(rate), _span(interval.low, interval.high))
            for key, rate, interval in intervals
        ]

    @property
    def raters(self) -> list[RaterRow]:
        """Return each annotator, by name."""
        ids = [row["rater"] for row in self.figures["raters"]]
        people = {str(user.public_id): str(user) for user in User.objects.filter(public_id__in=ids)}
        rows = [self._rater(row, people.get(row["rater"], "?")) for row in self.figures["raters"]]
        return sorted(rows, key=lambda row: row.name)

    def _rater(self, row: Mapping[str, Any], name: str) -> RaterRow:
        return RaterRow(
            name=name,
            n=row["n"],
            right=per_cent(row["right"]),
            interval=_span(row["low"], row["high"]),
            rows=[
                LabelRow(
                    self.names.get(key, key),
                    [_cell(share, weight) for share in shares],
                    decimal(weight, 1),
                )
                for key, shares, weight in zip(
                    self.figures["labels"], row["confusion"], row["weights"], strict=True
                )
            ],
        )


def _span(low: float, high: float) -> str:
    return _("%(low)s to %(high)s") % {"low": per_cent(low), "high": per_cent(high)}


def _cell(share: float, weight: float) -> ShareCell:
    """Return a cell of a confusion; without a single rating behind its row there is nothing to tell."""
    if weight < FEWEST_BEHIND_A_ROW:
        return ShareCell("–", "none")
    return ShareCell(per_cent(share), str(round(HEAT_STEPS * share)))


def told_probability(probability: float) -> str:
    """Return a probability with three decimals; none is said to be 1."""
    return _("more than 0.999") if probability > SUREST else decimal(probability, 3)


def estimates_listed(run: LabelEstimateRun, which: str) -> QuerySet[LabelEstimate]:
    """Return the estimates of a list, the surest first; verdicts as they were settled last, or are here."""
    settle_tallies(run.project)
    rows = run.estimates.select_related("version__image", "version__tally")
    if which == "all":
        chosen = rows
    elif which == "open":
        chosen = rows.filter(version__tally__verdict=Verdict.UNDECIDED)
    elif which == "verdict":
        chosen = rows.filter(_against_verdict(run))
    else:
        chosen = rows.exclude(label=F("majority"))
    return chosen.order_by("-probability", "pk")


def _against_verdict(run: LabelEstimateRun) -> Q:
    """Return what a verdict of good or bad says while the estimated label means something else."""
    keys: dict[str, list[str]] = {LabelMeaning.GOOD: [], LabelMeaning.BAD: []}
    for label in run.schema.labels.all():
        if label.meaning in keys:
            keys[label.meaning].append(label.key)
    return (Q(version__tally__verdict=Verdict.GOOD) & ~Q(label__in=keys[LabelMeaning.GOOD])) | (
        Q(version__tally__verdict=Verdict.BAD) & ~Q(label__in=keys[LabelMeaning.BAD])
    )


def estimate_rows(run: LabelEstimateRun) -> Iterator[tuple[object, ...]]:
    """Yield every estimate: item, image, caption, label, probability, most given answer, counts, verdict."""
    columns = (
        "version__public_id version__image__key version__caption__key label probability majority n_majority "
        "n_ratings version__tally__verdict"
    ).split()
    yield from run.estimates.order_by("pk").values_list(*columns).iterator(chunk_size=2000)


ESTIMATE_COLUMNS = (
    "item_id",
    "image_key",
    "caption_key",
    "estimated_label",
    "probability",
    "most_given",
    "n_most_given",
    "n_ratings",
    "verdict",
)
