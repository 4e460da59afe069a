"""The pages on which batches of each purpose are counted, opened and followed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import Assignment, Batch
from annotation.progress.stocking import retire_image
from annotation.rules.starting import publish_guidelines
from annotation.working.assigning import skip_assignment
from annotation.working.batch_showing import standings
from annotation.working.closing import give_on_interrupted
from polyannot.kernel.errors import Invalid
from projects.founding import end_membership
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Return a project of four images with three captions each and two annotators."""
    made = make.make_project("here", judged_target=2)
    for _ in range(4):
        image = make.add_image(made)
        for _caption in range(3):
            make.add_caption(image)
    for _ in range(2):
        make.add_member(made)
    return made


@pytest.fixture
def head(project: Project) -> Client:
    """Return a client signed in as a head annotator."""
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    return client


def test_a_production_batch_is_counted_before_it_is_opened(head: Client) -> None:
    values = {"name": "First", "n_images": 3, "overlap": 2, "purpose": "production"}
    counted = head.post("/p/here/batches/new", {**values, "preview": "1"})
    assert counted.status_code == 200
    assert not Batch.objects.exists()
    assert counted.context["ahead"].n_captions == 6
    assert counted.context["ahead"].n_judgments == 12
    assert "15 seconds a caption" in counted.content.decode()
    assert head.post("/p/here/batches/new", {**values, "open": "1"}).status_code == 302
    assert Batch.objects.get().assignments.count() == 6


def test_where_no_image_is_free_the_form_says_what_to_do(head: Client, project: Project) -> None:
    make.make_batch(project, list(project.images.filter(state="active")))
    page = head.get("/p/here/batches/new").text
    assert "Every active image is in a batch with these labels" in page


def test_a_calibration_is_drawn_with_a_stored_seed_and_counted_for_who_annotates_now(
    head: Client, project: Project
) -> None:
    values = {"name": "Common", "n_images": 2, "is_fresh": "on", "purpose": "calibration"}
    counted = head.post("/p/here/batches/new", {**values, "preview": "1"})
    assert counted.context["ahead"].n_annotators == 2
    assert head.post("/p/here/batches/new", {**values, "open": "1"}).status_code == 302
    batch = Batch.objects.get()
    assert (batch.purpose, batch.assignments.count()) == ("calibration", 4)
    assert batch.seed > 0
    assert [(row.n_done, row.n_total) for row in standings(project)] == [(0, 4)]
    make.add_member(project)
    assert standings(project)[0].n_total == 6, "a joiner gets the images too"
    leaver = project.memberships.filter(role="annotator").first()
    assert leaver is not None
    assignment = make.claim(batch, leaver.user)
    for version in assignment.image.caption_versions.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "good")
    make.finish(assignment)
    end_membership(project=project, user=leaver.user, actor=project.memberships.get(role="admin").user)
    row = standings(project)[0]
    assert (row.n_done, row.n_total) == (1, 1 + 2 * 2), "what a leaver did not do is not waited for"
    page = head.get("/p/here/batches/").content.decode()
    assert "2 images for every annotator" in page


def test_a_re_annotation_shows_what_it_finds_and_asks(head: Client, project: Project) -> None:
    batch = make.make_batch(project, list(project.images.all()[:1]), overlap=1)
    person = project.memberships.filter(role="annotator")[0].user
    assignment = make.claim(batch, person)
    for version in assignment.image.caption_versions.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "unsure")
    publish_guidelines(project=project, text="# Second", author=person)
    form = head.get("/p/here/batches/new?purpose=reannotation")
    assert "Who judged the captions before" in form.content.decode()
    values = {"name": "Again", "purpose": "reannotation", "basis": "guideline", "taken_by": "same"}
    counted = head.post("/p/here/batches/new", {**values, "preview": "1"})
    assert (counted.context["asked"].n_judgments, counted.context["ahead"].n_judgments) == (2, 2)
    assert head.post("/p/here/batches/new", {**values, "open": "1"}).status_code == 302
    again = Batch.objects.get(name="Again")
    assert (again.basis, again.taken_by, again.guideline.number) == ("guideline", "same", 2)
    page = head.get("/p/here/batches/").content.decode()
    assert "Judged under an older version of the guidelines" in page
    refused = head.post("/p/here/batches/new", {**values, "name": "No", "basis": "edited", "open": "1"})
    assert refused.status_code == 422
    assert "No judgment fits" in refused.content.decode()


def test_captions_are_named_by_their_keys(head: Client) -> None:
    values = {"name": "Named", "purpose": "reannotation", "basis": "chosen", "taken_by": "others"}
    refused = head.post("/p/here/batches/new", {**values, "keys": " \n", "preview": "1"})
    assert refused.status_code == 422
    assert "Write the key of each caption" in refused.content.decode()
    filled = head.get("/p/here/batches/new?purpose=reannotation&basis=chosen&keys=a%0Ab")
    assert "a\nb</textarea>" in filled.content.decode()


def test_an_unknown_purpose_is_missing_and_annotators_are_kept_out(head: Client, project: Project) -> None:
    assert head.get("/p/here/batches/new?purpose=imported").status_code == 404
    client = Client()
    client.force_login(make.add_member(project))
    assert client.get("/p/here/batches/new").status_code == 403


def test_what_annotators_skipped_is_shown_with_its_reason_and_what_was_given_on_is_not(
    head: Client, project: Project
) -> None:
    batch = make.make_batch(project, list(project.images.all()[:2]), overlap=1)
    person = project.memberships.filter(role="annotator")[0].user
    place = f"/p/here/batches/{batch.public_id}/skipped"
    assert "Nothing was skipped" in head.get(place).content.decode()
    skipped = make.claim(batch, person)
    skip_assignment(assignment=skipped, annotator=person, reason="cannot_see", note="Far too dark for me.")
    begun = make.claim(batch, person)
    make.judge(begun, begun.image.caption_versions.get(pk=begun.version_ids[0]), "good")
    Assignment.objects.filter(pk=begun.pk).update(lease_until=timezone.now() - timedelta(hours=1))
    assert give_on_interrupted(batch=batch, actor=project.memberships.get(role="head").user) == 1
    assert "1 skipped" in head.get("/p/here/batches/").content.decode()
    page = head.get(place).content.decode()
    assert "Far too dark for me." in page
    assert "I cannot see the image properly" in page
    assert "half judged" not in page
    again = make.claim(batch, project.memberships.filter(role="annotator")[1].user)
    with pytest.raises(Invalid):
        skip_assignment(assignment=again, annotator=again.annotator, reason="given_on")  # type: ignore[arg-type]


def test_nobody_waits_for_the_open_slots_of_an_image_that_was_taken_out(
    project: Project, head: Client
) -> None:
    images = list(project.images.all())
    batch = make.make_batch(project, images, overlap=1)
    actor = make.add_member(project, Role.HEAD)
    retire_image(image=images[0], actor=actor, why="Blurred.")
    (row,) = standings(project)
    assert (row.batch, row.n_done, row.n_total) == (batch, 0, 3)
