"""Tokens: shown once, kept as a hash, no more than their person may, and ended at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from polyannot.kernel.errors import Denied, Invalid, Missing
from projects.founding import end_membership
from projects.models import ApiToken, Event, KeptAnswer, Project, Role
from projects.tokens import hash_of, make_token, revoke_token
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make.make_project()


def ask(secret: str, path: str, method: str = "GET", **more: object) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {secret}"}
    sent = getattr(Client(), method.lower())(f"/api/v1/{path}", headers=headers, **more)
    return sent.status_code, sent.json()


def test_a_secret_is_on_the_page_once_and_only_its_hash_is_kept(project: Project, client: Client) -> None:
    client.force_login(make.add_member(project, Role.HEAD))
    address = f"/p/{project.slug}/tokens/"
    page = client.post(address, {"name": "Nightly", "scopes": ["read"], "days": 30})
    secret = page.context["secret"]
    token = ApiToken.objects.get()
    assert token.secret_hash == hash_of(secret)
    assert secret in page.content.decode()
    assert secret not in client.get(address).content.decode()
    assert Event.objects.filter(act="api_token_made", row_id=token.pk).get().fields == "read"
    status, told = ask(secret, f"projects/{project.slug}/")
    assert (status, told["slug"]) == (200, project.slug)


def test_a_revoked_token_an_old_one_and_one_of_a_closed_account_do_not_work(
    project: Project, client: Client
) -> None:
    head = make.add_member(project, Role.HEAD)
    secrets = [make.token_of(head, project) for _ in range(2)]
    first, second = ApiToken.objects.order_by("pk")
    client.force_login(head)
    client.post(f"/p/{project.slug}/tokens/{first.public_id}/revoke")
    moment = timezone.now()
    ApiToken.objects.filter(pk=second.pk).update(
        made_at=moment - timedelta(days=9), expires_at=moment - timedelta(days=1)
    )
    third = make.token_of(head, project)
    type(head).objects.filter(pk=head.pk).update(is_active=False)
    for secret in [*secrets, third, "pla_made-up", ""]:
        status, told = ask(secret, f"projects/{project.slug}/")
        assert (status, told["status"]) == (401, 401)


def test_the_page_lists_what_works_newest_first_with_its_end_apart_from_what_ended(
    project: Project, client: Client
) -> None:
    head = make.add_member(project, Role.HEAD)
    for _ in range(3):
        make.token_of(head, project)
    oldest, ended, newest = ApiToken.objects.order_by("pk")
    moment = timezone.now()
    ApiToken.objects.filter(pk=ended.pk).update(
        made_at=moment - timedelta(days=9), expires_at=moment - timedelta(days=1)
    )
    ApiToken.objects.filter(pk=oldest.pk).update(expires_at=moment + timedelta(days=90))
    client.force_login(head)
    page = client.get(f"/p/{project.slug}/tokens/")
    assert page.context["running"] == [newest, oldest]
    assert page.context["ended"] == [ended]
    assert (newest.ends_soon, page.context["running"][1].ends_soon) == (True, False)
    told = page.content.decode()
    assert told.count("ends in") == 1
    assert f"ends {moment + timedelta(days=90):%-d %B %Y}" in told


def test_a_token_may_no_more_than_its_scopes_its_project_and_its_person(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    other = make.make_project()
    make.add_member(other, Role.ADMIN, user=head)
    reader = make.token_of(head, project, "read")
    assert ask(reader, f"projects/{project.slug}/judgments/")[1]["code"] == "scope_needed"
    assert ask(reader, f"projects/{other.slug}/")[0] == 404
    assert ask(reader, f"projects/{project.slug}/studies/")[1]["code"] == "role_needed"
    end_membership(project=project, user=head, actor=head)
    assert ask(reader, f"projects/{project.slug}/")[0] == 404


@pytest.mark.parametrize(
    ("scopes", "days", "name"),
    [
        ([], 9, "A"),
        (["read", "all"], 9, "A"),
        (["read"], 0, "A"),
        (["read"], 367, "A"),
        (["read"], 9, " "),
        (["projects"], 9, "A"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    project: Project, scopes: list[str], days: int, name: str
) -> None:
    with pytest.raises(Invalid):
        make_token(user=make.add_member(project), project=project, name=name, scopes=scopes, days=days)


def test_only_site_admins_make_tokens_without_a_project_and_only_members_those_of_one(
    project: Project,
) -> None:
    with pytest.raises(Denied):
        make_token(user=make.make_user(), project=None, name="A", scopes=["projects"], days=1)
    with pytest.raises(Missing):
        make_token(user=make.make_user(), project=project, name="A", scopes=["read"], days=1)


def test_nobody_revokes_the_token_of_somebody_else(project: Project, client: Client) -> None:
    head = make.add_member(project, Role.HEAD)
    make.token_of(head, project)
    token = ApiToken.objects.get()
    client.force_login(make.add_member(project, Role.ADMIN))
    assert client.post(f"/p/{project.slug}/tokens/{token.public_id}/revoke").status_code == 404
    revoke_token(token=token, actor=head)
    assert Event.objects.latest("pk").act == "api_token_revoked"


def test_a_site_admin_makes_a_project_and_gets_a_token_for_it_that_is_not_told_twice() -> None:
    site = make.token_of(make.make_user(is_site_admin=True), None)
    body = {"name": "Herons", "slug": "herons"}
    key = {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "one"}
    status, made = ask(site, "projects/", "POST", data=body, **key)
    assert (status, made["slug"]) == (201, "herons")
    assert ask(str(made["token"]), "projects/herons/")[0] == 200
    status, again = ask(site, "projects/", "POST", data=body, **key)
    assert (status, again["id"], again["token"]) == (201, made["id"], None)
    assert str(made["token"]) not in str(KeptAnswer.objects.get().body)
    assert ask(site, "projects/herons/")[0] == 404
