"""A desk as JSON: what the workspace's script puts into the page's own blank desk."""

from typing import Any

from annotation.working.moving_on import FreshDesk


def desk_as_json(desk: FreshDesk) -> dict[str, Any]:
    """Return the ids of assignment and image, the size of the image, and the captions in the order to show them."""
    return {
        "assignment": str(desk.assignment),
        "image": {"id": str(desk.image), "width": desk.width, "height": desk.height},
        "captions": [{"version": str(version), "text": text} for version, text in desk.captions],
    }
