"""The page of the corpora: what a search found, what each threshold brings, and who may ask for it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from annotation.machine.corpora.neighbours import keep_json
from annotation.machine.corpora.pool_clusters import completed_clusters
from annotation.machine.corpora.pool_requests import completed_neighbours
from annotation.models import NeighbourFileKind
from projects import queue
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from tests.factories import add_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


@pytest.fixture
def corpus() -> Iterator[str]:
    folder: Path = settings.CORPORA_DIR / f"cc-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    yield folder.name
    folder.rmdir()


def signed_in(project: Project, role: str = Role.ADMIN) -> Client:
    client = Client()
    client.force_login(add_member(project, role))
    return client


def a_search(project: Project, corpus: str, *, index: str = "exact") -> Job:
    """Return a finished search with two thresholds."""
    job = Job.objects.create(
        project=project,
        kind="neighbours",
        queue="gpu",
        parameters=completed_neighbours({"corpus": corpus, "radius": 3000, "index": index}),
        fingerprint=uuid.uuid4().hex,
        state=JobState.DONE,
        ended_at="2026-01-01T10:00Z",
    )
    rows = [
        {"threshold": 0.7, "pairs": 12345, "lowest": 3, "median": 1512.0, "highest": 3000, "full": 7},
        {"threshold": 0.71, "pairs": 678, "lowest": 0, "median": 61.0, "highest": 90, "full": 0},
    ]
    by_lists = index == "lists"
    keep_json(
        job,
        NeighbourFileKind.SUMMARY,
        {
            "images": 9,
            "rows": 3_000_000,
            "neighbours": 27_000,
            "index": index,
            "recall": {"found": 9_500, "asked": 10_000, "images": 4} if by_lists else None,
            "recall_of_images": {"lowest": 0.9, "deviation": 0.02} if by_lists else None,
            "proposals": [{"rank": 1500, "threshold": 0.7, "percentile": 99.95}],
            "thresholds": rows,
        },
    )
    return job


def test_a_page_without_a_corpus_says_where_one_goes() -> None:
    project = make_project()
    response = signed_in(project).get(f"/p/{project.slug}/pools/")
    assert response.status_code == 200
    assert ("CORPORA_DIR" in response.content.decode()) is not bool(list_of_corpora())
    assert [one["label"] for one in response.context["nav_sections"] if one["is_current"]] == ["Images"]


def list_of_corpora() -> list[Path]:
    return list(settings.CORPORA_DIR.iterdir()) if settings.CORPORA_DIR.is_dir() else []


def test_a_search_is_asked_for_once_with_its_parameters(corpus: str) -> None:
    project = make_project()
    client = signed_in(project, Role.HEAD)
    asked = {"corpus": corpus, "encoder": "shipped:lite0", "radius": "50", "index": "auto"}
    for _time in range(2):
        assert client.post(f"/p/{project.slug}/pools/search", asked).status_code == 302
    job = Job.objects.get(project=project, kind="neighbours")
    assert job.parameters == {**asked, "radius": 50, "probes": 0, "recall_images": 100}
    assert job.seed == project.seed
    assert f"job-progress-{job.public_id}" in client.get(f"/p/{project.slug}/pools/").content.decode()
    wrong = client.post(f"/p/{project.slug}/pools/search", {**asked, "corpus": "../secret"})
    assert wrong.status_code == 422


def test_each_threshold_says_what_it_brings_before_anything_comes_in(corpus: str) -> None:
    project = make_project()
    search = a_search(project, corpus)
    client = signed_in(project)
    shown = client.get(f"/p/{project.slug}/pools/").content.decode()
    assert "0.70: 12,345 captions (median 1,512)" in shown
    assert "0.71: 678 captions (median 61)" in shown
    assert "99.950" in shown
    assert "3,000,000" in shown
    assert "every row was looked at" in shown
    path = f"/p/{project.slug}/pools/{search.public_id}/fill"
    assert client.post(path, {"threshold": "0.99"}).status_code == 422
    assert not Job.objects.filter(kind="pools").exists()
    assert client.post(path, {"threshold": "0.70"}).status_code == 302
    job = Job.objects.get(kind="pools")
    assert job.parameters == {"search": str(search.public_id), "threshold": 0.7, "clusters": ""}


def some_clusters(search: Job) -> Job:
    """Return finished clusters of a search: of its nine images seven are in one."""
    job = Job.objects.create(
        project=search.project,
        kind="pool_clusters",
        queue="cpu",
        parameters=completed_clusters({"search": str(search.public_id)}),
        fingerprint=uuid.uuid4().hex,
        state=JobState.DONE,
        ended_at="2026-01-01T11:00Z",
    )
    told = {
        "images": 9,
        "in_a_cluster": 7,
        "captions": 2_100,
        "sizes": [51, 240, 900],
        "found": [0, 4, 11],
        "noise": 2_700,
        "neighbours": 27_000,
        "cosine_inside": 0.71,
        "cosine_outside": 0.52,
        "n_outside": 18_900,
        "thresholds": [
            {"threshold": 0.5, "pairs": 2_100, "lowest": 0, "median": 240.0, "highest": 900, "full": 1},
            {"threshold": 0.6, "pairs": 1_400, "lowest": 0, "median": 200.0, "highest": 700, "full": 0},
        ],
    }
    keep_json(job, NeighbourFileKind.SUMMARY, told)
    return job


def test_clusters_are_asked_for_and_say_what_they_hold_before_it_comes_in(corpus: str) -> None:
    project = make_project()
    search = a_search(project, corpus)
    client, pools = signed_in(project), f"/p/{project.slug}/pools/"
    sizes = {
        "space": "plane",
        "min_cluster_size": "20",
        "min_samples": "4",
        "cluster_selection_epsilon": "0.5",
    }
    assert client.post(f"{pools}{search.public_id}/clusters", sizes).status_code == 302
    asked = Job.objects.get(kind="pool_clusters")
    assert asked.parameters == {
        "search": str(search.public_id),
        "space": "plane",
        "min_cluster_size": 20,
        "min_samples": 4,
        "cluster_selection_epsilon": 0.5,
    }
    wrong = client.post(f"{pools}{search.public_id}/clusters", {**sizes, "min_cluster_size": "1"})
    assert wrong.status_code == 422
    clusters = some_clusters(search)
    shown = client.get(f"{pools}?clusters={clusters.public_id}").content.decode()
    assert "of 9 images; the others would get nothing" in shown
    assert "median of n = 7, from 51 to 900" in shown
    assert "10.0% of 27,000 neighbours are in none" in shown
    assert "n = 2,100; outside 0.520, n = 18,900" in shown
    assert "0.60: 1,400 captions (median 200)" in shown
    fill = f"{pools}clusters/{clusters.public_id}/fill"
    client.post(fill, {"threshold": "0.99"})
    assert not Job.objects.filter(kind="pools").exists()
    client.post(fill, {"threshold": "0.60"})
    job = Job.objects.get(kind="pools")
    assert job.parameters == {
        "search": str(search.public_id),
        "threshold": 0.6,
        "clusters": str(clusters.public_id),
    }
    other = signed_in(other_project := make_project())
    elsewhere = f"/p/{other_project.slug}/pools/clusters/{clusters.public_id}/fill"
    assert other.post(elsewhere, {"threshold": "0.60"}).status_code == 404


def test_recall_stands_with_its_interval_and_n(corpus: str) -> None:
    project = make_project()
    a_search(project, corpus, index="lists")
    shown = signed_in(project).get(f"/p/{project.slug}/pools/").content.decode()
    assert "95% interval 0.930 to 0.970, n = 4 images at k = 3,000; lowest 0.900" in shown


def test_a_search_of_another_project_is_missing_and_annotators_are_kept_out(corpus: str) -> None:
    project, other = make_project(), make_project()
    search = a_search(other, corpus)
    client = signed_in(project)
    assert client.get(f"/p/{project.slug}/pools/?search={search.public_id}").status_code == 404
    assert client.get(f"/p/{project.slug}/pools/?search=nothing").status_code == 404
    assert client.post(f"/p/{project.slug}/pools/{search.public_id}/fill", {}).status_code == 404
    assert signed_in(project, Role.ANNOTATOR).get(f"/p/{project.slug}/pools/").status_code == 403
