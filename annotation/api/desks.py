"""A desk as JSON: what the workspace's script needs to lay a fresh image from the page's own templates."""

from typing import Any

from django.urls import reverse

from annotation.moving_on import FreshDesk
from projects.access import Access


def desk_as_json(access: Access, desk: FreshDesk) -> dict[str, Any]:
    """Return the image with its address and size, and the captions in the order to show them."""
    return {
        "assignment": str(desk.assignment),
        "image": {
            "url": reverse("image-file", args=[access.project.slug, desk.image, "display"]),
            "width": desk.width,
            "height": desk.height,
        },
        "captions": [{"version": str(version), "text": text} for version, text in desk.captions],
    }
