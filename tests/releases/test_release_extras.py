"""Free text and what participants said of themselves are in no release but one that was asked to hold them."""

import csv
import io
import json
import re
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow.parquet
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from annotation.models import CaptionVersion, ReviewItem
from annotation.review.adjudicating import adjudicate
from annotation.review.asking import answer_question, ask_question
from annotation.review.reviewing import open_round, return_item
from annotation.review.ruling import Ruling, make_precedent
from projects.models import Job
from projects.running import run_job
from releases.demographics import OTHER, WITHHELD, read_demographics, safe_counts
from releases.extras import Extras
from releases.free_text import free_texts
from releases.freezing import ask_for_release
from releases.models import Release
from releases.preflight import preflight
from releases.taking_down import take_down_caption, take_down_image
from releases.verifying import verify
from studies.models import Background, Participant, Study
from tests import factories as make
from tests.releases.releasing import Small, opened, saved
from tests.study_rows import make_judged_project, make_open_study

pytestmark = pytest.mark.django_db(transaction=True)

NOTE = "Maria Huber told me so, ask maria@example.org"


@pytest.fixture
def small() -> Small:
    """Return a project in which the first judgment has a note that names somebody."""
    return Small(told=lambda number: {"note": NOTE} if number == 0 else {})


def talk(small: Small) -> None:
    """Ask and answer, rule, return a judgment with a comment, decide with a note, go back with a reason."""
    annotator = small.annotators[0]
    assignment = small.batch.assignments.get(annotator=annotator, image=small.image)
    question = ask_question(
        assignment=assignment, version=small.versions[0], asker=annotator, text="Is a formula a caption?"
    )
    answer_question(question=question, head=small.head, answer="It is when the board shows it.")
    make_precedent(
        version=small.versions[0],
        head=small.head,
        given=Ruling(title="Boards", ruling="Boards are pictured."),
    )
    review = open_round(batch=small.batch, head=small.head, draw="random", share=1.0)
    item = ReviewItem.objects.filter(round=review, judgment__annotator=annotator).first()
    assert item is not None
    return_item(item=item, head=small.head, comment="Look at the board again.")
    adjudicate(version=small.versions[1], head=small.head, label="good", note="Plain is fine.")
    CaptionVersion.objects.create(
        project=small.project,
        image=small.image,
        caption=small.bad.caption,
        parent=small.bad,
        reverts_to=small.bad,
        text=small.bad.text,
        content_hash=small.bad.content_hash,
        state="proposed",
        author=small.annotators[1],
        reason="Markup is no caption.",
    )


def released(small: Small, **asked: bool) -> Release:
    job = ask_for_release(
        project=small.project,
        number="1.0.0",
        licence="CC-BY-4.0",
        notes="",
        asked_by=small.admin,
        seed=7,
        **asked,
    )
    run_job(job.pk)
    return Release.objects.get(job=job)


def test_nothing_of_either_is_in_a_release_that_was_not_asked_for_it(small: Small) -> None:
    talk(small)
    files = opened(released(small))
    snapshot, manifest = json.loads(files["snapshot.json"]), json.loads(files["manifest.json"])
    assert not any("free_text" in told or "demographics" in told for told in (snapshot, manifest["counts"]))
    assert not any("free_text" in name or "demographics" in name for name in files)
    told = b"".join(content for name, content in files.items() if not name.endswith(".jpg"))
    assert b"free_text" not in told
    assert b"Maria" not in told
    assert b"board again" not in told


def test_free_text_that_was_asked_for_is_a_table_under_the_pseudonyms_of_the_judgments(
    small: Small, tmp_path: Path
) -> None:
    talk(small)
    release = released(small, with_free_text=True)
    assert (release.with_free_text, release.with_demographics) == (True, False)
    path = saved(release, tmp_path)
    assert verify(path).problems == ()
    files = opened(release)
    rows: list[dict[str, Any]] = json.loads(files["snapshot.json"])["free_text"]
    assert [(row["kind"], row["text"]) for row in rows] == sorted(
        [
            ("answer", "It is when the board shows it."),
            ("revert_reason", "Markup is no caption."),
            ("final_label_note", "Plain is fine."),
            ("note", NOTE),
            ("precedent", "Boards are pictured."),
            ("question", "Is a formula a caption?"),
            ("review_comment", "Look at the board again."),
        ]
    )
    by_kind = {row["kind"]: row for row in rows}
    judged = json.loads(files["snapshot.json"])["ratings"]
    raters = {(row["item_id"], row["rater_id"]) for row in judged}
    assert (by_kind["note"]["item_id"], by_kind["note"]["rater_id"]) in raters
    assert (
        by_kind["question"]["rater_id"] == by_kind["note"]["rater_id"] != by_kind["revert_reason"]["rater_id"]
    )
    assert {by_kind[kind]["rater_id"] for kind in ("answer", "precedent", "review_comment")} == {None}
    table = list(csv.DictReader(io.StringIO(files["free_text.csv"].decode(), newline="")))
    assert [row["text"] for row in table] == [row["text"] for row in rows]
    assert {row["canary"] for row in table} == {str(release.canary)}
    assert pyarrow.parquet.read_table(io.BytesIO(files["parquet/free_text.parquet"])).num_rows == len(rows)
    assert json.loads(files["manifest.json"])["counts"]["free_texts"] == len(rows)
    for name in ("README.md", "DATASHEET.md", "croissant.json"):
        assert "texts that people wrote while they worked, word for word" in files[name].decode(), name
    assert "| rater_id | text | pseudonym of the annotator as in judgments" in files["CODEBOOK.md"].decode()
    for person in (*small.annotators, small.head, small.admin):
        assert person.username.encode() not in files["free_text.csv"]
    folder = tmp_path / "files"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    described = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert len(list(described.records("free_text"))) == len(rows)


def test_texts_about_what_was_taken_down_and_of_erased_people_stay_here(small: Small) -> None:
    talk(small)

    def kinds() -> set[str]:
        return {text.kind.value for text in free_texts(small.project)}

    assert kinds() >= {"note", "question", "revert_reason", "final_label_note"}
    User.objects.filter(pk=small.annotators[1].pk).update(erased_at="2026-01-01T00:00:00Z")
    assert "revert_reason" not in kinds()
    key = small.versions[1].caption.key
    take_down_caption(project=small.project, key=key, actor=small.admin, kind="private", why="A name")
    assert "final_label_note" not in kinds()
    take_down_image(project=small.project, key="with-licence", actor=small.admin, why="A face")
    assert not kinds() & {"question", "answer", "precedent"}


@given(st.dictionaries(st.text(max_size=3), st.integers(min_value=1, max_value=12), max_size=8))
def test_no_count_of_few_people_is_told_or_can_be_worked_out(found: dict[str, int]) -> None:
    counts = safe_counts(found)
    assert all(n >= 5 for _answer, n in counts)
    total = sum(found.values())
    assert sum(n for _answer, n in counts) == (total if total >= 5 else 0)
    assert all(found[answer] == n for answer, n in counts if answer != OTHER)


def say(study: Study, said: dict[str, int], **person: bool) -> None:
    for country, n in said.items():
        for _ in range(n):
            participant = Participant.objects.create(study=study, secret_hash=uuid.uuid4().hex, **person)
            Background.objects.create(participant=participant, country=country, language="first")


def test_what_participants_said_goes_out_as_counts_of_at_least_five(small: Small) -> None:
    study = make_open_study(make_judged_project(images=7), asks_language=True, asks_country=True)
    say(study, {"Austria": 4})
    withheld = {"study": study.slug, "answer": WITHHELD, "n": None, "n_people": None}
    assert read_demographics(study.project) == [
        withheld | {"question": "language"},
        withheld | {"question": "country"},
    ]
    say(study, {"Austria": 3, "Chad": 2, "Peru": 9})
    say(study, {"Tonga": 6}, is_test=True)
    told = [(row["question"], row["answer"], row["n"]) for row in read_demographics(study.project)]
    assert told == [("language", "first", 18), ("country", "Peru", 9), ("country", OTHER, 9)]
    (finding,) = [
        row for row in preflight(study.project, Extras(demographics=True)) if row.code == "demographics"
    ]
    assert finding.count == 18

    release = released(small, with_demographics=True)
    files = opened(release)
    assert json.loads(files["manifest.json"])["counts"]["demographics"] == 0
    assert "answers of fewer than five people are summed" in files["README.md"].decode()


def test_the_page_shows_what_is_asked_for_before_anything_is_frozen(small: Small, client: Client) -> None:
    client.force_login(small.admin)
    base = f"/p/{small.project.slug}/releases/"
    first = client.get(f"{base}new/").text
    assert "Nothing is frozen yet" not in first
    asked = {"number": "0.1.0", "licence": "CC-BY-4.0", "with_free_text": "on"}
    shown = client.post(f"{base}new/", asked)
    assert shown.status_code == 200
    assert "Nothing is frozen yet" in shown.text
    assert "1 text goes out word for word" in shown.text
    assert "1 of these texts may hold personal data (e-mail 1, name 1)." in shown.text
    assert not Job.objects.filter(kind="release").exists()
    assert re.search(r'name="with_free_text"[^>]* checked', shown.text)
    listed = client.get(f"{base}preflight/free_text_personal/").text
    assert NOTE in listed
    assert listed.count('<span class="chip chip--unsure">') == 2

    also = {**asked, "with_demographics": "on", "looked_through": "free_text"}
    assert "No participant has said anything" in client.post(f"{base}new/", also).text
    assert client.post(f"{base}new/", asked | {"looked_through": "free_text"}).status_code == 302
    job = Job.objects.get(kind="release")
    assert Counter(job.parameters)["with_free_text"] is True
    run_job(job.pk)
    page = client.get(f"{base}{Release.objects.get().public_id}/").text
    assert "What people wrote while they worked." in page


def test_scripts_ask_for_the_same(small: Small, client: Client) -> None:
    secret = make.token_of(small.admin, small.project)
    base = f"/api/v1/projects/{small.project.slug}/releases/"
    headers = {"Authorization": f"Bearer {secret}"}
    plain = client.get(f"{base}preflight/", headers=headers).json()["findings"]
    asked = client.get(f"{base}preflight/", {"with_free_text": "true"}, headers=headers).json()["findings"]
    assert [row["code"] for row in asked if row not in plain] == ["free_text", "free_text_personal"]
    body = {"number": "1.0.0", "licence": "CC0-1.0", "with_free_text": True}
    made = client.post(base, body, content_type="application/json", headers=headers)
    assert made.status_code == 202
    run_job(Job.objects.get(kind="release").pk)
    (row,) = client.get(base, headers=headers).json()["results"]
    assert (row["with_free_text"], row["with_demographics"]) == (True, False)
