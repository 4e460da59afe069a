"""Batches: which images are given out, and how far they are."""

import secrets
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotation.access import batch_of
from annotation.closing import close_batch, give_on_interrupted, reopen_batch
from annotation.forms.images import BatchForm
from annotation.models import Assignment, AssignmentState, Batch, Image, ImageState
from annotation.opening import open_batch
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
            n_interrupted=Count(
                "assignments",
                filter=Q(
                    assignments__state=AssignmentState.LEASED, assignments__lease_until__lt=timezone.now()
                ),
            ),
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


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def batch_close(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """End a batch."""
    close_batch(batch=batch_of(access, batch_id), actor=access.user)
    messages.success(request, _("The batch is closed; everything judged in it was kept."))
    return redirect("batches", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def batch_reopen(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Let the annotators go on."""
    reopen_batch(batch=batch_of(access, batch_id), actor=access.user)
    messages.success(request, _("The batch is open again."))
    return redirect("batches", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def batch_give_on(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """Give images that somebody left half done to others."""
    given = give_on_interrupted(batch=batch_of(access, batch_id), actor=access.user)
    told = ngettext("%(n)d image was given on.", "%(n)d images were given on.", given) % {"n": given}
    messages.success(request, told)
    return redirect("batches", access.project.slug)
