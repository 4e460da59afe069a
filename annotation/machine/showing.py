"""What the pages of the model work share: tabs, the job at hand, the encoders and what they have seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.machine.embeddings import EmbeddedCounts
from annotation.models import Encoder, Similarity, Threshold
from annotation.progress.verdicts import versions_in_pool
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.models import Job, Project
from projects.models.jobs import JobState
from projects.queue import KINDS

TABS = (
    ("difficulty", _("Difficulty"), "difficulty"),
    ("robustness", _("Robustness"), "difficulty-robustness"),
    ("diversity", _("Diverse captions"), "choices"),
    ("similarities", _("Similarities"), "difficulty-similarities"),
    ("evaluation", _("Benchmark"), "difficulty-benchmark"),
    ("alignment", _("Alignment"), "difficulty-alignment"),
    ("polysemy", _("Polysemy"), "polysemy"),
)


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """An encoder, what of the project it has embedded, its cosines, and the threshold by which it votes here."""

    encoder: Encoder
    n_pictures: int
    n_texts: int
    n_pairs: int
    threshold: Threshold | None


def machine_page(access: Access, kind: str, form: forms.Form, *more_kinds: str) -> dict[str, Any]:
    """Return what every page of the model work shows: tabs, the form of a new job, the latest job of these kinds."""
    jobs = Job.objects.filter(project=access.project, kind__in=[kind, *more_kinds])
    job = jobs.order_by("-pk").first()
    context: dict[str, Any] = {
        "tabs": [
            {"label": label, "url": reverse(url_name, args=[access.project.slug]), "is_current": name == kind}
            for name, label, url_name in TABS
        ],
        "form": form,
    }
    if job is not None and job.state not in {JobState.DONE, JobState.CANCELLED}:
        context |= job_context(access, job)
    elif job is not None:
        context["failures"] = list(job.failures.all()[:50])
    return context


def job_context(access: Access, job: Job) -> dict[str, Any]:
    """Return what the progress of a job is drawn from."""
    kind = KINDS.get(job.kind)
    return {
        "job": job,
        "title": kind.title if kind else job.kind,
        "refresh_url": reverse("difficulty-job", args=[access.project.slug, job.public_id]),
    }


def asked(form: forms.Form, ask: Callable[[], object]) -> bool:
    """Do what a form that can be read asks for and say whether it was done; a refusal goes on top of the form."""
    if form.is_valid():
        try:
            ask()
        except Invalid as error:
            form.add_error(None, str(error.message))
    return not form.errors


def n_pairs(project: Project) -> int:
    """Return how many versions are in circulation."""
    return versions_in_pool(project).count()


def encoder_rows(project: Project, embedded: EmbeddedCounts) -> Sequence[EncoderRow]:
    """Return the encoders that have seen something of the project, by name, the newest weights first."""
    pool = versions_in_pool(project).values("pk")
    counts = dict(
        Similarity.objects.filter(project=project, version__in=pool)
        .order_by()
        .values_list("encoder")
        .annotate(n=Count("pk"))
    )
    seen = {*counts, *embedded.pictures, *embedded.texts}
    encoders = Encoder.objects.filter(pk__in=seen).order_by("name", "-pk")
    thresholds = {
        threshold.encoder_id: threshold
        for threshold in Threshold.objects.filter(encoder__in=seen).for_project(project.pk).reverse()
    }
    return [
        EncoderRow(
            encoder,
            embedded.pictures.get(encoder.pk, 0),
            embedded.texts.get(encoder.pk, 0),
            counts.get(encoder.pk, 0),
            thresholds.get(encoder.pk),
        )
        for encoder in encoders
    ]
