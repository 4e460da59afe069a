"""N judged or M good: a few captions at once, the next ones where too few were good, and nothing beyond."""

import pytest
from django.test import Client

from accounts.models import User
from annotation.models import Batch, CaptionVersion, Image
from annotation.progress.progress import progress_of
from annotation.progress.swapping import swap_images
from annotation.progress.tallying import settle_tallies
from annotation.review.adjudicating import adjudicate
from annotation.working.assigning import claim_assignment
from annotation.working.batch_showing import standings
from annotation.working.furthering import further_captions, open_further
from annotation.working.moving_on import move_on
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Return a project whose images are done at 5 judged or 2 good captions, 2 shown at once."""
    return make.make_project("here", judged_target=5, good_target=2, shown_at_once=2)


def ranked(image: Image) -> list[int]:
    versions = CaptionVersion.objects.filter(image=image).order_by("caption__pool_rank")
    return list(versions.values_list("pk", flat=True))


def an_image(project: Project, n_captions: int = 9) -> Image:
    image = make.add_image(project)
    for rank in range(n_captions):
        make.add_caption(image, pool_rank=rank)
    return image


def judge_through(batch: Batch, labels: dict[int, str], person: User) -> list[list[int]]:
    """Judge what a person gets of a batch, bad where nothing else is said; return what was shown, in order of rank."""
    shown = []
    while (held := claim_assignment(batch=batch, annotator=person)) is not None:
        for version in CaptionVersion.objects.filter(pk__in=held.version_ids):
            make.judge(held, version, labels.get(version.pk, "bad"))
        make.finish(held)
        shown.append(sorted(held.version_ids))
    return shown


def test_captions_come_in_portions_until_enough_are_good_or_the_budget_is_judged(project: Project) -> None:
    image, other = an_image(project), an_image(project)
    pool, others = ranked(image), ranked(other)
    person = make.add_member(project)
    labels = {pool[1]: "good", pool[3]: "good"}
    shown = judge_through(make.make_batch(project, [image, other], overlap=1), labels, person)
    assert shown == [pool[:2], others[:2]]
    second = open_further(project=project, name="Second", n_images=9, overlap=1, actor=None)
    assert judge_through(second, labels, person) == [pool[2:4], others[2:4]]
    assert further_captions(project=project, n_images=9) == [], (
        "one has two good ones, the other can get one at most"
    )
    settle_tallies(project)
    progress = progress_of(project)
    assert (progress.n_reached, progress.n_done, progress.n_cannot) == (1, 1, 1)
    with pytest.raises(Invalid, match="nothing_further"):
        open_further(project=project, name="Third", n_images=9, overlap=1, actor=None)


def test_the_last_portion_ends_with_the_budget(project: Project) -> None:
    image = an_image(project)
    pool = ranked(image)
    person = make.add_member(project)
    judge_through(make.make_batch(project, [image], overlap=1), {pool[0]: "good"}, person)
    judge_through(open_further(project=project, name="Second", n_images=1, overlap=1, actor=None), {}, person)
    (further,) = further_captions(project=project, n_images=1)
    assert further.version_ids == pool[4:5]


def test_an_image_waits_for_its_annotators_before_it_is_shown_further(project: Project) -> None:
    image = an_image(project)
    judge_through(make.make_batch(project, [image], overlap=2), {}, make.add_member(project))
    assert further_captions(project=project, n_images=1) == []


def test_an_image_with_its_good_captions_is_given_to_nobody_and_not_waited_for(project: Project) -> None:
    done, after = an_image(project), an_image(project)
    head, person = make.add_member(project, Role.HEAD), make.add_member(project)
    batch = make.make_batch(project, [an_image(project), done, after], overlap=1)
    first = make.claim(batch, person)
    for version in CaptionVersion.objects.filter(pk__in=ranked(done)[:2]):
        adjudicate(version=version, head=head, label="good")
    settle_tallies(project)
    (row,) = standings(project)
    assert row.n_total == 2
    for version in CaptionVersion.objects.filter(pk__in=first.version_ids):
        make.judge(first, version, "bad")
    access = Access(user=person, project=project, role=Role.ANNOTATOR)
    desk = move_on(access=access, batch=batch.public_id, assignment=first.public_id)
    assert desk is not None
    assert desk.image == after.public_id


def test_both_ways_show_the_portion_that_a_slot_was_opened_for(project: Project) -> None:
    images = [an_image(project) for _image in range(2)]
    person = make.add_member(project)
    judge_through(make.make_batch(project, images, overlap=1), {}, person)
    Project.objects.update(judged_target=9)
    project.refresh_from_db()
    further = open_further(project=project, name="Second", n_images=2, overlap=1, actor=None)
    first = make.claim(further, person)
    assert sorted(first.version_ids) == ranked(images[0])[2:4]
    for version in CaptionVersion.objects.filter(pk__in=first.version_ids):
        make.judge(first, version, "bad")
    access = Access(user=person, project=project, role=Role.ANNOTATOR)
    desk = move_on(access=access, batch=further.public_id, assignment=first.public_id)
    assert desk is not None
    held = make.claim(further, person)
    assert held.public_id == desk.assignment
    assert sorted(held.version_ids) == ranked(images[1])[2:4]


def test_a_reserve_begins_at_the_beginning_of_its_pool(project: Project) -> None:
    image, reserve = an_image(project), make.add_image(project, state="reserve")
    make.add_caption(reserve)
    first = make.make_batch(project, [image], overlap=1)
    judge_through(first, {}, make.add_member(project))
    open_further(project=project, name="Second", n_images=1, overlap=1, actor=None)
    head = make.add_member(project, Role.HEAD)
    swap_images(project=project, images=[image], n_named=1, why="Too few.", actor=head)
    assert list(reserve.assignments.values_list("batch", flat=True)) == [first.pk]


def test_the_page_counts_further_captions_and_opens_them(client: Client, project: Project) -> None:
    image = an_image(project)
    judge_through(
        make.make_batch(project, [image], overlap=1), {ranked(image)[0]: "good"}, make.add_member(project)
    )
    client.force_login(make.add_member(project, Role.HEAD))
    assert "Open a batch of further captions" in client.get("/p/here/progress/").content.decode()
    values = {"purpose": "further", "name": "Second", "n_images": 5, "overlap": 2}
    counted = client.post("/p/here/batches/new", {**values, "preview": "1"})
    assert (counted.context["ahead"].n_images, counted.context["ahead"].n_judgments) == (1, 4)
    assert client.post("/p/here/batches/new", values).status_code == 302
    assert Batch.objects.get(name="Second").assignments.count() == 2
    assert client.post("/p/here/batches/new", {**values, "name": "Third"}).status_code == 422
    assert "further captions" not in client.get("/p/here/progress/").content.decode()
