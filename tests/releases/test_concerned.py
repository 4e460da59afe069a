"""A release says when people have withdrawn whose answers may be inside its sums."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from projects.models import Role
from projects.storage import store_bytes
from releases.concerned import Concern, withdrawn_since
from releases.models import Release
from studies.models import Participant
from studies.taking.withdrawing import withdraw
from tests.factories import add_member
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_open_study

pytestmark = pytest.mark.django_db


def test_only_people_who_came_before_and_withdrew_after_are_counted() -> None:
    project = make_judged_project(images=7)
    study = make_open_study(project)

    def take_part() -> Participant:
        ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/").take_part(honest, most=1)
        return Participant.objects.latest("pk")

    early, later = take_part(), take_part()
    withdraw(participant=early)
    snapshot = store_bytes(b"{}", media_type="application/json")
    release = Release.objects.create(project=project, major=1, minor=0, patch=0, snapshot=snapshot)
    Participant.objects.filter(pk=early.pk).update(withdrawn_at=timezone.now() - timedelta(hours=1))
    client = Client()
    client.force_login(add_member(project, Role.RESEARCHER))
    page = f"/p/{project.slug}/releases/{release.public_id}/"
    assert "have withdrawn since" not in client.get(page).text
    withdraw(participant=take_part())
    assert withdrawn_since(release) == []
    withdraw(participant=later)
    assert withdrawn_since(release) == [Concern(study.title, 1)]
    assert "1 person withdrew from" in client.get(page).text
