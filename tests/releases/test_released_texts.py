"""What a release holds stays decided, whatever becomes of the caption afterwards."""

import pytest
from django.db import IntegrityError, transaction

from annotation.captions.editing import decide_edit, propose_edit, withdraw_decision
from annotation.captions.reverting import revert_to_version
from annotation.models import CaptionVersion
from polyannot.kernel.errors import Conflict
from projects.models import Role
from projects.storage import store_bytes
from releases.models import Release, ReleaseCaption
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_an_accepted_text_stays_decided_once_a_release_holds_it() -> None:
    project = make.make_project()
    head = make.add_member(project, Role.HEAD)
    base = make.add_caption(make.add_image(project), "A stork waits by the water")
    edit = propose_edit(
        parent=base, text="A heron waits by the water", kinds=["other"], author=make.add_member(project)
    )
    decide_edit(version=edit, reviewer=head, accept=True)
    snapshot = store_bytes(b"{}", media_type="application/json")
    release = Release.objects.create(project=project, major=1, minor=0, patch=0, snapshot=snapshot)
    ReleaseCaption.objects.create(
        release=release, project=project, image=edit.image, version=edit, position=0
    )
    for columns in ({"state": "rejected"}, {"state": "proposed", "decided_by": None, "decided_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CaptionVersion.objects.filter(pk=edit.pk).update(**columns)
    with pytest.raises(Conflict):
        decide_edit(version=edit, reviewer=head, accept=False)
    with pytest.raises(Conflict):
        withdraw_decision(version=edit, reviewer=head)
    made = revert_to_version(version=base, actor=head, reason="It flew away.")
    assert made.state == "accepted"
    assert release.captions.get().version == edit, "going back leaves the release as it is"
