"""Similarities: what each encoder has seen of the project, and a new computation."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.machine import EmbeddingForm, SimilaritiesForm
from annotation.machine.embeddings import (
    EMBED_CAPTIONS,
    EMBED_IMAGES,
    ask_for_embeddings,
    embedded_counts,
)
from annotation.machine.ml_requests import ask_for_similarities
from annotation.machine.showing import asked, encoder_rows, job_context, machine_page, n_pairs
from projects.access import Access, job_of
from projects.http import project_view
from projects.models import Job, Role


def _names(form: forms.Form) -> list[str]:
    return [name.strip() for name in form.cleaned_data["encoders"].split(",")]


def _page(
    request: HttpRequest, access: Access, form: SimilaritiesForm, embed_form: EmbeddingForm, status: int = 200
) -> HttpResponse:
    embedded = embedded_counts(access.project)
    context = machine_page(access, "similarities", form, EMBED_IMAGES, EMBED_CAPTIONS) | {
        "embed_form": embed_form,
        "embedded": embedded,
        "encoders": encoder_rows(access.project, embedded),
        "n_pairs": n_pairs(access.project),
    }
    return render(request, "annotation/machine/similarities.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def similarities(request: HttpRequest, access: Access) -> HttpResponse:
    """List the encoders with what they have seen of the project."""
    return _page(request, access, SimilaritiesForm(), EmbeddingForm())


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_similarities(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for what is missing."""
    form = SimilaritiesForm(request.POST)

    def ask() -> Job:
        names = _names(form)
        return ask_for_similarities(project=access.project, actor=access.user, encoders=names)

    if not asked(form, ask):
        return _page(request, access, form, EmbeddingForm(), status=422)
    messages.success(request, _("The similarities were asked for; they run on the next free model worker."))
    return redirect("difficulty-similarities", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_embeddings(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the embeddings that are missing, of images or of captions."""
    form = EmbeddingForm(request.POST)

    def ask() -> Job:
        kind, names = form.cleaned_data["kind"], _names(form)
        return ask_for_embeddings(kind=kind, project=access.project, actor=access.user, encoders=names)

    if not asked(form, ask):
        return _page(request, access, SimilaritiesForm(), form, status=422)
    messages.success(request, _("The embeddings were asked for; they run on the next free model worker."))
    return redirect("difficulty-similarities", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def machine_job(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show the progress of a job; when it has ended, the page around it is loaded again."""
    job = job_of(access, job_id)
    response = render(request, "partials/job_progress.html", job_context(access, job))
    if not job.is_active:
        response.headers["HX-Refresh"] = "true"
    return response
