"""A choice of images is applied as one act: batches take the chosen, reserves follow in order, and it can be undone."""

import uuid

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.models import User
from annotation.machine.sampling.choosing import completed_sampling
from annotation.models import Encoder, Image, ImageSampling, SampledImage
from annotation.progress.sampling_images import apply_sampling, undo_sampling
from annotation.progress.stocking import activate_image, retire_image
from annotation.progress.swapping import reserves_of
from annotation.working.opening import free_images
from polyannot.kernel.errors import Conflict, Invalid
from projects import queue
from projects.models import Event, Job, Project, Role
from projects.models.jobs import JobState
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


@pytest.fixture
def project() -> Project:
    return make.make_project("here")


@pytest.fixture
def head(project: Project) -> User:
    return make.add_member(project, Role.HEAD)


def a_sampling(images: list[Image], *, chosen: int, reserve: int) -> ImageSampling:
    """Return a choice whose order is that of the images given."""
    project = images[0].project
    job = Job.objects.create(
        project=project,
        kind="sampling",
        queue="gpu",
        parameters=completed_sampling({"wanted": chosen, "reserve": reserve}),
        fingerprint=uuid.uuid4().hex,
        state=JobState.DONE,
    )
    encoder, _made = Encoder.objects.get_or_create(name="e", weights_hash="0" * 64, source="", dimension=2)
    part = {"lowest": 0.21, "median": 0.3, "mean": 0.31, "n": chosen}
    drawn = {"draws": 100, "mean": 0.12, "low": 0.1, "high": 0.15}
    sampling = ImageSampling.objects.create(
        project=project,
        job=job,
        encoder=encoder,
        method="farthest",
        space="plane",
        seed=20240501,
        n_images=len(images),
        n_chosen=chosen,
        n_reserve=reserve,
        n_in_batches=0,
        spreads={
            "space": {"chosen": part, "random": dict.fromkeys(("lowest", "median", "mean"), drawn)},
            "plane": None,
        },
    )
    SampledImage.objects.bulk_create(
        [SampledImage(sampling=sampling, image=image, rank=rank) for rank, image in enumerate(images, 1)]
    )
    return sampling


def states(images: list[Image]) -> str:
    """Return the first letters of the states: active, reserve, set aside, retired (out)."""
    letters = {"active": "a", "reserve": "r", "set_aside": "s", "retired": "o"}
    return "".join(letters[Image.objects.get(pk=image.pk).state] for image in images)


def test_the_chosen_are_in_work_the_next_in_reserve_in_their_order_and_the_rest_is_set_aside(
    project: Project, head: User
) -> None:
    images = [make.add_image(project) for _number in range(6)]
    order = [images[place] for place in (4, 2, 5, 0, 1, 3)]
    made = apply_sampling(sampling=a_sampling(order, chosen=2, reserve=2), actor=head)
    assert states(order) == "aarrss"
    assert (made.n_chosen, made.n_reserve, made.n_aside, made.n_left) == (2, 2, 2, 0)
    assert set(free_images(project)) == set(order[:2]), "batches take the chosen alone"
    assert list(reserves_of(project)) == order[2:4], "by rank, not by import"
    event = Event.objects.get(act="sampling_applied")
    assert (event.actor, event.fields) == (head, "state,sampling_rank")


def test_what_is_in_a_batch_stays_in_work_and_what_was_taken_out_stays_out(
    project: Project, head: User
) -> None:
    images = [make.add_image(project) for _number in range(5)]
    sampling = a_sampling(images, chosen=2, reserve=1)
    make.make_batch(project, [images[4]])
    retire_image(image=images[0], actor=head, why="It may not be shown.")
    made = apply_sampling(sampling=sampling, actor=head)
    assert states(images) == "oarsa"
    assert (made.n_chosen, made.n_reserve, made.n_aside, made.n_left) == (1, 1, 1, 2)


def test_undoing_gives_back_states_and_order_but_for_what_has_moved_since(
    project: Project, head: User
) -> None:
    images = [make.add_image(project) for _number in range(6)]
    Image.objects.filter(pk=images[0].pk).update(state="reserve", sampling_rank=9)
    Image.objects.filter(pk__in=[images[1].pk, images[2].pk]).update(state="reserve")
    sampling = a_sampling(images, chosen=3, reserve=1)
    apply_sampling(sampling=sampling, actor=head)
    assert states(images) == "aaarss"
    make.make_batch(project, [images[1]])
    activate_image(image=images[5], actor=head)
    undone = undo_sampling(sampling=sampling, actor=head)
    assert states(images) == "raraaa"
    assert Image.objects.get(pk=images[0].pk).sampling_rank == 9
    assert Image.objects.get(pk=images[3].pk).sampling_rank is None
    assert (undone.n_restored, undone.n_left) == (4, 2)
    with pytest.raises(Conflict, match="not applied"):
        undo_sampling(sampling=sampling, actor=head)
    again = apply_sampling(sampling=sampling, actor=head)
    assert again.n_chosen == 3, "it can be applied once more"


def test_one_choice_is_applied_at_a_time(project: Project, head: User) -> None:
    images = [make.add_image(project) for _number in range(4)]
    first, second = (a_sampling(images, chosen=2, reserve=1) for _time in range(2))
    apply_sampling(sampling=first, actor=head)
    with pytest.raises(Conflict, match="undo it first"):
        apply_sampling(sampling=second, actor=head)
    with pytest.raises(IntegrityError, match="image_sampling_applied_once"):
        ImageSampling.objects.filter(pk=second.pk).update(applied_at="2026-01-01T00:00Z", applied_by=head)


def test_parameters_have_defaults_and_what_is_none_is_refused() -> None:
    whole = completed_sampling({})
    assert (whole["wanted"], whole["reserve"]) == (5000, 1000)
    assert (whole["method"], whole["space"], whole["random_choices"]) == ("farthest", "plane", 100)
    for wrong in ({"wanted": 1}, {"method": "nearest"}, {"space": "moon"}, {"reserve": -1}, {"colour": 1}):
        with pytest.raises(Invalid):
            completed_sampling(wrong)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_asks_shows_applies_and_undoes(project: Project, head: User) -> None:
    images = [make.add_image(project, f"picture-{number}") for number in range(5)]
    client = signed_in(head)
    page = "/p/here/images/sampling/"
    assert "No images were chosen yet" in client.get(page).content.decode()
    assert client.post(page + "run", {"wanted": "2", "method": "random", "space": "plane"}).status_code == 302
    asked = Job.objects.get(kind="sampling")
    assert (asked.parameters["wanted"], asked.parameters["method"], asked.seed) == (2, "random", project.seed)
    assert client.post(page + "run", {"wanted": "1", "method": "random", "space": "plane"}).status_code == 422
    sampling = a_sampling(images, chosen=2, reserve=1)
    shown = client.get(page).content.decode()
    assert "Apply: 2 images in work" in shown
    assert "100 random choices of 2 out of the same 5" in shown
    assert "0.100 to 0.150" in shown
    assert "There is no plane to look at" in shown
    address = f"{page}{sampling.public_id}/"
    told = client.post(address + "apply", follow=True).content.decode()
    assert "2 images are in work, 1 in reserve, 2 set aside; 0 stay as they were." in told
    assert states(images) == "aarss"
    table = b"".join(client.get(address + "images.csv")).decode().splitlines()
    assert table[:4] == [
        "rank,image,kind,x,y",
        "1,picture-0,chosen,,",
        "2,picture-1,chosen,,",
        "3,picture-2,reserve,,",
    ]
    aside = client.get("/p/here/images/?show=set_aside").content.decode()
    assert "picture-4" in aside
    told = client.post(address + "undo", follow=True).content.decode()
    assert "5 images are as they were before; 0 were left" in told
    assert states(images) == "aaaaa"
