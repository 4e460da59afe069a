"""An image beside the images of other data sets that look most like it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotation.access import image_of
from annotation.machine.search.beside import beside_corpora, beside_sets, described, encoders_that_saw
from annotation.views.images import SEES_IMAGES
from projects.access import Access, projects_as
from projects.http import project_view


@require_safe
@project_view(*SEES_IMAGES)
def beside(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Show an image with its captions, and the nearest images of other sets that the person may see with theirs."""
    image = image_of(access, image_id)
    encoders = encoders_that_saw(image)
    asked = request.GET.get("encoder", "")
    encoder = next((one for one in encoders if str(one.pk) == asked), encoders[0] if encoders else None)
    others = [one for one in projects_as(access.user, *SEES_IMAGES) if one.pk != access.project.pk]
    sets, n_farther = beside_sets(image, encoder, others) if encoder else ([], 0)
    context = {
        "image": image,
        "captions": described(image),
        "encoders": encoders,
        "encoder": encoder,
        "sets": sets,
        "n_farther": n_farther,
        "n_others": len(others),
        "corpora": beside_corpora(image),
        "crumbs": [
            {"label": str(image), "url": reverse("image-detail", args=[access.project.slug, image.public_id])}
        ],
    }
    return render(request, "annotation/beside.html", context)
