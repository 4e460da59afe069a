"""Swapping reserve images in: choosing, looking at what goes and comes, the act that names its count, its undo."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.captions import CountForm
from annotation.forms.images import RetireForm
from annotation.models import Image, ImageState, ImageSwap
from annotation.progress.progress import ImageCounts, image_counts, images_that_cannot
from annotation.progress.swapping import reserves_of, swap_images, undo_swaps
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

IMAGES_A_PAGE = 50
ACTS_SHOWN = 10


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def swaps(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the images that cannot reach their target; with images chosen, what would go and what would come."""
    project = access.project
    chosen = _chosen(access, request.GET.getlist("image"))
    reserves = reserves_of(project)
    context: dict[str, Any] = {
        "n_reserve": reserves.count(),
        "crumbs": [{"label": _("Progress"), "url": reverse("project-home", args=[project.slug])}],
    }
    if chosen:
        ordered = sorted(chosen, key=lambda image: (image.position, image.pk))
        coming = list(reserves[: len(ordered)])
        context |= {
            "pairs": list(zip(ordered, coming, strict=False)),
            "n_chosen": len(ordered),
            "n_lacking": len(ordered) - len(coming),
            "form": RetireForm(initial={"why": _("It cannot reach its number of good captions.")}),
        }
        return render(request, "annotation/swap_confirm.html", context)
    page = Paginator(images_that_cannot(project).order_by("position", "pk"), IMAGES_A_PAGE).get_page(
        request.GET.get("page")
    )
    shown = list(page.object_list)
    counts = image_counts(project, shown)
    context |= {
        "page": page,
        "rows": [(image, counts.get(image.pk, ImageCounts())) for image in shown],
        "acts": _acts(access),
    }
    return render(request, "annotation/swaps.html", context)


def _chosen(access: Access, given: list[str]) -> list[Image]:
    """Return the images in work that are named; raises Invalid for what is no name."""
    try:
        public_ids = {UUID(each) for each in given}
    except ValueError as error:
        raise Invalid("image_malformed", _("The page sent no image; nothing was changed.")) from error
    return list(
        Image.objects.filter(project=access.project, public_id__in=public_ids, state=ImageState.ACTIVE)
    )


def _acts(access: Access) -> list[list[ImageSwap]]:
    """Return the last acts with their swaps."""
    swaps: QuerySet[ImageSwap] = ImageSwap.objects.filter(project=access.project)
    acts: dict[UUID, list[ImageSwap]] = {}
    for swap in swaps.select_related("taken_out", "brought_in", "made_by").order_by("-pk")[:500]:
        acts.setdefault(swap.act_id, []).append(swap)
    return list(acts.values())[:ACTS_SHOWN]


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def swap(request: HttpRequest, access: Access) -> HttpResponse:
    """Swap the images that the button counted."""
    count, why = CountForm(request.POST), RetireForm(request.POST)
    if not count.is_valid() or not why.is_valid():
        raise Invalid("retire_reason_needed", _("Say in a sentence why the images are taken out."))
    made = swap_images(
        project=access.project,
        images=_chosen(access, request.POST.getlist("image")),
        n_named=count.cleaned_data["n_named"],
        why=why.cleaned_data["why"],
        actor=access.user,
    )
    told = ngettext("%(n)d image is swapped.", "%(n)d images are swapped.", len(made)) % {"n": len(made)}
    messages.success(request, told)
    return redirect("image-swaps", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def swap_undo(request: HttpRequest, access: Access, act_id: UUID) -> HttpResponse:
    """Take the swaps of one act back, as far as nobody works on the new images."""
    undone = undo_swaps(project=access.project, act_id=act_id, actor=access.user)
    messages.success(
        request,
        _("%(n)d taken back, %(kept)d kept because somebody works on the new image.")
        % {"n": undone.n_undone, "kept": undone.n_kept},
    )
    return redirect("image-swaps", access.project.slug)
