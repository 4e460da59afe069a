"""Reports that model jobs leave: the port that stores them, and fetching them for pages."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.models import MachineReport
from polyannot.kernel.errors import Missing
from projects.models import Job, Project
from projects.models.jobs import JobState

REPORTS_SHOWN = 20


def write_report(job: Job, kind: str, n_items: int, figures: Mapping[str, Any]) -> None:
    """Keep the report of this job, in place of what an interrupted attempt had left."""
    assert job.project is not None
    MachineReport.objects.update_or_create(
        job=job, defaults={"project": job.project, "kind": kind, "n_items": n_items, "figures": dict(figures)}
    )


def add_report_part(job: Job, kind: str, name: str, part: Any) -> None:
    """Keep a part of a report until the whole is written; parts may come from several workers at once."""
    assert job.project is not None
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        report, _made = MachineReport.objects.get_or_create(
            job=job, defaults={"project": job.project, "kind": kind, "n_items": 0, "figures": {"parts": {}}}
        )
        report.figures["parts"][name] = part
        report.save(update_fields=["figures"])


def report_parts(job: Job) -> dict[str, Any]:
    """Return the parts of a report that is not whole yet."""
    parts: dict[str, Any] = MachineReport.objects.get(job=job).figures["parts"]
    return parts


def report_counts(job: Job, *names: str) -> dict[str, int]:
    """Return figures of the report of a job by name."""
    figures = MachineReport.objects.get(job=job).figures
    return {name: figures[name] for name in names}


def reports_of(project: Project, kind: str) -> Sequence[MachineReport]:
    """Return the whole reports of a kind, the newest first."""
    return list(whole_reports(project).filter(kind=kind)[:REPORTS_SHOWN])


def whole_reports(project: Project) -> QuerySet[MachineReport]:
    """Return those whose job is done, the newest first; before, a report holds parts."""
    rows = MachineReport.objects.filter(project=project, job__state=JobState.DONE)
    return rows.select_related("job", "project")


def machine_report_of(project: Project, public_id: UUID) -> MachineReport:
    """Return a whole report of the project. Raises Missing."""
    if (found := whole_reports(project).filter(public_id=public_id).first()) is None:
        raise Missing("report_missing", _("There is no such report in this project."))
    return found


def report_of(project: Project, kind: str, public_id: str = "") -> MachineReport | None:
    """Return the report of a kind with this id, without one the newest. Raises Missing for an id that is none here."""
    rows = whole_reports(project).filter(kind=kind)
    if not public_id:
        return rows.first()
    try:
        found = rows.filter(public_id=UUID(public_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise Missing("report_missing", _("There is no such report in this project."))
    return found
