"""The diverse captions of each image, beside random ones of the same pool."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import image_of
from annotation.forms.machine import DiversityForm
from annotation.machine.difficulty import choice_plane, choices_showing
from annotation.machine.ml_requests import ask_for_diversity
from annotation.machine.showing import asked, machine_page
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _page(request: HttpRequest, access: Access, form: DiversityForm, status: int = 200) -> HttpResponse:
    context = machine_page(access, "diversity", form) | {
        "overview": choices_showing.overview(access.project),
        "page": choices_showing.complete_choices(access.project, request.GET.get("page", 1)),
        "incomplete": choices_showing.incomplete_images(access.project),
    }
    return render(request, "annotation/machine/choices.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def choices(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the current choice of every image."""
    return _page(request, access, DiversityForm(initial={"seed": access.project.seed}))


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def run_choices(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new choice."""
    form = DiversityForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_diversity(
            project=access.project,
            actor=access.user,
            parameters=form.parameters,
            seed=form.cleaned_data["seed"],
        ),
    ):
        return _page(request, access, form, status=422)
    messages.success(request, _("The choice was asked for; it runs on the next free model worker."))
    return redirect("choices", access.project.slug)


def _shown(access: Access, image_id: UUID) -> dict[str, Any]:
    image = image_of(access, image_id)
    choice = choices_showing.choice_of(image)
    captions = choices_showing.pool_of(choice)
    return {
        "image": image,
        "choice": choice,
        "captions": captions,
        "plane": choice_plane.drawn_plane(captions),
    }


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def choice_of_image(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Show the good captions of an image on their plane, their clusters, and which were chosen."""
    crumbs = [{"label": _("Diverse captions"), "url": reverse("choices", args=[access.project.slug])}]
    return render(request, "annotation/machine/choice.html", _shown(access, image_id) | {"crumbs": crumbs})


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def choice_svg(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Give out the drawing of the captions of an image."""
    context = _shown(access, image_id)
    answer = render(request, "annotation/machine/choice.svg", context, content_type="image/svg+xml")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="captions-{context["image"].public_id}.svg"'
    )
    return answer


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def choice_csv(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponseBase:
    """Give out the captions of an image with their places and clusters."""
    image = image_of(access, image_id)
    rows = [
        (one.number, one.cluster, int(one.is_chosen), one.x, one.y, one.text)
        for one in choices_showing.pool_of(choices_showing.choice_of(image))
    ]
    columns = ("number", "cluster", "is_chosen", "x", "y", "caption")
    return csv_answer(f"captions-{image.public_id}.csv", columns, rows)
