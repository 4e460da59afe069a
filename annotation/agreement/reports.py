"""Agreement reports: asked for by a page, computed by a worker of the default queue, stored with their parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.agreement.computing import compute_report
from annotation.agreement.ratings import Outcome
from annotation.agreement.scope import Scope, scope_of
from annotation.models import AgreementReport, Batch, LabelSchema
from measures.agreement import TREATMENTS
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk, Project
from projects.queue import Parameters, enqueue
from projects.running import ChunkOutcome, ChunkPlan

__all__ = [
    "KIND",
    "AgreementRunner",
    "completed_agreement",
    "compute_report",
    "latest_job",
    "latest_report",
    "request_report",
]

KIND = "agreement"
REPLICATES = 2000
MOST_REPLICATES = 20_000
SEED = 20_240_501
KNOWN = ("schema", "batches", "outcome", "unsure", "replicates", "seed")


def completed_agreement(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a report with their defaults. Raises Invalid for values that make no sense.

    schema: the public id of a set of labels, "" for the project's first. batches: public ids of batches that use it,
    none for all. outcome: see `Outcome`. unsure: nominal, missing, ordinal or not_good.
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
        "schema": str(parameters.get("schema") or ""),
        "batches": sorted({str(batch) for batch in parameters.get("batches") or ()}),
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
    asked_by: User | None,
    schema: LabelSchema | None = None,
    batches: Sequence[Batch] = (),
    outcome: str = "",
    unsure: str = TREATMENTS[0],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Job:
    """Ask for a report on some batches, or on all of a set of labels; asking again while it is computed is one job.

    Edits are kept apart by default, and are no outcome where the labels do not allow them. Raises Invalid for
    parameters that make no sense and for batches with different labels.
    """
    scope = scope_of(project, schema=schema, batches=batches)
    edits = scope is not None and scope.schema.allows_edits
    parameters = {
        "schema": str(scope.schema.public_id) if scope else "",
        "batches": [str(batch.public_id) for batch in scope.batches] if scope else [],
        "outcome": (outcome or Outcome.WITH_EDITS) if edits else Outcome.LABELS,
        "unsure": unsure,
        "replicates": replicates,
        "seed": seed,
    }
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=asked_by, seed=seed)


def latest_report(scope: Scope) -> AgreementReport | None:
    """Return the newest stored report of a scope."""
    return AgreementReport.objects.filter(project=scope.project, scope=scope.key).order_by("-pk").first()


def latest_job(scope: Scope) -> Job | None:
    """Return the newest job that computes a report of a scope."""
    return (
        Job.objects.filter(
            project=scope.project,
            kind=KIND,
            parameters__schema=str(scope.schema.public_id),
            parameters__batches=sorted(str(batch.public_id) for batch in scope.batches),
        )
        .order_by("-pk")
        .first()
    )


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
