"""Taking down and withdrawing through the API: admins with the scope review, by the acts of the page."""

import pytest

from annotation.models import DropReason, ImageState
from projects.models import Role, Scope
from tests import factories as make
from tests.asking_api import send
from tests.populated import populate, version_of

pytestmark = pytest.mark.django_db


def test_captions_images_and_releases_are_taken_back_by_admins() -> None:
    here = populate("here")
    version, project = version_of(here), here.project
    admin = make.add_member(project, Role.ADMIN)
    caption, image = "releases/taken-down/captions/", "releases/taken-down/images/"
    other = make.add_caption(version.image).caption
    given = {"caption_key": other.key, "kind": "broken", "why": "It names somebody."}
    assert send(admin, project, caption, given, Scope.WRITE).json()["code"] == "scope_needed"
    assert send(make.add_member(project, Role.HEAD), project, caption, given).status_code == 403
    assert send(admin, project, caption, given).json() == {"key": other.key}
    other.refresh_from_db()
    assert other.drop_reason == DropReason.TAKEN_DOWN
    assert send(admin, project, caption, given).json()["code"] == "caption_out"
    assert send(admin, project, caption, {**given, "caption_key": "none"}).status_code == 404
    gone = {"image_key": version.image.key, "why": "The author asked."}
    assert send(admin, project, image, gone).json() == {"key": version.image.key}
    version.image.refresh_from_db()
    assert version.image.state == ImageState.RETIRED
    withdraw = f"releases/{here.values['release_id']}/withdraw/"
    assert send(admin, project, withdraw, {"why": "A mistake."}).json()["code"] == "release_not_built"
