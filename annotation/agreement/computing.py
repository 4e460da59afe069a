"""From judgments to a stored report: figures, trend, tested cells, and the captions behind each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.agreement.ratings import (
    Declared,
    JudgmentsRead,
    Outcome,
    category_names,
    declared_scale,
    public_names,
    read_judgments,
)
from annotation.agreement.scope import named_scope
from annotation.models import AgreementCell, AgreementReport, Batch, CaptionVersion
from annotation.models.schemas import MeasurementLevel
from measures.agreement import VERSION, Bootstrap, Ratings, report
from measures.agreement import AgreementReport as Figures
from measures.agreement.behind import Behind, items_behind
from measures.agreement.pair_tests import FALSE_DISCOVERY_RATE, METHOD, PairTest, pair_tests
from measures.agreement.preparing import Reading, prepare
from measures.agreement.results import plain
from measures.agreement.table import Table
from measures.agreement.trend import series
from measures.shrinkage import shrink
from polyannot.kernel.errors import Invalid
from projects.models import Job

HARDEST_SHOWN = 24
# Drawing raters too costs more and is needed less precisely than drawing images.
RATER_REPLICATES_SHARE = 4
# A point of the trend is one of many: fewer resamples draw its interval well enough.
TREND_REPLICATES_SHARE = 2
MOST_PERIODS = 60
# From fewer annotators nobody can tell how far people differ at all.
FEWEST_TO_SHRINK = 5
ORDERED_WEIGHTS = ("linear", "quadratic", "ordinal")


@dataclass(frozen=True, slots=True)
class Computed:
    """What one run makes: the figures of the measure, and the table that they come from."""

    figures: Figures
    ratings: Ratings
    table: Table
    reading: Reading


def compute_report(job: Job) -> AgreementReport:
    """Compute the report that a job asks for and store it. Raises Invalid when the scope has no labels."""
    assert job.project is not None
    parameters = job.parameters
    scope = named_scope(job.project, schema=parameters["schema"], batches=parameters["batches"])
    if scope is None:
        raise Invalid("labels_missing", _("This project has no labels yet, so there is nothing to agree on."))
    read = read_judgments(scope)
    ratings = read.ratings(parameters["outcome"])
    declared = declared_scale(read.schema, parameters["outcome"])
    computed = _computed(ratings, declared, parameters)
    periods = _periods(read, ratings)
    stored = _stored(computed, read, parameters) | {"trend": _trends(computed, periods, parameters)}
    with transaction.atomic():
        row, _created = AgreementReport.objects.update_or_create(
            job=job,
            defaults={
                "project": job.project,
                "schema": scope.schema,
                "scope": scope.key,
                "batch": scope.batch,
                "unsure": parameters["unsure"],
                "n_items": computed.figures.items,
                "n_ratings": computed.figures.ratings,
                "n_raters": computed.figures.raters,
                "includes_demo": read.includes_demo,
                "code_version": f"measures.agreement {VERSION}",
                "figures": stored,
            },
        )
        row.batches.set(scope.batches)
        _store_cells(row, items_behind(computed.table, ratings, list(periods.values())))
    return row


def _computed(ratings: Ratings, declared: Declared, parameters: Mapping[str, Any]) -> Computed:
    replicates, seed = parameters["replicates"], parameters["seed"]
    reading = Reading(
        categories=declared.categories,
        level=declared.level,
        unsure=parameters["unsure"] if declared.unsure in declared.categories else None,
        unsure_label=declared.unsure,
        positive=declared.positive,
        negative=declared.negative,
    )
    figures = report(
        ratings,
        **{name: getattr(reading, name) for name in Reading.__dataclass_fields__},
        weights=() if declared.level == MeasurementLevel.NOMINAL else ORDERED_WEIGHTS,
        bootstraps=(
            Bootstrap("clusters", replicates, seed),
            Bootstrap("clusters+raters", max(100, replicates // RATER_REPLICATES_SHARE), seed),
        ),
        hardest=HARDEST_SHOWN,
    )
    return Computed(figures, ratings, prepare(ratings, reading), reading)


def _stored(computed: Computed, read: JudgmentsRead, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report as JSON with public ids in place of row ids, and what only judgments can tell."""
    plain_report = computed.figures.to_json()
    raters = public_names(list(set(read.annotators)))
    _add_tests(plain_report, computed, parameters["seed"])
    _add_shrunken(plain_report)
    _rename_raters(plain_report, raters)
    items = CaptionVersion.objects.filter(pk__in=[int(row["item"]) for row in plain_report["hardest"]])
    versions = {str(pk): str(public_id) for pk, public_id in items.values_list("pk", "public_id")}
    for row in plain_report["hardest"]:
        row["item"] = versions[row["item"]]
    plain_report["judgments"] = {
        "parameters": dict(parameters),
        "schema": read.schema.name,
        "category_names": category_names(read.schema),
        "left_out": dict(read.left_out),
        "last_judgment": read.last_judgment,
        "paces": {raters[str(pk)]: asdict(pace) for pk, pace in read.paces().items()},
        "edits": read.edit_agreement().to_json() if read.schema.allows_edits else None,
        "other_outcome": _other_outcome(read, parameters),
    }
    return plain_report


def _add_tests(told: dict[str, Any], computed: Computed, seed: int) -> None:
    """Add to each pair of annotators whether its cell differs from the rest, and how that was tested."""
    found = pair_tests(computed.table, seed=seed)
    names = [computed.ratings.raters[code] for code in computed.table.raters.tolist()]
    by_pair: dict[tuple[str, str], PairTest] = {
        (names[each.first], names[each.second]): each for each in found or ()
    }
    for pair in told["pairs"]:
        test = by_pair.get((pair["first"], pair["second"]))
        pair["test"] = test and {
            "images": test.images,
            "excess": test.excess,
            "p": test.p,
            "q": test.q,
            "differs": test.differs,
        }
    told["pair_test"] = {"method": METHOD, "false_discovery_rate": FALSE_DISCOVERY_RATE, "seed": seed}


def _add_shrunken(told: dict[str, Any]) -> None:
    """Add to each annotator the share with the majority, pulled towards the mean of all by its n."""
    rows = told["annotators"]
    for row in rows:
        row["shrunken"] = None
    if sum(row["compared"] > 0 for row in rows) < FEWEST_TO_SHRINK:
        return
    found = shrink([row["agreed"] for row in rows], [row["compared"] for row in rows])
    for row, estimate, interval in zip(rows, found.estimates, found.intervals, strict=True):
        row["shrunken"] = {"estimate": estimate, **interval.to_json(), "reason": found.reason}


def _rename_raters(told: dict[str, Any], names: Mapping[str, str]) -> None:
    for pair in told["pairs"]:
        pair["first"], pair["second"] = names[pair["first"]], names[pair["second"]]
    for row in told["annotators"]:
        row["rater"] = names[row["rater"]]
    confusion = told["confusion"]
    for side in ("row_rater", "column_rater"):
        confusion[side] = names.get(confusion[side], "")
    by_rater = told["intra_rater"]["by_rater"]
    told["intra_rater"]["by_rater"] = {names[rater]: counts for rater, counts in by_rater.items()}


def _other_outcome(read: JudgmentsRead, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the figures of the outcome that was not declared, without bootstrap: a further sensitivity."""
    if not read.schema.allows_edits:
        return None
    other = Outcome.LABELS if parameters["outcome"] == Outcome.WITH_EDITS else Outcome.WITH_EDITS
    declared = declared_scale(read.schema, other)
    computed = report(
        read.ratings(other),
        categories=declared.categories,
        level=declared.level,
        unsure_label=declared.unsure,
        positive=declared.positive,
        negative=declared.negative,
        weights=(),
        bootstraps=(),
        hardest=0,
    ).to_json()
    kept = ("items", "ratings", "primary", "coefficients", "sensitivity")
    return {"outcome": other.value, "treatment": computed["parameters"]["unsure_treatment"]} | {
        name: computed[name] for name in kept
    }


def _periods(read: JudgmentsRead, ratings: Ratings) -> dict[str, list[str]]:
    """Return for each item of the ratings the batch that it was first judged in, and the week it was last judged in.

    A kind with fewer than two periods is left out; of weeks the last 60 count.
    """
    batch_of: dict[int, int] = {}
    week_of: dict[int, str] = {}
    for version, batch, day in zip(read.versions, read.batches, read.days, strict=True):
        batch_of.setdefault(version, batch)
        week = "{}-W{:02d}".format(*day.isocalendar()[:2])
        week_of[version] = max(week, week_of.get(version, ""))
    public = Batch.objects.filter(pk__in=set(batch_of.values())).values_list("pk", "public_id")
    names = {pk: str(public_id) for pk, public_id in public}
    weeks = set(sorted(set(week_of.values()))[-MOST_PERIODS:])
    items = [int(name) for name in ratings.items]
    by_kind = {
        "batch": [names[batch_of[item]] for item in items],
        "week": [week_of[item] if week_of[item] in weeks else "" for item in items],
    }
    return {kind: found for kind, found in by_kind.items() if len(set(found) - {""}) > 1}


def _trends(
    computed: Computed, periods: Mapping[str, list[str]], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the figures period by period, by batch and by week."""
    drawn = Bootstrap(
        "clusters", max(100, parameters["replicates"] // TREND_REPLICATES_SHARE), parameters["seed"]
    )
    found: dict[str, Any] = {}
    for kind, of_item in periods.items():
        order = _in_order(kind, of_item)
        points = series(computed.ratings, of_item, order, computed.reading, bootstrap=drawn).points
        found[kind] = plain(points)
    return found


def _in_order(kind: str, of_item: Sequence[str]) -> list[str]:
    """Return the periods in time: weeks by name, batches as they were opened (the last 60)."""
    names = {name for name in of_item if name}
    if kind == "week":
        return sorted(names)
    sizes = Counter(of_item)
    rows = Batch.objects.filter(public_id__in=names).order_by("opened_at", "pk")
    order = [str(public_id) for public_id in rows.values_list("public_id", flat=True)]
    return [name for name in order if sizes[name]][-MOST_PERIODS:]


def _store_cells(row: AgreementReport, found: Sequence[Behind]) -> None:
    row.cells.all().delete()
    people = {str(pk): pk for pk in User.objects.filter(pk__in=_people(found)).values_list("pk", flat=True)}
    AgreementCell.objects.bulk_create(
        [
            AgreementCell(
                report=row,
                kind=each.kind,
                first_id=people.get(each.first),
                second_id=people.get(each.second),
                row=each.row,
                column=each.column,
                period=each.period,
                n_items=each.count,
                version_ids=[int(item) for item in each.items],
            )
            for each in found
        ],
        batch_size=500,
    )


def _people(found: Sequence[Behind]) -> set[int]:
    return {int(name) for each in found for name in (each.first, each.second) if name}


def rating_rows(row: AgreementReport) -> Iterator[tuple[int, int, str, int]]:
    """Yield version, annotator, label and image of every rating as it is now, read as the report read them."""
    parameters = row.figures["judgments"]["parameters"]
    scope = named_scope(row.project, schema=parameters["schema"], batches=parameters["batches"])
    if scope is not None:
        read = read_judgments(scope)
        labels = read.outcomes(parameters["outcome"])
        yield from zip(read.versions, read.annotators, labels, read.images, strict=True)
