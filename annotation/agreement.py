"""Agreement reports: asked for by a page, computed by a worker of the default queue, stored with their parameters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.agreement_ratings import (
    Declared,
    JudgmentsRead,
    Outcome,
    category_names,
    declared_scale,
    public_names,
    read_judgments,
)
from annotation.models import AgreementReport, Batch, CaptionVersion, Image
from annotation.models.schemas import MeasurementLevel
from measures.agreement import TREATMENTS, VERSION, Bootstrap, Ratings, report
from measures.agreement import AgreementReport as Figures
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk, Project
from projects.queue import Parameters, enqueue
from projects.running import ChunkOutcome, ChunkPlan

KIND = "agreement"
REPLICATES = 2000
MOST_REPLICATES = 20_000
SEED = 20_240_501
HARDEST_SHOWN = 24
# Drawing raters too costs more and is needed less precisely than drawing images.
RATER_REPLICATES_SHARE = 4
ORDERED_WEIGHTS = ("linear", "quadratic", "ordinal")
KNOWN = ("batch", "outcome", "unsure", "replicates", "seed")


def completed_agreement(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a report with their defaults. Raises Invalid for values that make no sense.

    batch: its public id, "" for all. outcome: see `Outcome`. unsure: nominal, missing, ordinal or not_good.
    replicates and seed: of the bootstrap over images.
    """
    if unknown := set(parameters) - set(KNOWN):
        raise Invalid(
            "job_parameters", _("There is no parameter %(name)s.") % {"name": ", ".join(sorted(unknown))}
        )
    outcome = str(parameters.get("outcome") or Outcome.WITH_EDITS)
    unsure = str(parameters.get("unsure") or TREATMENTS[0])
    if outcome not in Outcome.values or unsure not in TREATMENTS:
        raise Invalid("job_parameters", _("Choose one of the outcomes and one of the treatments of unsure."))
    if outcome == Outcome.WITH_EDITS and unsure in {"ordinal", "not_good"}:
        raise Invalid(
            "treatment_needs_labels",
            _("This treatment of unsure needs labels alone: with edits kept apart there is no order."),
        )
    return {
        "batch": str(parameters.get("batch") or ""),
        "outcome": outcome,
        "unsure": unsure,
        "replicates": _whole(parameters, "replicates", REPLICATES, 100, MOST_REPLICATES),
        "seed": _whole(parameters, "seed", SEED, 0, 2**31 - 1),
    }


def _whole(parameters: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    try:
        number = int(parameters.get(name, default))
    except (TypeError, ValueError):
        number = least - 1
    if not least <= number <= most:
        raise Invalid(
            "job_parameters",
            _("%(name)s is a whole number from %(least)d to %(most)d.")
            % {"name": name, "least": least, "most": most},
        )
    return number


def request_report(
    *,
    project: Project,
    batch: Batch | None,
    asked_by: User | None,
    outcome: str = Outcome.WITH_EDITS,
    unsure: str = TREATMENTS[0],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Job:
    """Ask for a report on a batch, or on the whole project; asking again while it is computed is one job.

    Raises Invalid for parameters that make no sense.
    """
    parameters = {
        "batch": str(batch.public_id) if batch else "",
        "outcome": outcome,
        "unsure": unsure,
        "replicates": replicates,
        "seed": seed,
    }
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=asked_by, seed=seed)


def latest_report(project: Project, batch: Batch | None) -> AgreementReport | None:
    """Return the newest stored report of a scope."""
    return AgreementReport.objects.filter(project=project, batch=batch).order_by("-pk").first()


def latest_job(project: Project, batch: Batch | None) -> Job | None:
    """Return the newest job that computes a report of a scope."""
    scope = str(batch.public_id) if batch else ""
    return Job.objects.filter(project=project, kind=KIND, parameters__batch=scope).order_by("-pk").first()


class AgreementRunner:
    """Read the judgments, compute, store the report; running it again replaces the same row."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one step."""
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Compute and store."""
        compute_report(job)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say what was computed."""
        row = AgreementReport.objects.get(job=job)
        return {"report": str(row.public_id), "items": row.n_items, "ratings": row.n_ratings}


def compute_report(job: Job) -> AgreementReport:
    """Compute the report that a job asks for and store it. Raises Invalid when the scope has no labels."""
    assert job.project is not None
    parameters = job.parameters
    batch = _batch(job.project, parameters["batch"])
    read = read_judgments(project=job.project, batch=batch)
    if read is None:
        raise Invalid("labels_missing", _("This project has no labels yet, so there is nothing to agree on."))
    ratings = read.ratings(parameters["outcome"])
    computed = _figures(ratings, declared_scale(read.schema, parameters["outcome"]), parameters)
    row, _created = AgreementReport.objects.update_or_create(
        job=job,
        defaults={
            "project": job.project,
            "batch": batch,
            "schema": read.schema,
            "scope": f"{read.schema.pk}:{batch.pk}" if batch else str(read.schema.pk),
            "unsure": parameters["unsure"],
            "n_items": computed.items,
            "n_ratings": computed.ratings,
            "n_raters": computed.raters,
            "includes_demo": read.includes_demo,
            "code_version": f"measures.agreement {VERSION}",
            "figures": _stored(computed, read, parameters),
        },
    )
    return row


def _batch(project: Project, public_id: str) -> Batch | None:
    if not public_id:
        return None
    try:
        return Batch.objects.select_related("schema").get(project=project, public_id=public_id)
    except (Batch.DoesNotExist, ValidationError) as error:
        raise Invalid("batch_missing", _("There is no such batch in this project.")) from error


def _figures(ratings: Ratings, declared: Declared, parameters: Mapping[str, Any]) -> Figures:
    replicates, seed = parameters["replicates"], parameters["seed"]
    unsure = parameters["unsure"] if declared.unsure in declared.categories else None
    return report(
        ratings,
        categories=declared.categories,
        level=declared.level,
        unsure=unsure,
        unsure_label=declared.unsure,
        positive=declared.positive,
        negative=declared.negative,
        weights=() if declared.level == MeasurementLevel.NOMINAL else ORDERED_WEIGHTS,
        bootstraps=(
            Bootstrap("clusters", replicates, seed),
            Bootstrap("clusters+raters", max(100, replicates // RATER_REPLICATES_SHARE), seed),
        ),
        hardest=HARDEST_SHOWN,
    )


def _stored(computed: Figures, read: JudgmentsRead, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report as JSON with public ids in place of row ids, and what only judgments can tell."""
    plain = computed.to_json()
    raters = public_names(list(set(read.annotators)))
    _rename_raters(plain, raters)
    items = CaptionVersion.objects.filter(pk__in=[int(row["item"]) for row in plain["hardest"]])
    versions = {str(pk): str(public_id) for pk, public_id in items.values_list("pk", "public_id")}
    for row in plain["hardest"]:
        row["item"] = versions[row["item"]]
    plain["judgments"] = {
        "parameters": dict(parameters),
        "schema": read.schema.name,
        "category_names": category_names(read.schema),
        "left_out": dict(read.left_out),
        "last_judgment": read.last_judgment,
        "paces": {raters[str(pk)]: asdict(pace) for pk, pace in read.paces().items()},
        "edits": read.edit_agreement().to_json() if read.schema.allows_edits else None,
        "other_outcome": _other_outcome(read, parameters),
    }
    return plain


def _rename_raters(plain: dict[str, Any], names: Mapping[str, str]) -> None:
    for pair in plain["pairs"]:
        pair["first"], pair["second"] = names[pair["first"]], names[pair["second"]]
    for row in plain["annotators"]:
        row["rater"] = names[row["rater"]]
    confusion = plain["confusion"]
    for side in ("row_rater", "column_rater"):
        confusion[side] = names.get(confusion[side], "")
    by_rater = plain["intra_rater"]["by_rater"]
    plain["intra_rater"]["by_rater"] = {names[rater]: counts for rater, counts in by_rater.items()}


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


def rating_rows(report: AgreementReport) -> Iterator[tuple[str, str, str, str]]:
    """Yield item, rater, label and image of every rating as it is now, read as the report read them; public ids."""
    read = read_judgments(project=report.project, batch=report.batch)
    if read is None:
        return
    labels = read.outcomes(report.figures["judgments"]["parameters"]["outcome"])
    raters = public_names(list(set(read.annotators)))
    items = dict(CaptionVersion.objects.filter(pk__in=set(read.versions)).values_list("pk", "public_id"))
    images = dict(Image.objects.filter(pk__in=set(read.images)).values_list("pk", "public_id"))
    for version, annotator, label, image in zip(
        read.versions, read.annotators, labels, read.images, strict=True
    ):
        yield str(items[version]), raters[str(annotator)], label, str(images[image])
