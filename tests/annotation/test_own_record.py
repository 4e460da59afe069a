"""What a person takes along: hours and counts by day, and all that a project holds of them."""

import csv
import io
import json
from datetime import UTC, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from annotation.working.assigning import skip_assignment
from annotation.working.judging import record_judgment
from annotation.working.own_work import work_by_day
from projects.models import Project
from tests import factories as make
from tests.populated import populate

pytestmark = pytest.mark.django_db


def sent(person: User, name: str, project: Project) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(reverse(name, args=[project.slug]))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return answer.content.decode()


@pytest.fixture
def person() -> User:
    return make.make_user("keeper-of-records")


@pytest.fixture
def project(person: User) -> Project:
    project = populate("here", annotator=person).project
    batch = make.make_batch(project, [make.add_image(project)], name="Second")
    skip_assignment(
        assignment=make.claim(batch, person), annotator=person, reason="cannot_see", note="All is black."
    )
    return project


def test_the_record_holds_everything_that_somebody_left_in_the_project(
    person: User, project: Project
) -> None:
    record = json.loads(sent(person, "my-record", project))
    assert record["account"]["sign_in_name"] == "keeper-of-records"
    assert record["membership"]["role"] == "annotator"
    assert [row["label"] for row in record["judgments"]] == ["good"]
    assert record["judgments"][0]["guideline"] == 1
    assert [(row["skip_reason"], row["note"]) for row in record["skipped"]] == [
        ("cannot_see", "All is black.")
    ]
    assert [row["kind"] for row in record["reports"]] == ["broken"]
    assert [row["text"] for row in record["questions"]] == ["Does this count?"]
    assert {"judgment_recorded", "image_skipped"} & {row["act"] for row in record["acts"]}
    assert set(record) == {
        "account",
        "membership",
        "judgments",
        "skipped",
        "reports",
        "questions",
        "review",
        "fits_answers",
        "guidelines_read",
        "onboarding_answers",
        "acts",
    }


def test_the_record_tells_no_answer_of_a_known_pair_and_nothing_of_others(
    person: User, project: Project
) -> None:
    told = sent(person, "my-record", project)
    assert "is_gold" not in told
    assert "is_right" not in told
    other = make.add_member(project)
    assert json.loads(sent(other, "my-record", project))["judgments"] == []
    assert "keeper-of-records" not in sent(other, "my-record", project)


def test_hours_are_sent_by_day_and_days_on_which_images_were_only_handed_in_count_too() -> None:
    project, person = make.make_project(), make.make_user()
    make.add_member(project, user=person)
    image = make.add_image(project)
    version = make.add_caption(image)
    assignment = make.claim(make.make_batch(project, [image]), person)
    judged_at = timezone.now() - timedelta(days=2)
    given = make.given(version, "good", made_at=judged_at, duration_ms=90_000)
    record_judgment(assignment=assignment, annotator=person, given=given)
    make.finish(assignment)
    rows = list(csv.DictReader(io.StringIO(sent(person, "my-hours", project))))
    assert [tuple(row.values()) for row in rows] == [
        (timezone.now().astimezone(UTC).date().isoformat(), "1", "0", "0", "0.0"),
        (judged_at.astimezone(UTC).date().isoformat(), "0", "1", "0", "1.5"),
    ]
    assert sum(day.n_images for day in work_by_day(project=project, annotator=person)) == 1


def test_people_are_told_what_is_measured_who_sees_it_and_how_it_ends(person: User, project: Project) -> None:
    client = Client()
    client.force_login(person)
    page = client.get(reverse("my-work", args=[project.slug])).content.decode()
    for told in (
        "keeper-of-records",
        "the time that the page was visible and in focus before it",
        "how often you agree with others",
        "whether it was given by key or by pointer",
        "your answers in training and qualification",
        "Head annotators see your judgments and notes",
        "nobody is ranked by pace",
        "your name is then replaced by a pseudonym",
    ):
        assert told in page, told
    for name in ("my-hours", "my-work-export", "my-record"):
        assert reverse(name, args=[project.slug]) in page
