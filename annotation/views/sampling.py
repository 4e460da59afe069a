"""Choosing which of the imported images are worked on: a choice, its figures, applying it and undoing that."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import sampling_of
from annotation.forms.sampling import SamplingForm
from annotation.machine.drawings import drawings_of
from annotation.machine.sampling import showing as sampling_showing
from annotation.machine.sampling.choosing import ask_for_sampling
from annotation.machine.showing import asked
from annotation.progress.sampling_images import apply_sampling, undo_sampling
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from projects.views.jobs import progress_context


def _page(request: HttpRequest, access: Access, form: SamplingForm) -> HttpResponse:
    project = access.project
    found = sampling_showing.samplings_of(project)
    try:
        shown = sampling_of(access, UUID(request.GET["sampling"])) if "sampling" in request.GET else None
    except ValueError:
        shown = None
    shown = shown or sampling_showing.applied_sampling(project) or next(iter(found), None)
    job = sampling_showing.active_work(project)
    context = (progress_context(access, job) if job is not None else {}) | {
        "tab": "sampling",
        "form": form,
        "sampling": sampling_showing.shown_sampling(shown) if shown else None,
        "drawings": drawings_of(project, shown.job) if shown else [],
        "applied": sampling_showing.applied_sampling(project),
        "samplings": found,
        "n_images": project.images.exclude(state="retired").count(),
    }
    status = 422 if form.errors else 200
    return render(request, "annotation/sampling.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def samplings(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the choice that is applied, else the newest, or the one that the address names."""
    return _page(request, access, SamplingForm(initial={"seed": access.project.seed}))


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def sampling_run(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new choice; no image changes yet."""
    form = SamplingForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_sampling(
            project=access.project,
            actor=access.user,
            parameters=form.parameters,
            seed=form.cleaned_data["seed"],
        ),
    ):
        return _page(request, access, form)
    messages.success(
        request, _("Asked for; a model worker chooses. No image changes until you apply the choice.")
    )
    return redirect("sampling", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def sampling_apply(request: HttpRequest, access: Access, sampling_id: UUID) -> HttpResponse:
    """Put the images into the states that the choice gives them."""
    made = apply_sampling(sampling=sampling_of(access, sampling_id), actor=access.user)
    messages.success(
        request,
        _(
            "%(chosen)d images are in work, %(reserve)d in reserve, %(aside)d set aside; %(left)d stay as they were."
        )
        % {"chosen": made.n_chosen, "reserve": made.n_reserve, "aside": made.n_aside, "left": made.n_left},
    )
    return redirect("sampling", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def sampling_undo(request: HttpRequest, access: Access, sampling_id: UUID) -> HttpResponse:
    """Give the images the states that they had before."""
    undone = undo_sampling(sampling=sampling_of(access, sampling_id), actor=access.user)
    messages.success(
        request,
        _("%(n)d images are as they were before; %(left)d were left, in a batch or moved since.")
        % {"n": undone.n_restored, "left": undone.n_left},
    )
    return redirect("sampling", access.project.slug)


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def sampling_csv(request: HttpRequest, access: Access, sampling_id: UUID) -> HttpResponseBase:
    """Give out the order of the images."""
    sampling = sampling_of(access, sampling_id)
    name = f"{access.project.slug}-choice-{sampling.public_id}.csv"
    return csv_answer(name, sampling_showing.CSV_COLUMNS, sampling_showing.csv_rows(sampling))
