"""The agreement pages over HTTP: figures with n and interval, what they lead to, and the files."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.agreement.reports import compute_report
from annotation.agreement.rows import decimal, per_cent
from annotation.models import Judgment
from projects.models import Job, Role
from tests import factories as make
from tests.annotation.agreement_work import computed, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> dict[str, Any]:
    """Return a head annotator signed in before judgments of three annotators on two images."""
    project, batch, annotators = work(
        [
            ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
            ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
            ["good", "good+red", "bad", "good", "good", "bad", "good", "bad"],
        ]
    )
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    return {"project": project, "batch": batch, "annotators": annotators, "client": client}


def page(desk: dict[str, Any], name: str = "agreement", *args: Any, **query: Any) -> str:
    answer = desk["client"].get(reverse(name, args=[desk["project"].slug, *args]), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_before_the_first_report_the_page_says_what_to_do(desk: dict[str, Any]) -> None:
    text = page(desk)
    assert "Compute agreement" in text
    assert 'name="replicates" value="2000"' in text


def test_the_page_shows_every_figure_with_its_n_and_interval(desk: dict[str, Any]) -> None:
    computed(desk["project"])
    text = page(desk)
    for told in ("Raw agreement", "n = 8 captions", "95% interval", "Krippendorff", "Gwet", "declared"):
        assert told in text
    assert "κ" in text
    assert "Good after an edit" in text


def test_judgments_after_the_report_make_it_stale(desk: dict[str, Any]) -> None:
    computed(desk["project"])
    assert "after this report" not in page(desk)
    judgment = Judgment.objects.filter(label="good").first()
    assert judgment is not None
    make.judge(judgment.assignment, judgment.version, "bad")
    assert "1 judgment came, changed or was undone after this report" in page(desk)


def test_compute_again_asks_for_one_job_even_when_pressed_twice(desk: dict[str, Any]) -> None:
    settings = {"outcome": "labels", "unsure": "missing", "replicates": 200, "seed": 7}
    schema = desk["batch"].schema
    for _time in range(2):
        answer = desk["client"].post(reverse("agreement-compute", args=[desk["project"].slug]), settings)
        assert answer.status_code == 302
    job = Job.objects.get(kind="agreement")
    assert job.parameters == {**settings, "schema": str(schema.public_id), "batches": []}
    assert 'hx-get="' in page(desk)
    assert compute_report(job).unsure == "missing"


def test_settings_that_make_no_sense_come_back_with_what_is_wrong(desk: dict[str, Any]) -> None:
    answer = desk["client"].post(
        reverse("agreement-compute", args=[desk["project"].slug]),
        {"outcome": "labels", "unsure": "missing", "replicates": 3, "seed": 7},
    )
    assert answer.status_code == 422
    assert (
        f'{reverse("agreement", args=[desk["project"].slug])}" aria-current="page"' in answer.content.decode()
    )
    assert "100" in answer.content.decode()


def test_a_cell_of_the_heat_map_leads_to_what_these_two_judged_differently(desk: dict[str, Any]) -> None:
    computed(desk["project"])
    first, second, third = (person.public_id for person in desk["annotators"])
    text = page(desk, "agreement-pairs", first=first, second=second)
    assert "1 to 3 of 3" in text
    assert "1 to 8 of 8" in page(desk, "agreement-pairs", first=first, second=second, which="both")
    assert "1 to 3 of 3" in page(desk, "agreement-pairs", first=first, second=third)
    assert str(desk["annotators"][2]) not in text.split('class="rows"')[1]


def test_a_cell_of_the_confusion_leads_to_captions_with_these_two_answers(desk: dict[str, Any]) -> None:
    computed(desk["project"])
    text = page(desk, "agreement-pairs", row="good", column="bad")
    assert "1 to 3 of 3" in text
    # Annotators are not chosen beside two answers: a choice there would say another thing than the list.
    assert 'name="which"' not in text
    assert "Choose by annotator instead" in text
    assert "1 to 1 of 1" in page(desk, "agreement-pairs", row="good_after_edit", column="good")
    assert "No such captions" in page(desk, "agreement-pairs", row="good_after_edit", column="bad")


def test_ratings_are_sent_in_long_form_without_names(desk: dict[str, Any]) -> None:
    row = computed(desk["project"])
    answer = desk["client"].get(reverse("agreement-csv", args=[desk["project"].slug, row.public_id]))
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert len(rows) == 24
    assert set(rows[0]) == {"item", "rater", "label", "image"}
    assert {row["rater"] for row in rows} == {str(person.public_id) for person in desk["annotators"]}
    assert sum(row["label"] == "good_after_edit" for row in rows) == 2


def test_the_report_is_sent_as_json_with_its_parameters(desk: dict[str, Any]) -> None:
    row = computed(desk["project"], desk["batch"])
    told = desk["client"].get(reverse("agreement-json", args=[desk["project"].slug, row.public_id])).json()
    assert told["batch"] == str(desk["batch"].public_id)
    assert told["judgments"]["parameters"]["seed"] == 20_240_501
    assert told["coefficients"]["raw_agreement"]["items"] == 8
    address = reverse("agreement", args=[desk["project"].slug])
    chosen = {"batches": str(desk["batch"].public_id)}
    assert desk["client"].get(address, chosen, headers={"accept": "application/json"}).json() == told
    assert desk["client"].get(address, headers={"accept": "application/json"}).json() == {"report": None}


def test_ratings_without_variation_say_undefined_and_why() -> None:
    project, _batch, _people = work([["good"] * 4, ["good"] * 4])
    computed(project)
    client = Client()
    client.force_login(make.add_member(project, Role.RESEARCHER))
    text = client.get(reverse("agreement", args=[project.slug])).content.decode()
    assert "undefined" in text
    assert "no variation" in text


def test_annotators_do_not_see_agreement(desk: dict[str, Any]) -> None:
    client = Client()
    client.force_login(desk["annotators"][0])
    assert client.get(reverse("agreement", args=[desk["project"].slug])).status_code == 403


def test_the_page_asks_few_questions_of_the_database(
    desk: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    computed(desk["project"])
    with django_assert_max_num_queries(26):
        page(desk)


@pytest.mark.parametrize(
    ("value", "shown", "share"),
    [
        (0.876, "0.88", "87.6%"),
        (2 / 3, "0.67", "66.7%"),
        (0.9999, "1.00", "100.0%"),
        (-0.0004, "0.00", "0.0%"),
    ],
)
def test_figures_are_rounded_and_not_cut_off(value: float, shown: str, share: str) -> None:
    assert (decimal(value), per_cent(value)) == (shown, share)
