"""What a page says of a job: its parameters and figures in words, and the way to its results."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from projects.access import project_access
from projects.models import Job, Role
from projects.models.jobs import JobQueue, JobState
from projects.outlook import _pages, figures_of, parameters_of, results_url
from projects.queue import KINDS
from tests.factories import add_member, make_project

pytestmark = pytest.mark.django_db


def done(kind: str = "difficulty", **columns: object) -> Job:
    """Return a job of a project of its own that has been done."""
    return Job.objects.create(
        project=make_project(), kind=kind, queue=JobQueue.GPU, state=JobState.DONE, **columns
    )


def test_parameters_and_figures_are_words() -> None:
    job = done(
        parameters={
            "tie_breaker_always": False,
            "encoders": ["a", "b"],
            "note": "",
            "batch_size": 16,
            "of": None,
            "outcome": "with_edits",
            "schema": str(uuid4()),
            "batches": [str(uuid4()), str(uuid4())],
            "seed": 20240501,
            "study": 2,
        },
        result={
            "encoders": ["a", "b"],
            "levels": {"easy": 2, "is_whole": True, "n_pairs": 3},
            "report": str(uuid4()),
        },
    )
    assert parameters_of(job) == [
        ("batch size", 16),
        ("batches", 2),
        ("encoders", "a, b"),
        ("outcome", "with edits"),
        ("tie breaker always", "no"),
    ]
    assert figures_of(job) == [
        ("encoders", [("", "a, b")]),
        ("levels", [("easy", 2), ("is whole", "yes"), ("pairs", 3)]),
    ]


def test_a_finished_job_leads_to_its_results_and_only_whom_the_page_is_for(client: Client) -> None:
    job = done()
    assert job.project is not None
    head, researcher = add_member(job.project, Role.HEAD), add_member(job.project, Role.RESEARCHER)
    of_head, of_researcher = (project_access(person, job.project.slug) for person in (head, researcher))
    there = reverse("difficulty", args=[job.project.slug])
    assert results_url(of_head, job) == results_url(of_researcher, job) == there
    assert results_url(of_head, Job(kind="pools", state=JobState.DONE))
    assert results_url(of_researcher, Job(kind="pools", state=JobState.DONE)) == ""
    assert results_url(of_head, Job(kind="difficulty", state=JobState.RUNNING)) == ""
    assert results_url(of_head, Job(kind="drawing", state=JobState.DONE)) == ""
    client.force_login(head)
    assert f'href="{there}"' in client.get(reverse("job-detail", args=[job.project.slug, job.public_id])).text


def test_the_page_of_every_kind_is_there() -> None:
    assert set(_pages) <= set(KINDS)
    for url_name in _pages.values():
        assert reverse(url_name, args=["any"])
