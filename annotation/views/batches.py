"""Batches: which images are given out, and how far they are."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotation.access import batch_of
from annotation.working.batch_showing import skipped_images, standings
from annotation.working.closing import close_batch, give_on_interrupted, reopen_batch
from annotation.working.handing_over import leavers
from annotation.working.opening import free_images
from projects.access import Access
from projects.http import project_view
from projects.models import Role

SKIPPED_PER_PAGE = 30


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def batches(request: HttpRequest, access: Access) -> HttpResponse:
    """List the batches, newest first, with what is done of each."""
    context = {
        "rows": standings(access.project),
        "leavers": leavers(access.project),
        "n_free": free_images(access.project).count(),
        "tab": "batches",
    }
    return render(request, "annotation/batches.html", context)


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def batch_skipped(request: HttpRequest, access: Access, batch_id: UUID) -> HttpResponse:
    """List the images of a batch that annotators passed over, with why, the last first."""
    batch = batch_of(access, batch_id)
    paginator = Paginator(skipped_images(batch), SKIPPED_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "batch": batch,
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number),
        "crumbs": [{"label": _("Batches"), "url": reverse("batches", args=[access.project.slug])}],
    }
    return render(request, "annotation/batch_skipped.html", context)


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
