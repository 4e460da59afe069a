"""Batches: which images are given out, and how far they are."""

import secrets

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.assigning import open_batch
from annotation.forms.images import BatchForm
from annotation.models import Assignment, AssignmentState, Batch, Image, ImageState
from polyannot.kernel.errors import DomainError
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def free_images(access: Access) -> QuerySet[Image]:
    """Return the active images that are in no batch yet, in the project's order."""
    given = Assignment.objects.filter(image=OuterRef("pk"))
    active = Image.objects.filter(project=access.project, state=ImageState.ACTIVE)
    return active.filter(~Exists(given)).order_by("position", "pk")


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def batches(request: HttpRequest, access: Access) -> HttpResponse:
    """List the batches, newest first, with what is done of each."""
    counted = Q(assignments__state__in=[AssignmentState.OPEN, AssignmentState.LEASED, AssignmentState.DONE])
    rows = (
        Batch.objects.filter(project=access.project)
        .select_related("guideline")
        .annotate(
            n_slots=Count("assignments", filter=counted),
            n_done=Count("assignments", filter=Q(assignments__state=AssignmentState.DONE)),
            n_images=Count("assignments__image", distinct=True),
        )
        .order_by("-pk")
    )
    context = {"rows": rows, "n_free": free_images(access).count(), "tab": "batches"}
    return render(request, "annotation/batches.html", context)


@project_view(Role.HEAD, Role.ADMIN)
def batch_new(request: HttpRequest, access: Access) -> HttpResponse:
    """Open a batch of images that are in none yet."""
    free = free_images(access)
    form = BatchForm(request.POST or None, n_free=free.count())
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            open_batch(
                project=access.project,
                images=free[: values.pop("n_images")],
                actor=access.user,
                seed=secrets.randbelow(2**31),
                **values,
            )
            return redirect("batches", access.project.slug)
        except DomainError as error:
            form.add_error(None, str(error.message))
    context = {
        "form": form,
        "crumbs": [{"label": _("Batches"), "url": reverse("batches", args=[access.project.slug])}],
    }
    return render(request, "annotation/batch_new.html", context, status=422 if form.errors else 200)
