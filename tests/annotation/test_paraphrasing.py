"""Paraphrases asked of a real server that speaks the protocol: presets, limits, failures, killed and resumed."""

import ipaddress
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Caption
from annotation.paraphrasing import endpoint
from annotation.paraphrasing.answers import AnswerUnusable, answered_text, candidate_text
from annotation.paraphrasing.asking import PRESETS, check_paraphrases, completed_paraphrases
from annotation.paraphrasing.endpoint import LONGEST_WAIT, configured_endpoint, retry_after, wait_after
from annotation.paraphrasing.running import ParaphraseRunner
from polyannot.kernel.errors import Conflict, Invalid
from projects import queue
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from projects.queue import enqueue
from projects.running import RUNNERS, run_job
from studies.drafting.paraphrases import paraphrase_pairs
from tests import factories as make
from tests.chat_server import ChatServer, Said, chatting, completion, in_other_words
from tests.study_rows import make_judged_project

pytestmark = pytest.mark.django_db

KEY = "sk-not-a-real-key"
LOOPBACK = ipaddress.ip_network("127.0.0.1/32")


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches another worker, and no wait between tries is long."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)
    monkeypatch.setattr(endpoint, "FIRST_WAIT", 0.01)
    monkeypatch.setitem(RUNNERS, "paraphrases", ParaphraseRunner())


@pytest.fixture
def chat(settings: Any) -> Iterator[ChatServer]:
    settings.FETCH_ALLOWED_NETWORKS = [LOOPBACK]
    with chatting() as server:
        settings.PARAPHRASE_ENDPOINT = server.base
        settings.PARAPHRASE_MODEL = "test/model"
        settings.PARAPHRASE_KEY = KEY
        settings.PARAPHRASE_REQUESTS_A_MINUTE = 6_000
        yield server


@pytest.fixture
def project() -> Project:
    return make_judged_project(images=2, good=2, bad=1)


def asked(project: Project, seed: int = 7, **parameters: object) -> Job:
    return enqueue(kind="paraphrases", project=project, parameters=parameters, asked_by=None, seed=seed)


def ran(project: Project, seed: int = 7, **parameters: object) -> Job:
    job = asked(project, seed, **parameters)
    run_job(job.pk)
    job.refresh_from_db()
    return job


def paraphrases(project: Project) -> list[Caption]:
    found = Caption.objects.filter(project=project, paraphrase_of__isnull=False)
    return list(found.select_related("paraphrase_of", "imported_by").order_by("pk"))


def about(text: str, said: Said) -> Callable[[dict[str, Any]], Said]:
    """Answer so to what is asked of this caption, and rightly to the rest."""

    def answer(request: dict[str, Any]) -> Said:
        return said if request["messages"][-1]["content"].endswith(text) else in_other_words(request)

    return answer


def test_independent_runs_make_captions_that_a_study_can_have_graded(
    project: Project, chat: ChatServer
) -> None:
    job = ran(project)
    assert (job.state, job.error) == (JobState.DONE, "")
    rows = paraphrases(project)
    assert len(rows) == 4 * 5
    assert {row.paraphrase_of.key[:4] for row in rows if row.paraphrase_of} == {"good"}
    assert {row.imported_by for row in rows} == {job}
    assert {row.source for row in rows} == {"test/model"}
    assert rows[0].source_key.startswith("run 1, step 1, seed ")
    assert len(paraphrase_pairs(project)) == 20
    assert job.result == {
        "captions": 4,
        "candidates": 20,
        "captions_with_answers_left_out": 0,
        "good_edits_not_asked_for": 0,
        "endpoint": "127.0.0.1",
    }
    headers, request = chat.received[0]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (request["model"], request["temperature"], request["top_p"]) == ("test/model", 0.9, 1.0)
    assert len({request["seed"] for _headers, request in chat.received}) == 20
    assert job.parameters["prompts"] == list(PRESETS["independent"].prompts)
    assert KEY not in json.dumps([job.parameters, job.result])
    again = ran(project)
    assert (again.items_total, len(chat.received)) == (0, 20)


def test_two_steps_say_the_paraphrase_again_and_the_numbers_are_those_of_the_job(
    project: Project, chat: ChatServer
) -> None:
    job = ran(project, preset="two_step", temperature=0.5)
    first, second = (request for _headers, request in chat.received[:2])
    assert (first["temperature"], first["top_p"]) == (0.5, 0.1)
    original = "A fine caption number 0 that belongs to picture 0"
    once = " ".join([*reversed(original.split()), f"n{first['seed']}"])
    assert chat.captions()[:2] == [original, once]
    assert paraphrases(project)[0].verbatim == once
    assert [row.source_key.partition(", seed")[0] for row in paraphrases(project)[:2]] == [
        "run 1, step 1",
        "run 1, step 2",
    ]
    assert second["messages"][-1]["content"] != first["messages"][-1]["content"]
    assert (job.state, len(paraphrases(project))) == (JobState.DONE, 8)


def test_an_endpoint_that_asks_to_wait_is_asked_again(project: Project, chat: ChatServer) -> None:
    busy = [(429, {"Retry-After": "0"}, b""), (503, {}, b"")]
    chat.answer = lambda request: busy.pop() if busy else in_other_words(request)
    job = ran(project, runs=1)
    assert (job.state, job.items_failed, len(chat.received)) == (JobState.DONE, 0, 6)
    assert len(paraphrases(project)) == 4


def test_one_caption_that_fails_is_listed_and_the_rest_goes_on(project: Project, chat: ChatServer) -> None:
    chat.answer = about("number 1 that belongs to picture 0", (500, {}, b"down"))
    job = ran(project, runs=2)
    assert (job.state, job.items_failed, job.items_done) == (JobState.DONE, 1, 4)
    failure = job.failures.get()
    assert failure.item == "good-000-1"
    assert failure.reason.startswith("0 candidates were kept. Run 1: The endpoint answered 500.")
    assert len(chat.received) == 3 * 2 + endpoint.MOST_TRIES
    assert len(paraphrases(project)) == 6


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((200, {}, b"<html>"), "The answer is not what the protocol says."),
        ((200, {}, b'{"choices": []}'), "The answer is not what the protocol says."),
        ((200, {}, b'{"choices": [{"message": {"content": "a \\ud800"}}]}'), "not what the protocol says."),
        ((200, {}, b"[" * 100_000), "The answer is not what the protocol says."),
        ((200, {}, b" " * 300_000), "The content is larger than 262144 bytes."),
        ((400, {}, b""), "The endpoint answered 400."),
        (completion(None), "The answer is empty."),
        (completion(" “...” "), "The answer is empty."),
        (completion("word " * 400), "The answer has more than 1000 characters."),
        (completion("Here it is:\n\nA dog"), "The answer has more than one line."),
        (completion("A dog", ended="length"), "The answer was cut off by the endpoint."),
        (completion('"A fine caption, number 0, that belongs to Picture 0."'), "repeats the caption."),
    ],
)
def test_an_answer_that_is_no_candidate_is_listed_with_the_reason(
    said: Said, reason: str, chat: ChatServer
) -> None:
    project = make_judged_project(images=1, good=1, bad=1)
    chat.answer = lambda _request: said
    job = ran(project, runs=1)
    assert (job.state, paraphrases(project)) == (JobState.DONE, [])
    assert job.failures.get().reason.startswith("0 candidates were kept. Run 1: ")
    assert job.failures.get().reason.endswith(reason)


def test_the_same_answer_twice_is_one_candidate_and_what_is_missing_is_asked_for_later(
    chat: ChatServer,
) -> None:
    project = make_judged_project(images=1, good=1, bad=1)
    chat.answer = lambda _request: completion("“A picture, well told.”")
    job = ran(project, runs=3)
    assert [row.verbatim for row in paraphrases(project)] == ["A picture, well told."]
    assert job.failures.get().reason == (
        "1 candidates were kept. Run 2: The answer repeats another candidate. "
        "Run 3: The answer repeats another candidate."
    )
    chat.answer = in_other_words
    ran(project, runs=3)
    assert (len(paraphrases(project)), len(chat.received)) == (3, 5)


def test_a_worker_killed_between_two_requests_repeats_no_finished_caption(
    project: Project, chat: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.answer = about("number 0 that belongs to picture 0", completion(""))
    turn, turns = endpoint._until_turn, iter(range(6))

    def die_at_the_sixth(per_minute: int) -> float:
        if next(turns, None) == 5:
            raise KeyboardInterrupt
        return turn(per_minute)

    monkeypatch.setattr(endpoint, "_until_turn", die_at_the_sixth)
    job = asked(project, runs=2)
    with pytest.raises(KeyboardInterrupt):
        run_job(job.pk)
    assert (len(chat.received), len(paraphrases(project)), job.failures.count()) == (5, 2, 1)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.items_done, job.items_failed) == (JobState.DONE, 4, 1)
    assert len(paraphrases(project)) == 6
    # The caption at hand was asked for again from its beginning, and no other one.
    assert len(chat.received) == 5 + 2 + 2
    assert len(set(chat.captions())) == 4


def test_a_private_address_is_refused_unless_the_settings_allow_it(
    project: Project, chat: ChatServer, settings: Any
) -> None:
    settings.FETCH_ALLOWED_NETWORKS = []
    job = ran(project)
    assert (job.state, chat.received, paraphrases(project)) == (JobState.FAILED, [], [])
    assert job.error.startswith("PARAPHRASE_ENDPOINT: The address leads into a private network")


def test_a_refused_key_and_an_endpoint_that_is_gone_end_the_job_and_keep_what_was_written(
    project: Project, chat: ChatServer, settings: Any
) -> None:
    left = [in_other_words, in_other_words]
    chat.answer = lambda request: left.pop()(request) if left else (401, {}, KEY.encode())
    job = ran(project, runs=1)
    assert (job.state, len(paraphrases(project))) == (JobState.FAILED, 2)
    assert job.error.startswith("The endpoint answered 401.")
    chat.answer = lambda _request: (503, {}, b"")
    extended = make_judged_project(images=2, good=2, bad=1)
    job = ran(extended, runs=1)
    assert (job.state, job.items_failed, job.failures.count()) == (JobState.FAILED, 0, 3)
    assert job.error.startswith("The endpoint gave no answer for 3 captions in a row. Run 1: The endpoint")
    settings.PARAPHRASE_KEY = "sk-\nbroken"
    job = ran(project)
    assert (job.state, job.error) == (JobState.FAILED, "PARAPHRASE_KEY holds something that is no key.")


def test_nothing_is_asked_where_the_settings_name_no_endpoint(project: Project, settings: Any) -> None:
    assert (settings.PARAPHRASE_ENDPOINT, settings.PARAPHRASE_KEY) == ("", "")
    with pytest.raises(Conflict, match="PARAPHRASE_ENDPOINT"):
        check_paraphrases(project, completed_paraphrases({}))
    assert ran(project).state == JobState.FAILED


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": "three_step"},
        {"model": "another"},
        {"prompts": ["no place"]},
        {"prompts": ["{caption}", "{caption}"]},
        {"preset": "two_step", "prompts": "{caption}"},
        {"prompts": ["{caption}" + "x" * 2000]},
        {"temperature": 2.1},
        {"temperature": "nan"},
        {"top_p": 0},
        {"runs": 11},
        {"preset": "two_step", "runs": 6},
        {"enough": 0},
        {"key": "sk"},
        {"endpoint": "https://elsewhere.invalid"},
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        completed_paraphrases(wrong)


def test_waits_grow_follow_what_is_asked_for_and_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "FIRST_WAIT", 2.0)
    assert [wait_after(tried, None) for tried in (1, 2, 3, 4)] == [2.0, 6.0, 18.0, LONGEST_WAIT]
    assert [wait_after(1, told) for told in (5.0, 900.0, -3.0)] == [5.0, LONGEST_WAIT, 0.0]
    assert [retry_after(told) for told in ("7", "", "soon", "-1")] == [7.0, None, None, None]
    in_a_minute = retry_after(format_datetime(datetime.now(UTC) + timedelta(minutes=1)))
    assert in_a_minute is not None
    assert 50 < in_a_minute <= 60


def test_all_workers_share_one_pace(chat: ChatServer, settings: Any) -> None:
    settings.PARAPHRASE_REQUESTS_A_MINUTE = 60
    per_minute = configured_endpoint().per_minute
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{chat.base}:"}
    waits = [endpoint._until_turn(per_minute) for _time in range(4)]
    assert waits == pytest.approx([0, 1, 2, 3], abs=0.5)
    settings.PARAPHRASE_REQUESTS_A_MINUTE = 5
    with pytest.raises(Conflict, match="PARAPHRASE_REQUESTS_A_MINUTE"):
        configured_endpoint()


def test_a_text_is_taken_out_of_its_quotation_marks_alone() -> None:
    assert candidate_text('"A dog"') == "A dog"
    assert candidate_text("A sign that says “stop”") == "A sign that says “stop”"
    assert candidate_text('"Stop", says a sign, "now"') == '"Stop", says a sign, "now"'
    with pytest.raises(AnswerUnusable):
        answered_text(b'{"choices": [{"message": {"content": 5}}]}')


def page_of(project: Project, role: str) -> tuple[Client, str]:
    client = Client()
    client.force_login(make.add_member(project, role))
    return client, reverse("captions-paraphrases", args=[project.slug])


def test_the_page_says_where_captions_would_go_asks_for_them_and_tells_what_came(
    project: Project, chat: ChatServer
) -> None:
    client, address = page_of(project, Role.HEAD)
    shown = client.get(address).content.decode()
    assert "127.0.0.1" in shown
    assert "test/model" in shown
    assert KEY not in shown
    assert shown.count("4 good captions") == 2
    given = {"preset": "two_step", "second_prompt": "Again, but otherwise:\r\n{caption}", "seed": "11"}
    refusal = client.post(f"{address}run", given)
    assert refusal.status_code == 422
    assert "This preset takes 2 prompt(s)" in refusal.content.decode()
    assert client.post(f"{address}run", given | {"first_prompt": "In short:\r\n{caption}"}).status_code == 302
    job = Job.objects.get(kind="paraphrases")
    assert (job.seed, job.parameters["prompts"][0]) == (11, "In short:\n{caption}")
    run_job(job.pk)
    assert f"{len(paraphrases(project))} candidates" in client.get(address).content.decode()
    assert len(paraphrases(project)) == 8


def test_the_page_says_that_nobody_can_be_asked_without_an_endpoint(project: Project) -> None:
    client, address = page_of(project, Role.RESEARCHER)
    assert "PARAPHRASE_ENDPOINT" in client.get(address).content.decode()
    assert client.post(f"{address}run", {"preset": "two_step"}).status_code == 403
    head, _address = page_of(project, Role.HEAD)
    assert head.post(f"{address}run", {"preset": "two_step"}).status_code == 409
    assert not Job.objects.filter(kind="paraphrases").exists()
