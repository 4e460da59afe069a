"""Webhooks: set up by admins with a secret shown once, told in the transaction of what happened, and by the API."""

import ipaddress
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from annotation.working.closing import close_batch, reopen_batch
from annotation.working.completing import note_done_batches
from polyannot.kernel.errors import Conflict, Invalid, Missing
from polyannot.kernel.sealing import unseal
from projects import webhooks
from projects.models import Event, HookKind, Job, Project, Role, Webhook, WebhookDelivery
from projects.models.jobs import JobQueue
from projects.queue import KINDS, enqueue, register_kind
from projects.running import RUNNERS, register_runner, run_job
from projects.telling import call_due, tell
from projects.webhooks import change_webhook, make_webhook, send_again, send_test, switch_off, switch_on
from releases.freezing import build_release
from releases.models import Release
from studies.drafting.launching import extend_study
from studies.drafting.wording import current_text
from studies.models import Study
from studies.taking.answering import record_answer
from studies.taking.enrolling import arrive, begin, give_consent
from studies.taking.keys import new_secret
from studies.taking.reaching import note_targets
from tests import factories as make
from tests.asking_api import send
from tests.releases.releasing import Small
from tests.study_rows import make_open_study

pytestmark = pytest.mark.django_db

EVERYTHING = list(HookKind.values)
URL = "https://listener.invalid/hook"


@pytest.fixture
def project() -> Project:
    return make.make_project()


def hooked(project: Project, *kinds: str) -> Webhook:
    admin = make.add_member(project, Role.ADMIN)
    return make_webhook(project=project, name="Lab", url=URL, kinds=kinds or EVERYTHING, actor=admin)[0]


def told(webhook: Webhook) -> list[dict[str, Any]]:
    """Return the bodies that the webhook waits to be sent, oldest first."""
    return [json.loads(row.body) for row in webhook.deliveries.order_by("pk")]


def test_a_secret_is_on_the_page_once_and_sealed_in_the_database(project: Project, client: Client) -> None:
    client.force_login(make.add_member(project, Role.ADMIN))
    address = f"/p/{project.slug}/webhooks/"
    page = client.post(address, {"name": "Lab", "url": URL, "kinds": ["job.done", "release.built"]})
    secret, webhook = page.context["secret"], Webhook.objects.get()
    assert secret.startswith("whsec_")
    assert secret in page.content.decode()
    assert page.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert unseal(webhook.secret_sealed) == secret
    assert secret.removeprefix("whsec_") not in webhook.secret_sealed
    assert secret not in client.get(address).content.decode()
    own = f"{address}{webhook.public_id}/"
    assert secret not in client.get(own).content.decode()
    renewed = client.post(f"{own}secret").context["secret"]
    webhook.refresh_from_db()
    assert unseal(webhook.secret_sealed) == renewed != secret
    client.post(own, {"name": "Lab", "url": URL, "kinds": ["batch.done"]})
    acts = list(Event.objects.filter(row_type="projects.webhook").order_by("pk").values_list("act", "fields"))
    assert acts == [
        ("webhook_made", "url,kinds"),
        ("webhook_secret_renewed", "secret_sealed"),
        ("webhook_changed", "kinds"),
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "webhook_name_needed"),
        ({"kinds": []}, "webhook_kinds"),
        ({"kinds": ["job.done", "everything"]}, "webhook_kinds"),
        ({"url": "ftp://example.org/"}, "address_malformed"),
        ({"url": "https://me:word@example.org/"}, "address_has_password"),
        ({"url": "http://10.0.0.1/"}, "address_refused"),
        ({"url": "http://[::1]:8000/"}, "address_refused"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(
    project: Project, given: dict[str, Any], code: str
) -> None:
    values: dict[str, Any] = {"name": "A", "url": URL, "kinds": ["job.done"], **given}
    with pytest.raises(Invalid) as refused:
        make_webhook(project=project, actor=make.make_user(), **values)
    assert refused.value.code == code
    webhook = hooked(project)
    with pytest.raises(Invalid) as refused:
        change_webhook(webhook=webhook, actor=make.make_user(), **values)
    assert refused.value.code == code


def test_a_private_address_is_taken_where_the_settings_allow_its_network(
    project: Project, settings: Any
) -> None:
    settings.FETCH_ALLOWED_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    url = "http://10.0.0.1/hook"
    made, _ = make_webhook(project=project, name="A", url=url, kinds=["job.done"], actor=make.make_user())
    assert made.url == url


def test_no_more_than_so_many_are_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 2)
    first, _second = hooked(project), hooked(project)
    with pytest.raises(Conflict):
        hooked(project)
    admin = make.make_user()
    switch_off(webhook=first, actor=admin)
    hooked(project)
    with pytest.raises(Conflict):
        switch_on(webhook=first, actor=admin)


def test_a_deleted_webhook_takes_what_waits_with_it_and_stays_in_the_history(
    project: Project, client: Client
) -> None:
    webhook, kept = hooked(project), hooked(project)
    admin = make.add_member(project, Role.ADMIN)
    send_test(webhook=webhook, actor=admin)
    send_test(webhook=kept, actor=admin)
    client.force_login(admin)
    own = f"/p/{project.slug}/webhooks/{webhook.public_id}/"
    assert "1 message that waits" in client.get(own).content.decode()
    page = client.post(f"{own}delete", follow=True)
    assert "1 message that waited is not sent" in page.content.decode()
    assert list(WebhookDelivery.objects.values_list("webhook", flat=True)) == [kept.pk]
    acts = Event.objects.filter(row_type="projects.webhook", row_id=webhook.pk).order_by("pk")
    assert list(acts.values_list("act", flat=True)) == ["webhook_made", "webhook_tested", "webhook_deleted"]
    assert acts.get(act="webhook_deleted").actor == admin
    for late in (send_test, switch_on, switch_off, webhooks.renew_secret, webhooks.delete_webhook):
        with pytest.raises((Missing, Conflict)):
            late(webhook=webhook, actor=admin)
    told = send(admin, project, f"webhooks/{kept.public_id}/delete/", None)
    assert (told.status_code, told.json()) == (200, {"n_waiting": 1})
    assert not Webhook.objects.exists()


def test_what_is_told_is_undone_with_what_it_tells_of(project: Project) -> None:
    webhook = hooked(project)

    class Undone(Exception):
        pass

    def act() -> None:
        with transaction.atomic():
            tell(project=project, kind=HookKind.JOB_DONE, row="jobs/1/")
            assert webhook.deliveries.count() == 1
            raise Undone

    with pytest.raises(Undone):
        act()
    assert webhook.deliveries.count() == 0


def test_only_those_that_are_on_and_want_it_in_this_project_are_told(project: Project) -> None:
    wanting, other = hooked(project, "job.done"), hooked(project, "release.built")
    off, elsewhere = hooked(project), hooked(make.make_project())
    switch_off(webhook=off, actor=make.make_user())
    tell(project=project, kind=HookKind.JOB_DONE, row="jobs/1/")
    assert [hook.deliveries.count() for hook in (wanting, other, off, elsewhere)] == [1, 0, 0, 0]


class Runner:
    """A job that ends as it is told."""

    def __init__(self, end: Callable[[Job], dict[str, Any]]) -> None:
        self.end = end

    def plan(self, job: Job) -> list[Any]:
        return []

    def run(self, job: Job, chunk: Any) -> Any:
        raise AssertionError

    def finish(self, job: Job) -> dict[str, Any]:
        return self.end(job)


@pytest.fixture
def job_that(project: Project, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make_job(end: Callable[[Job], dict[str, Any]]) -> Job:
        monkeypatch.setitem(RUNNERS, "test-ending", Runner(end))
        monkeypatch.setitem(KINDS, "test-ending", KINDS.get("test-ending"))
        register_kind("test-ending", JobQueue.DEFAULT, "Ending")
        register_runner("test-ending", Runner(end))
        person = make.make_user("someone-told-nobody")
        job = enqueue(kind="test-ending", project=project, parameters={"n": 1}, asked_by=person)
        run_job(job.pk)
        job.refresh_from_db()
        return job

    return make_job


def test_a_job_that_is_done_is_told_once_with_counts_and_nobody(project: Project, job_that: Any) -> None:
    webhook = hooked(project)
    job = job_that(lambda _job: {"n": 3})
    run_job(job.pk)
    assert told(webhook) == [
        {
            "type": "job.done",
            "timestamp": told(webhook)[0]["timestamp"],
            "data": {
                "project": project.slug,
                "path": f"/api/v1/projects/{project.slug}/jobs/{job.public_id}/",
                "id": str(job.public_id),
                "job_kind": "test-ending",
                "state": "done",
                "items_total": 0,
                "items_done": 0,
                "items_failed": 0,
            },
        }
    ]
    assert "someone-told-nobody" not in webhook.deliveries.get().body


def test_a_job_that_fails_is_told_as_failed_without_its_error(project: Project, job_that: Any) -> None:
    webhook = hooked(project)

    def fail(_job: Job) -> dict[str, Any]:
        raise Invalid("broken", "The caption of someone is broken.")

    job = job_that(fail)
    assert job.state == "failed"
    (only,) = told(webhook)
    assert (only["type"], only["data"]["state"]) == ("job.failed", "failed")
    assert "someone" not in json.dumps(only)


def test_a_batch_is_told_when_its_last_image_is_handed_in_and_only_once(project: Project) -> None:
    webhook = hooked(project)
    images = [make.add_image(project) for _ in range(2)]
    version_of = {image.pk: make.add_caption(image) for image in images}
    batch = make.make_batch(project, images, overlap=1)
    annotator = make.add_member(project)
    for n_told in (0, 1):
        assignment = make.claim(batch, annotator)
        make.judge(assignment, version_of[assignment.image_id], "good")
        make.finish(assignment)
        note_done_batches()
        assert len(told(webhook)) == n_told
    close_batch(batch=batch, actor=None)  # type: ignore[arg-type]
    assert note_done_batches() == 0
    (only,) = told(webhook)
    assert only["type"] == "batch.done"
    assert only["data"] | {"is_closed": False, "n_done": 2, "n_open": 0} == only["data"]


def test_a_batch_that_is_closed_before_it_is_done_is_told_as_closed(project: Project) -> None:
    webhook = hooked(project)
    batch = make.make_batch(project, [make.add_image(project)], overlap=2)
    head = make.add_member(project, Role.HEAD)
    assert note_done_batches() == 0
    close_batch(batch=batch, actor=head)
    reopen_batch(batch=batch, actor=head)
    close_batch(batch=batch, actor=head)
    (only,) = told(webhook)
    assert only["data"] | {"is_closed": True, "n_done": 0, "n_open": 2} == only["data"]


def answer_all(study: Study) -> None:
    person = arrive(study=study, secret=new_secret(), visit=None)
    text = current_text(study, "consent")
    assert text is not None
    person = give_consent(participant=person, text=text)
    begin(participant=person)
    for card in person.cards.select_related("pair").order_by("position"):
        value = "bad" if card.pair.role == "distractor" else "good"
        record_answer(participant=person, card_id=card.public_id, value=value)


def test_a_study_is_told_when_each_pair_has_its_answers_and_again_after_it_was_extended() -> None:
    study = make_open_study(pairs_per_participant=12, target_participants=1)
    webhook = hooked(study.project)
    assert note_targets() == 0
    for n_told in (1, 2):
        answer_all(study)
        assert (note_targets(), note_targets()) == (1, 0)
        assert len(told(webhook)) == n_told
        extend_study(study=study, participants=2, why="A second opinion.", actor=None)
        assert note_targets() == (n_told == 2)
    assert told(webhook)[0]["type"] == "study.target_reached"
    assert [row["data"]["answers_wanted"] for row in told(webhook)] == [1, 2, 2]


@pytest.mark.django_db(transaction=True)
def test_a_release_is_told_when_it_is_built_and_not_when_it_is_built_again() -> None:
    small = Small()
    webhook = hooked(small.project, "release.built")
    small.release("1.0.0")
    release = Release.objects.get()
    build_release(release)
    (only,) = told(webhook)
    assert only["data"]["path"] == f"/api/v1/projects/{small.project.slug}/releases/{release.public_id}/"
    assert (only["data"]["number"], only["data"]["n_captions"]) == ("1.0.0", release.n_captions)


def test_what_is_off_is_neither_tried_out_nor_sent_again_nor_called(project: Project) -> None:
    webhook, admin = hooked(project), make.make_user()
    delivery = send_test(webhook=webhook, actor=admin)
    with pytest.raises(Conflict) as refused:
        send_again(delivery=delivery, actor=admin)
    assert refused.value.code == "delivery_waits"
    assert call_due() == 1
    switch_off(webhook=webhook, actor=admin)
    assert call_due() == 0
    for act in (
        lambda: send_test(webhook=webhook, actor=admin),
        lambda: send_again(delivery=delivery, actor=admin),
        lambda: switch_off(webhook=webhook, actor=admin),
    ):
        with pytest.raises(Conflict):
            act()
    switch_on(webhook=webhook, actor=admin)
    assert call_due() == 1


def test_the_api_makes_changes_tries_and_lists_webhooks_for_admins(project: Project) -> None:
    admin, head = make.add_member(project, Role.ADMIN), make.add_member(project, Role.HEAD)

    def ask(user: Any, path: str = "", sent: object = None, **headers: str) -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {make.token_of(user, project)}"}
        address = f"/api/v1/projects/{project.slug}/webhooks/{path}"
        if sent is None:
            answer = Client().get(address, headers=bearer)
        else:
            answer = Client().post(address, sent, "application/json", headers={**bearer, **headers})
        return answer.status_code, answer.json()

    new = {"name": "Lab", "url": URL, "kinds": ["job.done"]}
    assert ask(head)[0] == 403
    assert ask(admin, sent={**new, "url": "http://127.0.0.1/"}) == (
        422,
        {**ask(admin, sent={**new, "url": "http://127.0.0.1/"})[1], "code": "address_refused"},
    )
    status, made = ask(admin, sent=new)
    assert (status, made["is_on"], made["secret"][:6]) == (201, True, "whsec_")
    own = f"{made['id']}/"
    assert ask(admin)[1]["results"] == [ask(admin, own)[1]]
    assert "secret" not in ask(admin, own)[1]
    assert ask(admin, own, {**new, "kinds": ["batch.done", "job.done"]})[1]["kinds"] == [
        "job.done",
        "batch.done",
    ]
    status, test = ask(admin, f"{own}test/", {})
    assert (status, test["kind"], test["state"]) == (202, "webhook.test", "waiting")
    assert ask(admin, f"{own}off/", {})[1]["off_reason"] == "person"
    assert ask(admin, f"{own}test/", {})[1]["code"] == "webhook_is_off"
    assert ask(admin, f"{own}on/", {})[1]["is_on"]
    assert ask(admin, f"{own}secret/", {})[1]["secret"] != made["secret"]
    assert [row["id"] for row in ask(admin, f"{own}deliveries/")[1]["results"]] == [test["id"]]
    assert ask(admin, f"{own}deliveries/{test['id']}/again/", {})[1]["code"] == "delivery_waits"
    assert WebhookDelivery.objects.count() == 1


def test_secrets_are_sealed_again_with_a_new_key_so_that_the_old_one_can_go(
    project: Project, settings: Any
) -> None:
    webhook = hooked(project)
    secret = unseal(webhook.secret_sealed)
    old, new = settings.PERSONAL_DATA_KEYS, [Fernet.generate_key().decode()]
    settings.PERSONAL_DATA_KEYS = [*new, *old]
    call_command("reseal_personal_data", verbosity=0)
    settings.PERSONAL_DATA_KEYS = new
    assert unseal(webhook.secret_sealed) is None
    webhook.refresh_from_db()
    assert unseal(webhook.secret_sealed) == secret
