"""The diverse captions of each image, beside random ones of the same pool."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.machine import DiversityForm
from annotation.machine import choices_showing
from annotation.machine.ml_requests import ask_for_diversity
from annotation.machine.showing import machine_page, refused
from polyannot.kernel.errors import Invalid
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
    if form.is_valid():
        try:
            ask_for_diversity(
                project=access.project,
                actor=access.user,
                parameters=form.parameters,
                seed=form.cleaned_data["seed"],
            )
        except Invalid as error:
            refused(form, error)
    if form.errors:
        return _page(request, access, form, status=422)
    messages.success(request, _("The choice was asked for; it runs on the next free model worker."))
    return redirect("choices", access.project.slug)
