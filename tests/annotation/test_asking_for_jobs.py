"""Every kind of job by its parameters alone, through the API and the command line, under the rules of the pages."""

import json
import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver

from annotation.machine.corpora.neighbours import keep_json
from annotation.models import NeighbourFileKind
from projects import queue
from projects.asking import askable_kinds
from projects.http import access_rule
from projects.models import Event, Job, JobChunk, Project, Role
from projects.models.jobs import JobState
from tests import factories as make
from tests.study_rows import make_open_study

pytestmark = pytest.mark.django_db

# The address of the page's act, for each kind.
PAGES = {
    "agreement": "agreement-compute",
    "alignment": "difficulty-alignment-run",
    "calibration": "difficulty-calibrate",
    "caption-hubs": "genericness-suggest",
    "cleaning": "captions-cleaning-run",
    "difficulty": "difficulty-run",
    "diversity": "choices-run",
    "drift": "drift-compute",
    "embed_captions": "difficulty-embed",
    "embed_images": "difficulty-embed",
    "evaluation": "difficulty-benchmark-run",
    "feedback-effect": "quality-feedback-compute",
    "label_estimates": "agreement-estimates-compute",
    "leakage": "leakage-run",
    "neighbours": "pools-search",
    "paraphrases": "captions-paraphrases-run",
    "polysemy": "polysemy-run",
    "pool_ranking": "image-pools-rank",
    "pool_clusters": "pools-cluster",
    "pools": "pools-fill",
    "robustness": "difficulty-robustness-run",
    "sampling": "sampling-run",
    "similarities": "difficulty-similarities-run",
}


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


@pytest.fixture
def project() -> Project:
    return make.make_project(seed=7)


class Script:
    """A script with the token of somebody in this role."""

    def __init__(self, project: Project, role: str) -> None:
        self.project = project
        self.user = make.add_member(project, role)
        self.secret = make.token_of(self.user, project)

    def ask(self, path: str, sent: object = None, **headers: str) -> tuple[int, Any]:
        """Return status and body of a GET, or of a POST where something is sent."""
        address = f"/api/v1/projects/{self.project.slug}/{path}"
        headers["Authorization"] = f"Bearer {self.secret}"
        if sent is None:
            answer = Client().get(address, headers=headers)
        else:
            answer = Client().post(address, json.dumps(sent), "application/json", headers=headers)
        return answer.status_code, answer.json()


def test_who_may_ask_for_a_kind_by_the_api_is_who_may_on_its_page() -> None:
    views = {pattern.name: pattern.callback for pattern in _patterns(get_resolver())}
    rules = {kind: frozenset(access_rule(views[name]) or ()) for kind, name in PAGES.items()}
    assert rules == {kind.name: kind.roles for kind in askable_kinds()}


def _patterns(resolver: Any) -> Any:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        else:
            yield pattern


def test_every_kind_without_a_row_to_name_is_asked_for_with_its_defaults(project: Project) -> None:
    script = Script(project, Role.ADMIN)
    _status, told = script.ask("job-kinds/")
    kinds = {row["kind"] for row in told["kinds"] if row["may_ask"]}
    assert {"agreement", "similarities", "difficulty", "diversity", "evaluation", "pools"} <= kinds
    assert kinds.isdisjoint({"import", "release", "study_results", "caption_fix"})
    for kind in kinds - {"leakage", "neighbours", "paraphrases", "polysemy", "pool_clusters", "pools"}:
        status, job = script.ask("jobs/", {"kind": kind})
        assert (status, job["kind"], job["state"], job["seed"]) == (202, kind, "waiting", 7), job
        assert job == script.ask(f"jobs/{job['id']}/")[1]
        assert Event.objects.filter(act="job_asked", actor=script.user).count() == Job.objects.count()


def test_parameters_and_seed_are_taken_and_asking_twice_is_one_job(project: Project) -> None:
    script = Script(project, Role.RESEARCHER)
    wanted = {"kind": "diversity", "parameters": {"wanted": 3}, "seed": 11}
    status, job = script.ask("jobs/", wanted)
    assert (status, job["parameters"]["wanted"], job["seed"]) == (202, 3, 11)
    assert script.ask("jobs/", wanted)[1]["id"] == job["id"]
    assert script.ask("jobs/", {**wanted, "parameters": {"wanted": 4}})[1]["id"] != job["id"]
    status, ended = script.ask(f"jobs/{job['id']}/cancel/", {})
    assert (status, ended["state"]) == (200, "cancelled")
    status, again = script.ask(f"jobs/{job['id']}/retry/", {}, **{"Idempotency-Key": "k"})
    assert (status, again["parameters"], again["id"] != job["id"]) == (202, job["parameters"], True)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"kind": "import"}, "job_kind_unknown"),
        ({"kind": "release"}, "job_kind_unknown"),
        ({"kind": "make_tea"}, "job_kind_unknown"),
        ({"kind": "diversity", "parameters": {"wanted": 1}}, "job_parameters"),
        ({"kind": "diversity", "parameters": {"sugar": 1}}, "job_parameters"),
        ({"kind": "diversity", "parameters": {"wanted": 2**60}}, "job_parameters"),
        ({"kind": "similarities", "parameters": {"encoders": 5}}, "job_parameters"),
        ({"kind": "similarities", "parameters": {"encoders": [{"a": 1}]}}, "job_parameters"),
        ({"kind": "similarities", "parameters": {"encoders": ["a\u0000b"]}}, "job_parameters"),
        ({"kind": "agreement", "parameters": {"batches": 5}}, "job_parameters"),
        ({"kind": "paraphrases"}, "endpoint_missing"),
        ({"kind": "pools", "parameters": {"search": "x", "threshold": 0.7}}, "search_missing"),
        ({"kind": "neighbours", "parameters": {"corpus": "../.."}}, "job_parameters"),
        ({"kind": "cleaning", "parameters": {"sources": ["nowhere"]}}, "job_parameters"),
        ({"kind": "diversity", "seed": -1}, "invalid"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_asked(
    project: Project, sent: dict[str, Any], code: str
) -> None:
    status, told = Script(project, Role.ADMIN).ask("jobs/", sent)
    assert (status in {404, 409, 422}, told["code"]) == (True, code)
    assert Job.objects.count() == 0


def test_a_role_may_ask_for_no_more_than_its_pages_let_it(project: Project) -> None:
    researcher, head = Script(project, Role.RESEARCHER), Script(project, Role.HEAD)
    assert researcher.ask("jobs/", {"kind": "pool_ranking"})[1]["code"] == "role_needed"
    assert head.ask("jobs/", {"kind": "pool_ranking"})[0] == 202
    assert Script(project, Role.ANNOTATOR).ask("jobs/", {"kind": "agreement"})[0] == 403
    may = {row["kind"]: row["may_ask"] for row in researcher.ask("job-kinds/")[1]["kinds"]}
    assert (may["difficulty"], may["pools"]) == (True, False)


def test_the_log_of_a_job_has_its_parts_in_order(project: Project) -> None:
    script = Script(project, Role.HEAD)
    job = Job.objects.create(kind="agreement", project=project, queue="default", fingerprint="a" * 64)
    for position, items in enumerate(([1, 2], [3])):
        JobChunk.objects.create(job=job, position=position, items=items, phase=position)
    told = script.ask(f"jobs/{job.public_id}/log/")[1]["results"]
    assert [(row["position"], row["n_items"], row["state"]) for row in told] == [
        (0, 2, "waiting"),
        (1, 1, "waiting"),
    ]


def test_searches_of_corpora_are_listed_with_what_a_threshold_brings(project: Project) -> None:
    script = Script(project, Role.HEAD)
    search = Job.objects.create(
        project=project,
        kind="neighbours",
        queue="gpu",
        parameters={"corpus": "cc", "encoder": "shipped:lite2", "radius": 3000},
        fingerprint=uuid.uuid4().hex,
        state=JobState.DONE,
        ended_at="2026-01-01T10:00Z",
    )
    row = {"threshold": 0.7, "pairs": 12345, "lowest": 3, "median": 1512.0, "highest": 3000, "full": 7}
    keep_json(
        search,
        NeighbourFileKind.SUMMARY,
        {
            "images": 9,
            "rows": 3_000_000,
            "neighbours": 27_000,
            "index": "lists",
            "recall": {"found": 9_500, "asked": 10_000, "images": 4},
            "recall_of_images": {"lowest": 0.9, "deviation": 0.02},
            "proposals": [{"rank": 1500, "threshold": 0.7, "percentile": 99.95}],
            "thresholds": [row],
        },
    )
    assert isinstance(script.ask("corpora/")[1]["corpora"], list)
    (listed,) = script.ask("searches/")[1]["results"]
    assert (listed["id"], listed["corpus"], listed["radius"]) == (str(search.public_id), "cc", 3000)
    found = script.ask(f"searches/{search.public_id}/")[1]
    assert found["thresholds"] == [row]
    assert found["proposed"] == [{"rank": 1500, "percentile": 99.95, "threshold": 0.7}]
    assert (found["recall"]["share"], found["recall"]["images"]) == (0.95, 4)
    wanted = {"search": listed["id"], "threshold": 0.7}
    assert script.ask("jobs/", {"kind": "pools", "parameters": wanted})[1]["parameters"] == wanted | {
        "clusters": ""
    }


def test_a_study_says_what_it_asks_and_its_figures_are_asked_for(project: Project) -> None:
    study = make_open_study()
    script = Script(study.project, Role.RESEARCHER)
    assert script.ask(f"studies/{study.public_id}/")[1]["kind"] == "fit"
    status, job = script.ask(f"studies/{study.public_id}/figures/", {})
    assert (status, job["kind"]) == (202, "study_results")


@pytest.mark.parametrize("name", ["run", "run_job"])
def test_a_job_is_asked_for_from_the_command_line(project: Project, name: str) -> None:
    out = StringIO()
    call_command(name, "diversity", project.slug, "--param", "wanted=4", "--seed", "5", stdout=out)
    job = Job.objects.get()
    assert (job.kind, job.parameters["wanted"], job.seed) == ("diversity", 4, 5)
    assert str(job.public_id) in out.getvalue()
    with pytest.raises(CommandError):
        call_command(name, "diversity", "nowhere", stdout=out)
    with pytest.raises(CommandError):
        call_command(name, "make_tea", project.slug, stdout=out)
