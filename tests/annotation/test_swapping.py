"""Reserve images take the place of images that cannot reach their target, as one act that can be undone."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from annotation.models import Assignment, Image, ImageSwap
from annotation.progress.stocking import retire_image
from annotation.progress.swapping import swap_images, undo_swaps
from annotation.working.assigning import claim_assignment
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Event, Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db
WHY = "It cannot reach its target."


@pytest.fixture
def project() -> Project:
    return make.make_project("here", good_target=2)


@pytest.fixture
def head(project: Project) -> User:
    return make.add_member(project, Role.HEAD)


def reserves(project: Project, n: int) -> list[Image]:
    """Return reserve images with a caption each."""
    images = [make.add_image(project, f"reserve-{number}", state="reserve") for number in range(n)]
    for image in images:
        make.add_caption(image)
    return images


def states(images: list[Image]) -> list[str]:
    return [Image.objects.get(pk=image.pk).state for image in images]


def test_the_next_reserve_comes_in_at_the_place_of_the_image_that_goes(project: Project, head: User) -> None:
    images = [make.add_image(project) for _number in range(3)]
    for image in images:
        make.add_caption(image)
    batch = make.make_batch(project, images, overlap=2)
    first, second, third = reserves(project, 3)
    made = swap_images(project=project, images=[images[1]], n_named=1, why=WHY, actor=head)
    assert [(swap.taken_out, swap.brought_in) for swap in made] == [(images[1], first)]
    assert states([images[1], first, second, third]) == ["retired", "active", "reserve", "reserve"]
    slots = Assignment.objects.filter(batch=batch, image=first)
    assert sorted(slots.values_list("slot", "position", "state")) == [(0, 1, "open"), (1, 1, "open")]
    acts = Event.objects.filter(actor=head).values_list("act", flat=True)
    assert {"image_swapped", "image_retired", "image_activated"} <= set(acts)
    annotator = make.add_member(project)
    claimed = []
    while (held := claim_assignment(batch=batch, annotator=annotator)) is not None:
        claimed.append(held.image)
        for version in held.image.caption_versions.all():
            make.judge(held, version, "good")
        make.finish(held)
    assert claimed == [images[0], first, images[2]]


def test_many_are_swapped_as_one_act_or_none(project: Project, head: User) -> None:
    images = [make.add_image(project) for _number in range(3)]
    coming = reserves(project, 2)
    with pytest.raises(Conflict):
        swap_images(project=project, images=images, n_named=3, why=WHY, actor=head)
    with pytest.raises(Conflict):
        swap_images(project=project, images=images[:2], n_named=3, why=WHY, actor=head)
    with pytest.raises(Invalid):
        swap_images(project=project, images=images[:2], n_named=2, why=" ", actor=head)
    with pytest.raises(Invalid):
        swap_images(project=project, images=[], n_named=0, why=WHY, actor=head)
    assert states([*images, *coming]) == ["active"] * 3 + ["reserve"] * 2
    made = swap_images(project=project, images=images[:2], n_named=2, why=WHY, actor=head)
    assert len({swap.act_id for swap in made}) == 1
    assert states([*images, *coming]) == ["retired", "retired", "active", "active", "active"]


def test_an_undo_puts_both_back_unless_somebody_has_begun(project: Project, head: User) -> None:
    images = [make.add_image(project) for _number in range(2)]
    batch = make.make_batch(project, images, overlap=1)
    coming = reserves(project, 2)
    made = swap_images(project=project, images=images, n_named=2, why=WHY, actor=head)
    begun = make.claim(batch, make.add_member(project))
    assert begun.image == coming[0]
    undone = undo_swaps(project=project, act_id=made[0].act_id, actor=head)
    assert (undone.n_undone, undone.n_kept) == (1, 1)
    assert states([*images, *coming]) == ["retired", "active", "active", "reserve"]
    assert not Assignment.objects.filter(image=coming[1]).exists()
    with pytest.raises(Conflict):
        undo_swaps(project=project, act_id=made[0].act_id, actor=head)
    again = swap_images(project=project, images=[images[1]], n_named=1, why=WHY, actor=head)
    assert again[0].brought_in == coming[1]


def test_an_image_that_is_out_already_is_not_swapped(project: Project, head: User) -> None:
    image = make.add_image(project)
    reserves(project, 1)
    retire_image(image=image, actor=head, why="Broken.")
    with pytest.raises(Conflict):
        swap_images(project=project, images=[image], n_named=1, why=WHY, actor=head)


def test_closed_batches_and_calibrations_get_no_new_image(project: Project, head: User) -> None:
    image = make.add_image(project)
    closed = make.make_batch(project, [image])
    closed.closed_at = closed.opened_at
    closed.save(update_fields=["closed_at"])
    calibration = make.make_batch(project, [image])
    calibration.purpose = "calibration"
    calibration.save(update_fields=["purpose"])
    coming = reserves(project, 1)
    swap_images(project=project, images=[image], n_named=1, why=WHY, actor=head)
    assert not Assignment.objects.filter(image=coming[0]).exists()


@pytest.mark.django_db(transaction=True)
def test_two_swaps_at_once_never_bring_in_the_same_reserve(project: Project, head: User) -> None:
    images = [make.add_image(project) for _number in range(4)]
    coming = reserves(project, 3)
    refused: list[str] = []

    def swap(image: Image) -> None:
        try:
            swap_images(project=project, images=[image], n_named=1, why=WHY, actor=head)
        except Conflict as conflict:
            refused.append(conflict.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=swap, args=[image]) for image in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["too_few_reserves"]
    assert set(ImageSwap.objects.values_list("brought_in", flat=True)) == {image.pk for image in coming}


def test_swaps_join_no_two_projects(project: Project, head: User) -> None:
    here, elsewhere = make.add_image(project), make.add_image(make.make_project())
    with pytest.raises(IntegrityError), transaction.atomic():
        ImageSwap.objects.create(project=project, taken_out=here, brought_in=elsewhere, why=WHY, made_by=head)
    with pytest.raises(IntegrityError), transaction.atomic():
        ImageSwap.objects.create(project=project, taken_out=here, brought_in=here, why=WHY, made_by=head)


def test_the_pages_name_what_goes_and_comes_and_take_it_back(
    client: Client, project: Project, head: User
) -> None:
    image = make.add_image(project, "poor")
    make.make_batch(project, [image], overlap=1)
    client.force_login(head)
    address = "/p/here/images/swaps/"
    page = client.get(address).content.decode()
    assert "No image is in reserve" in page
    reserves(project, 1)
    assert "Swap reserves in" in client.get("/p/here/progress/").content.decode()
    assert client.get(f"{address}?image=x").status_code == 422
    page = client.get(f"{address}?image={image.public_id}").content.decode()
    assert "Swap 1 image?" in page
    assert "reserve-0" in page
    values = {"image": image.public_id, "n_named": 1, "why": ""}
    assert client.post(f"{address}swap", values).status_code == 422
    assert client.post(f"{address}swap", values | {"why": WHY}).status_code == 302
    swap = ImageSwap.objects.get()
    assert "reserve-0 for poor" in client.get(address).content.decode()
    assert client.post(f"{address}{swap.act_id}/undo").status_code == 302
    assert client.post(f"{address}{swap.act_id}/undo").status_code == 409
