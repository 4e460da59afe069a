"""Every release that a person sees is fetched here."""

from uuid import UUID

from django.utils.translation import gettext as _

from polyannot.kernel.errors import Missing
from projects.access import Access
from releases.models import Release


def release_of(access: Access, public_id: UUID) -> Release:
    """Return a release of the project; raises Missing."""
    row = Release.objects.select_related("bundle", "snapshot", "job", "project").filter(
        project=access.project, public_id=public_id
    )
    if (release := row.first()) is None:
        raise Missing("release_missing", _("There is no such release in this project."))
    return release
