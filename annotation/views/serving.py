"""Serving pictures: every byte behind an access check, at addresses that browsers may keep."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.access import image_of
from annotation.models import Image
from annotation.models.images import DerivativeKind
from polyannot.kernel.errors import Missing
from projects.access import Access
from projects.http import project_view
from projects.models import StoredFile
from projects.storage import open_stored

ORIGINAL = "original"
# The address of a picture never changes its content, so a browser need not ask again; nobody else may keep it.
FOR_EVER = "private, max-age=31536000, immutable"
# While a smaller picture is not made yet the original stands in, and the browser asks again soon.
FOR_NOW = "private, max-age=30"


@require_safe
@project_view()
def image_file(request: HttpRequest, access: Access, image_id: UUID, kind: str) -> HttpResponseBase:
    """Send the display picture, the thumbnail or the original of an image to a member of its project."""
    image = image_of(access, image_id)
    stored, keep = picture_of(image, kind)
    etag = quote_etag(stored.sha256)
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = FileResponse(open_stored(stored), content_type=stored.media_type)
        response.headers["Content-Length"] = str(stored.size)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = keep
    return response


def picture_of(image: Image, kind: str) -> tuple[StoredFile, str]:
    """Return the stored picture of this kind and how long it may be kept. Raises Missing for an unknown kind."""
    if kind == ORIGINAL:
        return image.file, FOR_EVER
    if kind not in DerivativeKind.values:
        raise Missing("picture_kind_missing", _("There is no such size of this picture."))
    made = image.derivatives.select_related("file").filter(kind=kind).first()
    return (made.file, FOR_EVER) if made is not None else (image.file, FOR_NOW)
