"""Images and their captions, as those see them who steer the project."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import image_of, visible_versions
from annotation.captions.showing import base_of
from annotation.forms.images import RetireForm
from annotation.machine.corpora.leakage_showing import leaks_of_image
from annotation.machine.ml_requests import ask_for_pool_ranking
from annotation.models import Caption, CaptionVersion, Image, ImageState
from annotation.progress.progress import ImageCounts, image_counts, images_that_cannot, images_that_reached
from annotation.progress.stocking import activate_image, reserve_image, retire_image
from annotation.progress.verdicts import with_verdict
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

SEES_IMAGES = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)
IMAGES_A_PAGE = 24
CAPTIONS_A_PAGE = 40


def images_asked_for(request: HttpRequest, access: Access) -> QuerySet[Image]:
    """Return the images that the filters in the address name; active ones unless another state is asked for."""
    images = Image.objects.filter(project=access.project)
    show = request.GET.get("show", "")
    if show == "cannot":
        images = images_that_cannot(access.project)
    elif show == "reached":
        images = images_that_reached(access.project)
    elif show in ImageState.values:
        images = images.filter(state=show)
    elif show != "all":
        images = images.filter(state=ImageState.ACTIVE)
    if words := request.GET.get("q", "").strip()[:100]:
        images = images.filter(
            Q(key__icontains=words) | Q(title__icontains=words) | Q(author__icontains=words)
        )
    return images.order_by("position", "pk")


@require_safe
@project_view(*SEES_IMAGES)
def images(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the images with the progress of each."""
    paginator = Paginator(images_asked_for(request, access), IMAGES_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    counts = image_counts(access.project, shown)
    context = {
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "rows": [(image, counts.get(image.pk, ImageCounts())) for image in shown],
        "states": [
            ("", _("Active")),
            ("reached", _("Active, target reached")),
            ("cannot", _("Active, cannot reach the target")),
            ("reserve", _("Reserve")),
            ("set_aside", _("Set aside")),
            ("retired", _("Retired")),
            ("all", _("All")),
        ],
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "tab": "images",
        "has_any": Image.objects.filter(project=access.project).exists(),
    }
    return render(request, "annotation/images.html", context)


@require_safe
@project_view(*SEES_IMAGES)
def image_detail(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Show one image with its facts and its captions: versions, verdicts, provenance."""
    image = image_of(access, image_id)
    captions = Caption.objects.filter(image=image).order_by("drop_reason", "pool_rank", "pk")
    paginator = Paginator(captions, CAPTIONS_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "image": image,
        "counts": image_counts(access.project, [image]).get(image.pk, ImageCounts()),
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "rows": _rows(access, list(page.object_list)),
        "sees_counts": access.may_act_as(Role.HEAD),
        "may_change": access.may_act_as(Role.HEAD, Role.ADMIN),
        "form": RetireForm(),
        "leaks": list(leaks_of_image(image)[:3]),
        "is_in_batch": image.assignments.exists(),
        "crumbs": [{"label": _("Images"), "url": reverse("images", args=[access.project.slug])}],
    }
    return render(request, "annotation/image_detail.html", context)


def _rows(access: Access, captions: list[Caption]) -> list[dict[str, Any]]:
    """Return each caption with the text that annotators are given, and the edits that the person may see."""
    versions: dict[int, list[CaptionVersion]] = {caption.pk: [] for caption in captions}
    asked = visible_versions(access).filter(caption__in=captions)
    for version in with_verdict(asked).select_related("author").order_by("pk"):
        versions[version.caption_id].append(version)
    return [
        {
            "caption": caption,
            "base": base_of(found),
            "edits": [version for version in found if not version.is_base],
        }
        for caption in captions
        if (found := versions[caption.pk])
    ]


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def image_retire(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Take an image out of the work, with a reason."""
    image = image_of(access, image_id)
    form = RetireForm(request.POST)
    if not form.is_valid():
        raise Invalid("retire_reason_needed", _("Say in a sentence why the image is taken out."))
    retire_image(image=image, actor=access.user, why=form.cleaned_data["why"])
    messages.success(request, _("The image is out of the work; its judgments stay."))
    return redirect("image-detail", access.project.slug, image.public_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def image_activate(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Bring a reserve or retired image into the work."""
    image = image_of(access, image_id)
    activate_image(image=image, actor=access.user)
    messages.success(request, _("The image is in the work. In no batch yet, it can go into the next one."))
    return redirect("image-detail", access.project.slug, image.public_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def image_reserve(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Set an image aside as a reserve."""
    image = image_of(access, image_id)
    reserve_image(image=image, actor=access.user)
    messages.success(request, _("The image is a reserve now."))
    return redirect("image-detail", access.project.slug, image.public_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def pools_rank(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask a worker to rank the pools that nobody was shown anything of."""
    job = ask_for_pool_ranking(project=access.project, actor=access.user, parameters={})
    messages.success(request, _("Asked for; a model worker ranks the pools that nobody has seen yet."))
    return redirect("job-detail", access.project.slug, job.public_id)
