"""Labels estimated by Dawid and Skene's model, beside the verdict and never in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.agreement.ratings import JudgmentsRead, Outcome, declared_scale, public_names, read_judgments
from annotation.agreement.scope import Scope, named_scope
from annotation.models import LabelEstimate, LabelEstimateRun
from measures.dawid_skene import FEWEST_RATINGS, VERSION, Estimate, IntArray, estimate_labels
from measures.proportions import wilson
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.queue import Parameters, enqueue
from projects.running import ChunkOutcome, ChunkPlan

KIND = "label_estimates"
# Unsure is no claim about the caption, or one of the answers that the model knows.
UNSURE_TREATMENTS = ("missing", "nominal")
KNOWN = ("schema", "batches", "outcome", "unsure")
ROWS_AT_ONCE = 5000


def completed_estimates(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a run with their defaults. Raises Invalid for values that make no sense."""
    if unknown := set(parameters) - set(KNOWN):
        raise Invalid(
            "job_parameters", _("There is no parameter %(name)s.") % {"name": ", ".join(sorted(unknown))}
        )
    outcome = str(parameters.get("outcome") or Outcome.LABELS)
    unsure = str(parameters.get("unsure") or UNSURE_TREATMENTS[0])
    if outcome not in Outcome.values or unsure not in UNSURE_TREATMENTS:
        raise Invalid("job_parameters", _("Choose one of the outcomes and one of the treatments of unsure."))
    return {
        "schema": str(parameters.get("schema") or ""),
        "batches": sorted({str(batch) for batch in parameters.get("batches") or ()}),
        "outcome": outcome,
        "unsure": unsure,
    }


def request_estimates(*, scope: Scope, asked_by: User | None, outcome: str = "", unsure: str = "") -> Job:
    """Ask for estimated labels of a scope; asking again while they are computed is one job.

    Without an outcome edits are kept apart where the labels allow them. Raises Invalid for parameters that make no
    sense.
    """
    by_default = Outcome.WITH_EDITS if scope.schema.allows_edits else Outcome.LABELS
    parameters = {
        "schema": str(scope.schema.public_id),
        "batches": [str(batch.public_id) for batch in scope.batches],
        "outcome": outcome or by_default,
        "unsure": unsure,
    }
    return enqueue(kind=KIND, project=scope.project, parameters=parameters, asked_by=asked_by)


def latest_run(scope: Scope) -> LabelEstimateRun | None:
    """Return the newest stored run of a scope."""
    return LabelEstimateRun.objects.filter(project=scope.project, scope=scope.key).order_by("-pk").first()


def latest_job(scope: Scope) -> Job | None:
    """Return the newest job that estimates labels of a scope."""
    jobs = Job.objects.filter(
        project=scope.project,
        kind=KIND,
        parameters__schema=str(scope.schema.public_id),
        parameters__batches=sorted(str(batch.public_id) for batch in scope.batches),
    )
    return jobs.order_by("-pk").first()


class LabelEstimateRunner:
    """Read the judgments, estimate, store the run; running it again replaces the same rows."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one step."""
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Estimate and store."""
        compute_estimates(job)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say what was estimated."""
        run = LabelEstimateRun.objects.get(job=job)
        return {"run": str(run.public_id), "items": run.n_items, "too_few_ratings": run.n_sparse}


@dataclass(frozen=True)
class Columns:
    """Ratings as code arrays: items with enough ratings alone, and how many items had fewer."""

    items: IntArray
    raters: IntArray
    labels: IntArray
    versions: tuple[int, ...]
    annotators: tuple[int, ...]
    categories: tuple[str, ...]
    n_sparse: int


def compute_estimates(job: Job) -> LabelEstimateRun:
    """Estimate the labels that a job asks for and store them. Raises Invalid when the scope has no labels."""
    assert job.project is not None
    parameters = job.parameters
    scope = named_scope(job.project, schema=parameters["schema"], batches=parameters["batches"])
    if scope is None:
        raise Invalid("labels_missing", _("This project has no labels yet, so there is nothing to estimate."))
    read = read_judgments(scope)
    columns = columns_of(read, parameters["outcome"], parameters["unsure"])
    estimate = None
    if columns.versions:
        estimate = estimate_labels(
            columns.items, columns.raters, columns.labels, n_labels=len(columns.categories)
        )
    with transaction.atomic():
        run, _created = LabelEstimateRun.objects.update_or_create(
            job=job,
            defaults={
                "project": job.project,
                "schema": scope.schema,
                "scope": scope.key,
                "outcome": parameters["outcome"],
                "unsure": parameters["unsure"],
                "n_items": len(columns.versions),
                "n_sparse": columns.n_sparse,
                "n_ratings": len(columns.items),
                "n_raters": len(columns.annotators),
                "includes_demo": read.includes_demo,
                "code_version": f"measures.dawid_skene {VERSION}",
                "figures": _figures(columns, estimate, read)
                if estimate
                else {"last_judgment": read.last_judgment},
            },
        )
        run.batches.set(scope.batches)
        run.estimates.all().delete()
        if estimate is not None:
            LabelEstimate.objects.bulk_create(_rows(run, columns, estimate), batch_size=ROWS_AT_ONCE)
    return run


def columns_of(read: JudgmentsRead, outcome: str, unsure: str) -> Columns:
    """Return the ratings of items with at least FEWEST_RATINGS of them, unsure left out where it is no rating."""
    declared = declared_scale(read.schema, outcome)
    categories = [key for key in declared.categories if unsure == "nominal" or key != declared.unsure]
    code = {key: place for place, key in enumerate(categories)}
    labels = np.array([code.get(label, -1) for label in read.outcomes(outcome)], dtype=np.int64)
    versions, annotators = np.array(read.versions, dtype=np.int64), np.array(read.annotators, dtype=np.int64)
    told = labels >= 0
    found, item, n = np.unique(versions[told], return_inverse=True, return_counts=True)
    enough = (n >= FEWEST_RATINGS)[item]
    items, item_codes = np.unique(versions[told][enough], return_inverse=True)
    people, rater_codes = np.unique(annotators[told][enough], return_inverse=True)
    return Columns(
        items=item_codes.astype(np.int64),
        raters=rater_codes.astype(np.int64),
        labels=labels[told][enough],
        versions=tuple(items.tolist()),
        annotators=tuple(people.tolist()),
        categories=tuple(categories),
        n_sparse=len(found) - len(items),
    )


def _figures(columns: Columns, estimate: Estimate, read: JudgmentsRead) -> dict[str, Any]:
    names = public_names(columns.annotators)
    right = estimate.probabilities[columns.items, columns.labels]
    return {
        "labels": list(columns.categories),
        "rates": estimate.rates.tolist(),
        "raters": [
            _rater(names[str(person)], place, columns, estimate, right)
            for place, person in enumerate(columns.annotators)
        ],
        "log_likelihood": estimate.log_likelihood,
        "iterations": estimate.iterations,
        "has_converged": estimate.has_converged,
        "last_judgment": read.last_judgment,
    }


def _rater(
    name: str, place: int, columns: Columns, estimate: Estimate, right: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """Return one rater: how many ratings, the expected share that is right with its interval, and the confusion."""
    mine = columns.raters == place
    n, k = int(mine.sum()), float(right[mine].sum())
    interval = wilson(min(k, n), n)
    return {
        "rater": name,
        "n": n,
        "right": k / n,
        "low": interval.low,
        "high": interval.high,
        "confusion": estimate.confusion[place].tolist(),
        "weights": estimate.weights[place].tolist(),
    }


def _rows(run: LabelEstimateRun, columns: Columns, estimate: Estimate) -> list[LabelEstimate]:
    counts = np.zeros((len(columns.versions), len(columns.categories)), dtype=np.int64)
    np.add.at(counts, (columns.items, columns.labels), 1)
    best, most = estimate.probabilities.argmax(axis=1), counts.max(axis=1)
    is_tie = (counts == most[:, None]).sum(axis=1) > 1
    given, ratings = counts.argmax(axis=1), counts.sum(axis=1)
    return [
        LabelEstimate(
            run=run,
            project_id=run.project_id,
            version_id=version,
            label=columns.categories[best[place]],
            probability=min(1.0, float(estimate.probabilities[place, best[place]])),
            majority="" if is_tie[place] else columns.categories[given[place]],
            n_majority=int(most[place]),
            n_ratings=int(ratings[place]),
        )
        for place, version in enumerate(columns.versions)
    ]
