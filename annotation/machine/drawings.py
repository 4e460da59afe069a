"""Asking for the drawings of a model job's result, and fetching them; nothing is drawn here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from annotation.models import MachineDrawing
from polyannot.kernel.errors import Missing
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

DRAWING = "drawing"
FORMS = {"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png", "csv": "text/csv"}


def completed_drawing(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a drawing job: the id of the `job` whose result is drawn."""
    return {"job": str(parameters.get("job") or "")}


def ask_for_drawing(job: Job) -> Job:
    """Have a worker of the default queue draw what a model job found."""
    return enqueue(
        kind=DRAWING, project=job.project, parameters={"job": str(job.public_id)}, asked_by=job.asked_by
    )


@dataclass(frozen=True, slots=True)
class ShownDrawing:
    """One drawing on a page: its markup, what it shows in words, and where its forms lie."""

    figure_id: str
    title: str
    alt: str
    svg: str
    csv_url: str
    svg_url: str
    pdf_url: str
    png_url: str


def drawings_of(project: Project, job: Job) -> list[ShownDrawing]:
    """Return the drawings of a job's result for a page, in the order in which they were drawn."""

    def url(name: str, form: str) -> str:
        return reverse("machine-drawing", args=[project.slug, job.public_id, name, form])

    return [
        ShownDrawing(
            figure_id=f"figure-{drawing.name}",
            title=drawing.title,
            alt=drawing.alt,
            svg=mark_safe(drawing.svg),  # noqa: S308  written by a worker of this program, texts escaped
            csv_url=url(drawing.name, "csv"),
            svg_url=url(drawing.name, "svg"),
            pdf_url=url(drawing.name, "pdf"),
            png_url=url(drawing.name, "png"),
        )
        for drawing in MachineDrawing.objects.filter(job=job).defer("pdf", "png", "csv")
    ]


def drawing_of(project: Project, job_id: UUID, name: str) -> MachineDrawing:
    """Return a drawing of a job of the project. Raises Missing."""
    found = MachineDrawing.objects.filter(job__project=project, job__public_id=job_id, name=name).first()
    if found is None:
        raise Missing("drawing_missing", _("There is no such drawing in this project."))
    return found


def contents(drawing: MachineDrawing, form: str) -> bytes:
    """Return a drawing in one of `FORMS`. Raises Missing for another."""
    if form not in FORMS:
        raise Missing("drawing_missing", _("There is no such drawing in this project."))
    held = getattr(drawing, form)
    return held.encode() if isinstance(held, str) else bytes(held)
