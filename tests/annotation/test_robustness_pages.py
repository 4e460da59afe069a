"""The page of robustness: what may be asked, what is shown with its n, and where draws overlap."""

import uuid

import numpy as np
import pytest
from django.test import Client

from annotation.machine.difficulty.robustness import completed_robustness
from annotation.machine.reports import write_report
from ml_workers.difficulty import default_rule
from ml_workers.robustness import robustness
from polyannot.kernel.errors import Invalid
from projects import queue
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from tests.factories import add_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


def a_report(project: Project, n_models: int, size: int) -> Job:
    """Return the job of a report of random votes."""
    names = [f"model-{place}" for place in range(n_models)]
    job = Job.objects.create(
        project=project,
        kind="robustness",
        queue="gpu",
        parameters=completed_robustness({"encoders": names, "size": size}),
        fingerprint=uuid.uuid4().hex,
        state=JobState.DONE,
        seed=3,
    )
    cast = np.random.default_rng(0).random((50, n_models)) < 0.6
    rule = default_rule(size, tie_breaker=False)
    reference = {row: "easy" if row % 3 else "hard" for row in range(50)}
    write_report(job, "robustness", 50, robustness(cast, names, rule, draws=10, seed=3, reference=reference))
    return job


def test_parameters_have_the_defaults_of_the_paper_and_what_makes_no_sense_is_refused() -> None:
    whole = completed_robustness({"encoders": [f"m{place}" for place in range(30)]})
    assert (whole["draws"], whole["size"], whole["easy_min_votes"], whole["hard_max_votes"]) == (10, 7, 6, 1)
    few = completed_robustness({"encoders": "a,b,c"})
    assert (few["size"], few["easy_min_votes"], few["hard_max_votes"]) == (2, 2, 0)
    for wrong in (
        {"encoders": "a"},
        {"encoders": "a,b", "size": 2},
        {"encoders": "a,b,c", "hard_max_votes": 2},
    ):
        with pytest.raises(Invalid):
            completed_robustness(wrong)


def test_the_page_asks_and_shows_kappas_with_their_n_and_says_that_draws_overlap() -> None:
    project = make_project("here")
    client = Client()
    client.force_login(add_member(project, Role.RESEARCHER))
    page = "/p/here/difficulty/robustness/"
    assert "No draws have voted yet" in client.get(page).content.decode()
    assert client.get(page + "kappas.csv").status_code == 404
    assert client.post(page + "run/", {"encoders": "a, b, c", "draws": "4"}).status_code == 302
    assert Job.objects.get(kind="robustness").parameters["size"] == 2
    refused = client.post(page + "run/", {"encoders": "a", "draws": "4"})
    assert (refused.status_code, "at least two encoders" in refused.content.decode()) == (422, True)

    overlapping = a_report(project, 9, 7)
    shown = client.get(page).content.decode()
    assert "10 draws of 7 out of 9 models" in shown
    assert "mean of 45 pairs of draws" in shown
    assert "mean of 10 draws" in shown
    assert "A range from lowest to highest is no interval" in shown
    assert "Any two draws share models" in shown
    table = b"".join(client.get(page + "kappas.csv")).decode().splitlines()
    assert len(table) == 1 + 45 + 10
    assert table[-1].startswith("10,reference,,50,")

    a_report(project, 14, 7)
    assert "Any two draws share models" not in client.get(page).content.decode()
    earlier = client.get(f"{page}?report={overlapping.machine_report.public_id}").content.decode()
    assert "10 draws of 7 out of 9 models" in earlier
    assert client.get(f"{page}?report=none").status_code == 404

    a_report(project, 3, 2)
    assert "10 draws were asked for; only 3 different sets exist." in client.get(page).content.decode()
