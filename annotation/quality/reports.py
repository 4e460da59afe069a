"""Reports on quality over time: asked for by a page, computed by a worker of the default queue, stored."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.agreement.scope import Scope, named_scope
from annotation.models import LabelSchema, QualityKind, QualityReport
from annotation.quality.drift import compute_drift
from annotation.quality.feedback_effect import compute_feedback_effect
from annotation.quality.figures import QualityFigures
from measures.agreement import VERSION
from measures.control_charts import BLOCK, FALSE_ALARM_RATE
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk, Project
from projects.queue import Parameters, enqueue
from projects.running import ChunkOutcome, ChunkPlan

FEEDBACK, DRIFT = "feedback-effect", "drift"
REPLICATES, MOST_REPLICATES = 2000, 20_000
SEED = 20_240_501
LEAST_BLOCK, MOST_BLOCK = 20, 1000


def completed_feedback(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a calibration series with their defaults. Raises Invalid for others."""
    return {
        "schema": str(parameters.get("schema") or ""),
        "replicates": _whole(parameters, "replicates", REPLICATES, 100, MOST_REPLICATES),
        "seed": _whole(parameters, "seed", SEED, 0, 2**31 - 1),
    }


def completed_drift(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of control charts with their defaults. Raises Invalid for others.

    block: answers per block. The false-alarm rate is fixed, so that nobody tunes it until something shows.
    """
    return {
        "schema": str(parameters.get("schema") or ""),
        "block": _whole(parameters, "block", BLOCK, LEAST_BLOCK, MOST_BLOCK),
        "false_alarm_rate": FALSE_ALARM_RATE,
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


def request_quality(
    *,
    project: Project,
    kind: str,
    asked_by: User | None,
    schema: LabelSchema | None = None,
    **parameters: int,
) -> Job:
    """Ask for a calibration series or for control charts of a set of labels (by default the project's first)."""
    chosen = schema or project.label_schemas.order_by("pk").first()
    asked = {"schema": str(chosen.public_id) if chosen else "", **parameters}
    seed = int(parameters.get("seed", SEED))
    return enqueue(kind=kind, project=project, parameters=asked, asked_by=asked_by, seed=seed)


def latest_quality(schema: LabelSchema, kind: QualityKind) -> QualityReport | None:
    """Return the newest report of a kind on a set of labels."""
    return QualityReport.objects.filter(project=schema.project_id, schema=schema, kind=kind).first()


def latest_quality_job(schema: LabelSchema, kind: str) -> Job | None:
    """Return the newest job of a kind on a set of labels."""
    jobs = Job.objects.filter(project=schema.project_id, kind=kind, parameters__schema=str(schema.public_id))
    return jobs.order_by("-pk").first()


class QualityRunner:
    """Compute one report and store it; running it again replaces the same row."""

    def __init__(
        self, kind: QualityKind, compute: Callable[[Scope, Mapping[str, Any]], QualityFigures]
    ) -> None:
        self.kind, self.compute = kind, compute

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one step."""
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Compute and store."""
        self.store(job)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Say what was computed."""
        row = QualityReport.objects.get(job=job)
        return {"report": str(row.public_id), "judgments": row.n_judgments}

    def store(self, job: Job) -> QualityReport:
        """Compute the report that the job asks for. Raises Invalid when the project has no labels."""
        assert job.project is not None
        scope = named_scope(job.project, schema=job.parameters["schema"], batches=())
        if scope is None:
            raise Invalid(
                "labels_missing", _("This project has no labels yet, so there is nothing to compute.")
            )
        found = self.compute(scope, job.parameters)
        row, _created = QualityReport.objects.update_or_create(
            job=job,
            defaults={
                "project": job.project,
                "kind": self.kind,
                "schema": scope.schema,
                "n_judgments": found.n_judgments,
                "last_judgment": found.last_judgment,
                "includes_demo": found.includes_demo,
                "code_version": f"measures {VERSION}",
                "figures": {"parameters": dict(job.parameters), **found.figures},
            },
        )
        return row


def feedback_runner() -> QualityRunner:
    """Return what computes the series of calibration sets."""
    return QualityRunner(QualityKind.FEEDBACK, compute_feedback_effect)


def drift_runner() -> QualityRunner:
    """Return what computes control charts."""
    return QualityRunner(QualityKind.DRIFT, compute_drift)
