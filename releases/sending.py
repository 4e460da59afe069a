"""The file of a release as an answer."""

from django.http import FileResponse
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Missing
from projects.storage import open_stored
from releases.models import Release, ReleaseState


def bundle_of(release: Release) -> FileResponse:
    """Stream the file of a release, its SHA-256 in a header; raises Missing until built or after a withdrawal."""
    if release.bundle is None or release.state != ReleaseState.BUILT:
        raise Missing("release_not_built", _("This release has no file to download."))
    response = FileResponse(
        open_stored(release.bundle),
        as_attachment=True,
        filename=f"{release.project.slug}-{release.number}.zip",
        content_type="application/zip",
    )
    response["X-Checksum-SHA256"] = release.bundle.sha256
    return response
