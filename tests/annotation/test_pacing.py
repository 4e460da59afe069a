"""A lease lasts as long as the captions shown take at the measured pace, within bounds."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given as given_any
from hypothesis import strategies as st

from accounts.models import User
from annotation.models import CaptionVersion, Judgment
from annotation.working.judging import record_judgment
from annotation.working.pacing import (
    DEFAULT_PACE,
    FEWEST_MEASURED,
    LEASE_FACTOR,
    LONGEST_LEASE,
    SHORTEST_LEASE,
    lease_seconds,
    pace_of,
)
from projects.models import Project
from tests import factories as make


@given_any(st.floats(0.01, 10_000), st.integers(0, 500))
def test_a_lease_keeps_to_its_bounds_and_grows_with_the_work(pace: float, n: int) -> None:
    lease = lease_seconds(pace=pace, n_captions=n)
    assert SHORTEST_LEASE <= lease <= LONGEST_LEASE
    assert lease <= lease_seconds(pace=pace, n_captions=n + 1)


def test_in_between_a_lease_is_the_factor_times_the_time_needed() -> None:
    assert lease_seconds(pace=15, n_captions=12) == LEASE_FACTOR * 15 * 12


def worked(project: Project, person: User, seconds: int, n: int) -> None:
    image = make.add_image(project)
    versions = [make.add_caption(image) for _ in range(n)]
    Project.objects.filter(pk=project.pk).update(judged_target=500)
    assignment = make.claim(make.make_batch(project, [image], overlap=1), person)
    assert len(assignment.version_ids) >= min(n, 12)
    for version in versions[: len(assignment.version_ids)]:
        judged = make.given(version, "good", duration_ms=seconds * 1000)
        record_judgment(assignment=assignment, annotator=person, given=judged)


@pytest.mark.django_db
def test_the_own_pace_counts_then_the_projects_then_the_default() -> None:
    project = make.make_project(judged_target=500)
    slow, new = make.add_member(project), make.add_member(project)
    assert pace_of(annotator=slow, project=project) == DEFAULT_PACE
    worked(project, slow, 40, FEWEST_MEASURED)
    assert pace_of(annotator=slow, project=project) == 40
    assert pace_of(annotator=new, project=project) == 40, "the project's pace"
    elsewhere = make.make_project(judged_target=500)
    assert pace_of(annotator=slow, project=elsewhere) == DEFAULT_PACE


@pytest.mark.django_db
def test_a_claim_stores_the_measured_lease_and_work_renews_by_it() -> None:
    project = make.make_project(judged_target=500)
    slow = make.add_member(project)
    worked(project, slow, 40, FEWEST_MEASURED)
    image = make.add_image(project)
    for _ in range(8):
        make.add_caption(image)
    slot = make.claim(make.make_batch(project, [image], overlap=1), slow)
    assert slot.lease_seconds == LEASE_FACTOR * 40 * 8
    assert slot.lease_until is not None
    assert slot.lease_until > timezone.now() + timedelta(seconds=slot.lease_seconds - 30)


@pytest.mark.django_db
def test_measuring_the_pace_takes_two_queries_at_most(django_assert_max_num_queries) -> None:
    project = make.make_project()
    person = make.add_member(project)
    with django_assert_max_num_queries(2):
        pace_of(annotator=person, project=project)
    assert Judgment.objects.count() == CaptionVersion.objects.count() == 0
