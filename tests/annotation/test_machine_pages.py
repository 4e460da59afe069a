"""The pages of difficulty, diverse captions and similarities: what they show, and what can be asked for there."""

import uuid
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from django.test import Client

from annotation.machine.ml_requests import completed_difficulty
from annotation.models import CaptionVersion, DifficultyRun
from annotation.review.adjudicating import adjudicate
from ml_workers import store
from projects import queue
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from tests.factories import (
    add_caption,
    add_image,
    add_member,
    make_project,
    make_user,
    picture_bytes,
)
from tests.ml_workers.working import find_good

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


def signed_in(project: Project, role: str = Role.RESEARCHER) -> Client:
    client = Client()
    client.force_login(add_member(project, role))
    return client


def page(client: Client, project: Project, path: str = "difficulty/") -> str:
    response = client.get(f"/p/{project.slug}/{path}")
    assert response.status_code == 200, response.content
    return response.content.decode()


def ended_job(project: Project, kind: str, parameters: dict[str, object]) -> Job:
    return Job.objects.create(
        project=project,
        kind=kind,
        queue="gpu",
        parameters=parameters,
        fingerprint=uuid.uuid4().hex,
        state=JobState.DONE,
    )


def a_vote(project: Project, versions: list[CaptionVersion], **cut_points: int) -> DifficultyRun:
    """Return a vote in which a version gets as many of three yes votes as its place in the list, from 0 on."""
    names = ["model-a", "model-b", "model-c"]
    job = ended_job(project, "difficulty", completed_difficulty({"encoders": names, **cut_points}))
    votes, decisions = [], []
    for number, name in enumerate(names):
        encoder = store.register_encoder(
            name=name, weights_hash="0" * 64, source="", dimension=2, preprocessing="", licence=""
        )
        threshold = store.register_threshold(
            encoder_id=encoder, cosine=0.25, method="best F1", batch_size=1024, seed=0, pairs="", n_pairs=5
        )
        for place, version in enumerate(versions):
            is_yes = number < place
            votes.append(
                store.Vote(version.pk, threshold, 0.3 if is_yes else 0.1234, is_yes, is_tie_breaker=False)
            )
    for place, version in enumerate(versions):
        level = {0: "hard", 3: "easy"}.get(place, "medium")
        decisions.append(store.Decision(version.pk, place, 3, level))
    store.write_difficulty(job, votes, decisions)
    return DifficultyRun.objects.get(job=job)


def judged_project() -> tuple[Project, list[CaptionVersion]]:
    project = make_project()
    image = add_image(project)
    versions = [add_caption(image, f"Good caption {number}") for number in range(4)]
    find_good(versions)
    return project, versions


def test_pages_without_anything_to_show_say_what_will_be_there() -> None:
    project = make_project()
    client = signed_in(project)
    assert "Nobody has voted yet" in page(client, project)
    assert "Nothing was chosen yet" in page(client, project, "choices/")
    assert "No encoder has seen this project yet" in page(client, project, "difficulty/similarities/")


def test_a_vote_is_shown_with_its_levels_its_voters_and_the_hard_pairs() -> None:
    project, versions = judged_project()
    a_vote(project, versions)
    shown = page(signed_in(project), project)
    assert "4 pairs" in shown
    assert "25.0%" in shown
    assert "50.0%" in shown
    assert "1 of 4" in shown
    assert "Easy from 3 yes votes, hard up to 0" in shown
    assert "model-b" in shown
    assert "Good caption 0" in shown
    assert "0.123" in shown
    assert "Good caption 3" not in shown, "easy pairs have a page of their own"
    assert "Good caption 3" in page(signed_in(project), project, "difficulty/?level=easy")


def test_captions_that_changed_since_the_vote_are_told() -> None:
    project, versions = judged_project()
    a_vote(project, versions)
    client = signed_in(project)
    assert "have changed since" not in page(client, project)
    adjudicate(version=versions[0], head=make_user(), label="bad")
    find_good([add_caption(versions[0].image, "Judged good since")])
    shown = page(client, project)
    assert "1 good caption has no difficulty yet" in shown
    assert "1 caption of the vote is no longer good" in shown


def test_an_earlier_vote_stays_to_be_seen_and_that_of_another_project_is_missing() -> None:
    project, versions = judged_project()
    first = a_vote(project, versions)
    a_vote(project, versions, easy_min_votes=2)
    client = signed_in(project)
    assert "Easy from 2 yes votes" in page(client, project)
    assert "Easy from 3 yes votes" in page(client, project, f"difficulty/?run={first.job.public_id}")
    other = make_project()
    assert signed_in(other).get(f"/p/{other.slug}/difficulty/?run={first.job.public_id}").status_code == 404


def test_a_vote_is_asked_for_once_and_its_progress_is_shown() -> None:
    project, _versions = judged_project()
    client = signed_in(project)
    for _time in range(2):
        response = client.post(f"/p/{project.slug}/difficulty/run/", {"encoders": "a, b, c"})
        assert response.status_code == 302
    job = Job.objects.get(project=project, kind="difficulty")
    assert job.parameters["encoders"] == ["a", "b", "c"]
    assert job.asked_by is not None
    assert f"job-progress-{job.public_id}" in page(client, project)
    progress = client.get(f"/p/{project.slug}/difficulty/jobs/{job.public_id}/")
    assert progress.status_code == 200
    assert "HX-Refresh" not in progress.headers
    Job.objects.update(state=JobState.FAILED, error="The models could not be loaded.")
    assert client.get(f"/p/{project.slug}/difficulty/jobs/{job.public_id}/").headers["HX-Refresh"] == "true"
    assert "The models could not be loaded." in page(client, project)


def test_cut_points_that_make_no_sense_are_refused_beside_the_form() -> None:
    project, _versions = judged_project()
    response = signed_in(project).post(
        f"/p/{project.slug}/difficulty/run/",
        {"encoders": "a,b,c", "easy_min_votes": "1", "hard_max_votes": "1"},
    )
    assert response.status_code == 422
    assert "cannot be easy and hard at once" in response.content.decode()
    assert not Job.objects.exists()


def test_the_chosen_captions_stand_beside_random_ones_and_incomplete_images_are_listed() -> None:
    project, versions = judged_project()
    bare = add_image(project, "bare-image")
    job = ended_job(project, "diversity", {"method": "kmeans", "encoder": "sentences", "wanted": 3})
    encoder = store.register_encoder(
        name="sentences", weights_hash="0" * 64, source="", dimension=2, preprocessing="", licence=""
    )
    chosen = store.ChosenCaptions(
        versions[0].image_id,
        4,
        True,
        [version.pk for version in versions[:3]],
        0.111,
        0.222,
        pool=[version.pk for version in versions[:4]],
        places=[(0.0, 0.0), (1.0, 0.5), (2.0, 1.0), (2.0, -1.0)],
        clusters=[0, 1, 2, 2],
    )
    store.write_choices(job, encoder, [chosen, store.ChosenCaptions(bare.pk, 0, False, [], None, None)])
    client = signed_in(project)
    assert "Nothing was chosen yet" in page(client, project, "choices/"), "not before the whole job is done"
    store.make_choices_current(job)
    shown = page(client, project, "choices/")
    assert "Good caption 2" in shown
    assert "Good caption 3" not in shown
    assert "0.111" in shown
    assert "0.222" in shown
    assert "bare-image" in shown
    assert "no longer good" not in shown
    image = versions[0].image
    whole = page(client, project, f"choices/{image.public_id}/")
    assert "clustered by K-means in the features themselves, K = 3" in whole
    assert whole.count('class="drawn-fill-accent') == 3
    assert "4. Good caption 3" in whole
    table = b"".join(client.get(f"/p/{project.slug}/choices/{image.public_id}/captions.csv"))
    assert table.decode().splitlines()[4] == "4,3,0,2.0,-1.0,Good caption 3"
    drawing = client.get(f"/p/{project.slug}/choices/{image.public_id}/captions.svg")
    assert drawing.headers["Content-Type"] == "image/svg+xml"
    ET.fromstring(drawing.content)
    none = page(client, project, f"choices/{bare.public_id}/")
    assert "There is no plane to look at" in none
    adjudicate(version=versions[1], head=make_user(), label="bad")
    assert "1 image has a chosen caption that is no longer good" in page(client, project, "choices/")


def test_a_choice_and_similarities_are_asked_for_from_their_pages() -> None:
    project, _versions = judged_project()
    client = signed_in(project)
    assert (
        client.post(
            f"/p/{project.slug}/choices/run/", {"method": "min_similarity", "wanted": "4", "seed": "9"}
        ).status_code
        == 302
    )
    job = Job.objects.get(kind="diversity")
    assert (job.seed, job.parameters["method"], job.parameters["wanted"]) == (9, "min_similarity", 4)
    assert (
        client.post(f"/p/{project.slug}/difficulty/similarities/run/", {"encoders": "x"}).status_code == 302
    )
    assert Job.objects.get(kind="similarities").parameters == {"encoders": ["x"]}
    assert client.post(f"/p/{project.slug}/choices/run/", {"method": "guessing"}).status_code == 422


def test_an_encoder_is_listed_with_how_much_of_the_project_it_has_seen() -> None:
    project, versions = judged_project()
    encoder = store.register_encoder(
        name="seer", weights_hash="a" * 64, source="a folder", dimension=2, preprocessing="", licence="none"
    )
    for modality, contents in (
        ("image", [versions[0].image.file.sha256]),
        ("text", [version.content_hash for version in versions[:2]]),
    ):
        rows = np.array([[1.0, 0.0]] * len(contents), dtype=np.float32)
        store.write_embeddings(encoder, modality, contents, rows)
    pairs = store.pair_features(encoder, [version.pk for version in versions])
    job = ended_job(project, "similarities", {"encoders": ["seer"]})
    store.write_similarities(
        project_id=project.pk, encoder_id=encoder, job_id=job.pk, pairs=pairs, cosines=np.ones(2)
    )
    shown = page(signed_in(project), project, "difficulty/similarities/")
    assert "seer" in shown
    assert "of 4" in shown
    assert "aaaaaaaaaaaa" in shown


def test_what_encoders_have_embedded_is_counted_and_more_can_be_asked_for() -> None:
    project, versions = judged_project()
    image = versions[0].image
    add_image(project, "copy", content=picture_bytes((9, 9, 9)))
    encoder = store.register_encoder(
        name="image:lite2", weights_hash="1" * 64, source="", dimension=2, preprocessing="", licence="",
        precision="bfloat16",
        precision_trial={
            "device": "CPU", "float32_seconds": 2.0, "bfloat16_seconds": 1.0, "difference": 0.002,
        },
    )  # fmt: skip
    store.write_embeddings(encoder, "image", [image.file.sha256], np.ones((1, 2), dtype=np.float32))
    client = signed_in(project)
    shown = page(client, project, "difficulty/similarities/")
    assert "image:lite2" in shown
    assert "bfloat16 took 0.50 of the time and differed by 0.0020, CPU" in shown
    assert 'data-label="Images">1 <span class="table__basis">of 2</span>' in shown
    assert 'data-label="Captions">0 <span class="table__basis">of 4</span>' in shown

    address = f"/p/{project.slug}/difficulty/similarities/embed/"
    asked = {"kind": "embed_images", "encoders": "image:lite2, shipped:lite0"}
    assert client.post(address, asked).status_code == 302
    job = Job.objects.get(kind="embed_images")
    assert job.parameters == {"encoders": ["image:lite2", "shipped:lite0"]}
    assert "Embeddings of images" in page(client, project, "difficulty/similarities/")
    for kind, encoders, reason in (
        ("embed_captions", "image:lite2", "image:lite2 knows images only"),
        ("embed_images", "sentence:minilm-l6", "sentence:minilm-l6 knows texts only"),
        ("alignment", "shipped:lite0", "alignment is not one of the available choices"),
    ):
        refused = client.post(address, {"kind": kind, "encoders": encoders})
        assert refused.status_code == 422
        assert reason in refused.content.decode()
    assert Job.objects.filter(kind__startswith="embed").count() == 1
