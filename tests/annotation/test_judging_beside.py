"""Beside the workspace: feedback and revisions, own work and its export, guidelines and their versions."""

import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotation.models import CaptionVersion, Guideline, Judgment, ReviewItem, ReviewRound
from annotation.review.revising import revise_judgment
from annotation.rules.starting import publish_guidelines
from annotation.working.judging import GivenEdit
from polyannot.kernel.errors import Conflict, Denied
from polyannot.kernel.markdown import render_markdown
from projects.models import Project, Role
from tests import factories as make


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def returned() -> ReviewItem:
    """Return a judgment that a head annotator sent back with a comment."""
    project = make.make_project()
    image = make.add_image(project)
    make.add_caption(image, "A red car waits")
    head, annotator = make.add_member(project, Role.HEAD), make.add_member(project)
    assignment = make.claim(make.make_batch(project, [image]), annotator)
    judgment = make.judge(assignment, CaptionVersion.objects.get(), "good")
    assert judgment is not None
    batch = assignment.batch
    review_round = ReviewRound.objects.create(project=project, batch=batch, draw="filter", opened_by=head)
    return ReviewItem.objects.create(
        project=project,
        round=review_round,
        judgment=judgment,
        state="returned",
        comment="The car is blue.",
        guideline_section="Colour",
        reviewer=head,
        decided_at=datetime.now(UTC),
    )


def page_of(item: ReviewItem, name: str = "feedback", *more: Any) -> str:
    return reverse(name, args=[item.project.slug, *more])


@pytest.mark.django_db
def test_feedback_stands_beside_the_pair_and_is_noted_as_seen(returned: ReviewItem) -> None:
    client = signed_in(returned.judgment.annotator)
    home = client.get(page_of(returned, "annotate-home")).content.decode()
    assert "1 judgment came back with a comment." in home
    page = client.get(page_of(returned)).content.decode()
    for shown in ("The car is blue.", "Guidelines: Colour", "A red car waits"):
        assert shown in page
    returned.refresh_from_db()
    assert returned.seen_at is not None
    other = signed_in(make.add_member(returned.project))
    assert "The car is blue." not in other.get(page_of(returned)).content.decode()


@pytest.mark.django_db
def test_an_answer_is_a_new_judgment_and_sent_twice_it_counts_once(returned: ReviewItem) -> None:
    client = signed_in(returned.judgment.annotator)
    form = {"sent_id": uuid.uuid4(), "label": "good", "reply": "Right, thank you."}
    form |= {"edited_text": "A blue car waits", "kinds": "color"}
    url = page_of(returned, "feedback-revise", returned.public_id)
    for _time in range(2):
        assert client.post(url, form).status_code == 302
    returned.refresh_from_db()
    assert (returned.state, returned.reply) == ("revised", "Right, thank you.")
    revision = returned.revision
    assert revision is not None
    assert revision.edited_version is not None
    assert (revision.is_revision, revision.supersedes) == (True, returned.judgment)
    assert revision.edited_version.text == "A blue car waits"
    assert Judgment.objects.count() == 2
    assert Judgment.objects.all().for_agreement().count() == 0
    form["sent_id"] = uuid.uuid4()
    assert client.post(url, form).status_code == 409


@pytest.mark.django_db
def test_a_refused_answer_keeps_what_was_written(returned: ReviewItem) -> None:
    client = signed_in(returned.judgment.annotator)
    form = {"sent_id": uuid.uuid4(), "label": "bad", "reply": "My long thought", "edited_text": "A blue car"}
    answer = client.post(page_of(returned, "feedback-revise", returned.public_id), form)
    assert answer.status_code == 422
    assert "My long thought" in answer.content.decode()
    assert Judgment.objects.count() == 1


@pytest.mark.django_db
def test_only_its_annotator_revises_and_only_what_was_returned(returned: ReviewItem) -> None:
    answer = make.given(returned.judgment.version, "bad")
    with pytest.raises(Denied):
        revise_judgment(item=returned, annotator=make.add_member(returned.project), given=answer)
    returned.state = "waiting"
    returned.save()
    with pytest.raises(Conflict):
        revise_judgment(item=returned, annotator=returned.judgment.annotator, given=answer)


@pytest.mark.django_db
def test_own_work_counts_images_captions_edits_and_focused_time() -> None:
    project = make.make_project()
    image = make.add_image(project)
    versions = [make.add_caption(image, text) for text in ("A red car waits", "=2+2 is four")]
    annotator = make.add_member(project)
    assignment = make.claim(make.make_batch(project, [image]), annotator)
    make.judge(assignment, versions[0], "bad")
    make.judge(assignment, versions[0], "good", edit=GivenEdit("A blue car waits", ["color"]))
    make.judge(assignment, versions[1], "unsure")
    client = signed_in(annotator)
    page = client.get(reverse("my-work", args=[project.slug])).content.decode()
    assert "n = 3 judgments" in page
    export = client.get(reverse("my-work-export", args=[project.slug]))
    content = b"".join(export.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["label"] for row in rows] == ["bad", "good", "unsure"]
    assert rows[1]["edited"] == "A blue car waits"
    assert sum(int(row["duration_ms"]) for row in rows) == 4500
    other = signed_in(make.add_member(project)).get(reverse("my-work-export", args=[project.slug]))
    assert len(b"".join(other.streaming_content).splitlines()) == 1  # type: ignore[attr-defined]


@pytest.fixture
def project() -> Project:
    """Return a project with a first version of the guidelines."""
    return make.make_project()


@pytest.mark.django_db
def test_guidelines_are_versions_and_the_same_text_sent_twice_is_one(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    for _time in range(2):
        publish_guidelines(project=project, text="# Second", author=head, based_on=1)
    assert list(Guideline.objects.filter(project=project).values_list("number", flat=True)) == [2, 1]
    with pytest.raises(Conflict):
        publish_guidelines(project=project, text="# Another second", author=head, based_on=1)


@pytest.mark.django_db
def test_everybody_reads_guidelines_and_annotators_publish_none(project: Project) -> None:
    client = signed_in(make.add_member(project))
    page = client.get(reverse("guidelines", args=[project.slug])).content.decode()
    assert "Version 1" in page
    assert "Write the next version" not in page
    assert client.get(reverse("guideline-version", args=[project.slug, 1])).status_code == 200
    assert client.get(reverse("guideline-version", args=[project.slug, 7])).status_code == 404
    assert client.get(reverse("guideline-publish", args=[project.slug])).status_code == 403


@pytest.mark.django_db
def test_a_preview_publishes_nothing_and_a_stale_form_is_kept(project: Project) -> None:
    client = signed_in(make.add_member(project, Role.HEAD))
    url = reverse("guideline-publish", args=[project.slug])
    form = {"text": "# Fresh\n\n**Look** twice.", "change_note": "Look twice", "based_on": 1}
    assert "<strong>Look</strong>" in client.post(url, form | {"preview": "yes"}).content.decode()
    assert Guideline.objects.filter(project=project).count() == 1
    assert client.post(url, form | {"publish": "yes"}).status_code == 302
    stale = client.post(url, form | {"publish": "yes", "text": "# Mine\n\nKept words."})
    assert stale.status_code == 409
    assert "Kept words." in stale.content.decode()


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("# Title", "<h2>Title</h2>", "<h1>"),
        ("a <script>alert(1)</script>", "&lt;script&gt;", "<script"),
        ("[x](javascript:alert(1))", "[x]", "<a"),
        ("[x](https://example.org)", 'rel="noopener noreferrer"', "javascript"),
        ("![x](https://example.org/p.png)", "!", "<img"),
        ("|a|\n|:-:|\n|b|", "<td>b</td>", "style="),
        ("<person> waits", "&lt;person&gt; waits", "<person>"),
    ],
)
def test_markdown_is_safe_to_show(text: str, wanted: str, unwanted: str) -> None:
    html = render_markdown(text)
    assert wanted in html
    assert unwanted not in html
