"""The diversity job on a real model worker with the shipped sentence encoder."""

from collections.abc import Mapping

import pytest
from django.utils import timezone

from annotation.machine.ml_requests import SENTENCE_ENCODER, ask_for_diversity
from annotation.models import CaptionVersion, Image, ImageChoice
from ml_workers.sentences import MINILM
from projects.models import Job, Project
from projects.models.jobs import JobState
from tests.factories import add_caption, add_image, make_project, make_user
from tests.live import LiveProgram
from tests.ml_workers.working import ended, find_good

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]

CAPTIONS = [
    "A cat sleeps on a red sofa",
    "A cat is sleeping on the red couch",
    "The cat naps on a sofa",
    "Sunday, and nobody has to get up",
    "A king surveys his cushions",
    "Red fabric, grey fur",
    "Silence with whiskers",
]
ENDINGS = ["at noon", "again", "as ever", "for once"]


def a_project() -> tuple[Project, Image, Image]:
    """Return a project with an image of seven good captions and one of three."""
    project = make_project()
    rich, poor = add_image(project), add_image(project)
    find_good([add_caption(rich, text) for text in CAPTIONS])
    find_good([add_caption(poor, text) for text in CAPTIONS[:3]])
    add_caption(poor, "Never judged, never chosen")
    return project, rich, poor


def chosen(job: Job, image: Image) -> list[str]:
    choice = ImageChoice.objects.get(job=job, image=image)
    return list(choice.captions.order_by("position").values_list("version__text", flat=True))


def test_the_diverse_five_are_chosen_and_an_image_with_fewer_is_flagged_and_not_padded(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project, rich, poor = a_project()
    job = ended(ask_for_diversity(project=project, actor=None, parameters={}, seed=7))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result == {"images": {"complete": 1, "incomplete": 1}}

    whole = ImageChoice.objects.get(image=rich, is_current=True)
    assert (whole.n_good, whole.is_complete, whole.seed, whole.encoder.name) == (7, True, 7, MINILM)
    assert len(chosen(job, rich)) == 5
    assert len(whole.pool_versions) == len(whole.pool_x) == len(whole.pool_y) == len(whole.pool_clusters) == 7
    assert whole.space == "features", "seven captions are too few for clusters of a plane"
    one = whole.captions.first()
    assert one is not None
    assert one.version_id in one.cluster_versions
    assert whole.mean_similarity is not None
    assert whole.random_mean_similarity is not None
    assert whole.mean_similarity < whole.random_mean_similarity

    short = ImageChoice.objects.get(image=poor, is_current=True)
    assert (short.n_good, short.is_complete) == (3, False)
    assert (len(short.pool_versions), short.pool_x, short.pool_clusters) == (3, [], [])
    assert sorted(chosen(job, poor)) == sorted(CAPTIONS[:3])


def test_the_same_seed_chooses_the_same_and_a_new_choice_takes_the_place_of_the_old_one(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project, rich, _poor = a_project()
    first = ended(ask_for_diversity(project=project, actor=None, parameters={}, seed=7))
    again = ended(ask_for_diversity(project=project, actor=None, parameters={}, seed=7))
    assert chosen(first, rich) == chosen(again, rich)
    assert set(ImageChoice.objects.filter(is_current=True).values_list("job", flat=True)) == {again.pk}
    assert ImageChoice.objects.filter(project=project).count() == 4, "what was chosen before stays"

    least = ended(
        ask_for_diversity(project=project, actor=None, parameters={"method": "min_similarity"}, seed=7)
    )
    lowest, by_clusters = (ImageChoice.objects.get(job=job, image=rich) for job in (least, again))
    assert lowest.mean_similarity is not None
    assert by_clusters.mean_similarity is not None
    assert lowest.mean_similarity <= by_clusters.mean_similarity + 1e-9


def test_the_sentence_encoder_that_the_web_names_is_the_one_that_the_worker_has() -> None:
    assert SENTENCE_ENCODER == MINILM


def test_two_good_versions_of_one_caption_are_never_both_chosen(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project, rich, _poor = a_project()
    base = CaptionVersion.objects.filter(image=rich).earliest("pk")
    edit = CaptionVersion.objects.create(
        project=project,
        image=rich,
        caption=base.caption,
        parent=base,
        text="A cat sleeps on a blue sofa",
        content_hash="0" * 64,
        kinds=["color"],
        state="accepted",
        decided_by=make_user(),
        decided_at=timezone.now(),
    )
    job = ended(ask_for_diversity(project=project, actor=None, parameters={"wanted": 7}))
    assert ImageChoice.objects.get(job=job, image=rich).n_good == 7
    assert edit.text in chosen(job, rich)
    assert base.text not in chosen(job, rich)


def test_sixteen_captions_are_clustered_on_a_plane_that_is_kept(
    live_workers: Mapping[str, LiveProgram],
) -> None:
    project = make_project()
    image = add_image(project)
    find_good([add_caption(image, f"{text}, {ending}") for text in CAPTIONS[2:6] for ending in ENDINGS])
    job = ended(ask_for_diversity(project=project, actor=None, parameters={}, seed=3))
    choice = ImageChoice.objects.get(job=job)
    assert (choice.space, len(choice.pool_x), len(set(choice.pool_clusters))) == ("plane", 16, 5)
    of_chosen = [caption.cluster for caption in choice.captions.all()]
    assert sorted(cluster for cluster in of_chosen if cluster is not None) == [0, 1, 2, 3, 4]
