"""Every address with every role, an anonymous visitor, and a stranger: nobody sees what is not theirs.

The addresses come from the resolver, so a new page is swept the day it is written; one whose view does not say whom
it is for fails.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from projects.access import INCLUDED, projects_of
from projects.http import PARTICIPANT, PUBLIC, SIGNED_IN, SITE_ADMIN, access_rule
from projects.models import Project, Role
from tests import factories as make
from tests.populated import Populated, populate

pytestmark = pytest.mark.django_db

# For machines: says whether the parts are well, and nothing else.
WITHOUT_RULE = {"healthz"}
SENT_AWAY = {302}
HIDDEN = {404}
REFUSED = {403}
# Scripts have no door to be sent to.
ASKED_FOR_A_TOKEN = {401}
API = "/api/v1/"
# A page may want POST, more parameters, or say that its row has moved on; what it may not do is fail.
OPEN = {200, 201, 202, 204, 302, 304, 400, 404, 405, 409, 410, 415, 422}


@dataclass(frozen=True)
class Address:
    """One address with its arguments filled in."""

    name: str
    path: str
    rule: tuple[str, ...] | None
    write_rule: tuple[str, ...] | None = None

    def ruled(self, method: str) -> "Address":
        """Return the address with the rule of a method: an API has one of its own for what changes something."""
        rule = self.rule if method == "GET" or self.write_rule is None else self.write_rule
        return replace(self, rule=rule)

    @property
    def is_api(self) -> bool:
        """Say whether scripts come here, with a token."""
        return self.path.startswith(API) and self.rule != (PUBLIC,)

    def __str__(self) -> str:
        return self.name


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern


def filled(route: str, values: dict[str, str]) -> str:
    parts = []
    for part in route.split("<"):
        argument, _close, rest = part.partition(">")
        if not _close:
            parts.append(part)
            continue
        converter, _colon, name = argument.rpartition(":")
        if name not in values:
            assert converter != "uuid", f"tests/populated.py knows no row for <{argument}> in {route}"
            values = {**values, name: "1" if converter == "int" else "other"}
        parts.append(values[name] + rest)
    return "/" + "".join(parts)


def addresses(values: dict[str, str]) -> list[Address]:
    found = []
    for route, pattern in patterns(get_resolver()):
        name = pattern.name or route
        if name in WITHOUT_RULE:
            continue
        view = pattern.callback
        written = getattr(view, "write_rule", None)
        found.append(Address(name, filled(route, values), access_rule(view), written))
    return found


@pytest.fixture
def here() -> Populated:
    return populate("here")


def visit(user: User | None, address: Address, method: str) -> int:
    client = Client(raise_request_exception=False)
    headers = {}
    if user is not None and address.is_api:
        headers["Authorization"] = f"Bearer {secret_of(user, address)}"
    elif user is not None:
        client.force_login(user)
    response = client.generic(method, address.path, headers=headers)
    return response.status_code


# A person may have only so many tokens for a project: one serves a whole sweep.
SECRETS: dict[tuple[UUID, UUID | None], str] = {}


def secret_of(user: User, address: Address) -> str:
    """Return a token of a person: for the project of the address where they work in it, else for another of theirs."""
    mine = [row.project for row in projects_of(user)]
    named = [project for project in mine if f"/{project.slug}/" in address.path]
    project = next(iter(named or mine), None)
    place = user.public_id, project.public_id if project is not None else None
    if place not in SECRETS:
        SECRETS[place] = make.token_of(user, project)
    return SECRETS[place]


def members(project: Project) -> dict[str, User]:
    return {role: make.add_member(project, role) for role in Role.values}


IN_A_PROJECT = ("p/<slug:project_slug>/", "api/v1/projects/<slug:project_slug>/")

# Pages of many whose act is for fewer: the person who asked for a job, or an admin.
OWN_ONLY = {"job-cancel", "job-retry"}


def expected(address: Address, role: str) -> set[int]:
    """Return the answers that a member with this role may get."""
    rule = address.rule or ()
    if address.name.removeprefix("api-") in OWN_ONLY and role != Role.ADMIN:
        return REFUSED | {405}
    if not rule or rule in {(PUBLIC,), (SIGNED_IN,), (PARTICIPANT,)}:
        return OPEN
    if rule == (SITE_ADMIN,):
        return REFUSED | {405}
    if INCLUDED[role] & set(rule):
        return OPEN
    return REFUSED | {405}


def test_every_view_says_whom_it_is_for(here: Populated) -> None:
    silent = [a.name for a in addresses(here.values) if a.rule is None]
    assert silent == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_members_get_what_their_role_may_and_nothing_else(here: Populated, method: str) -> None:
    wrong = []
    for (role, user), address in itertools.product(members(here.project).items(), addresses(here.values)):
        address = address.ruled(method)
        status = visit(user, address, method)
        if status not in expected(address, role):
            wrong.append(f"{method} {address.name} as {role}: {status}")
    assert wrong == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_anonymous_visitor_is_sent_to_the_door(here: Populated, method: str) -> None:
    wrong = []
    for address in addresses(here.values):
        if address.rule is None or address.rule in {(PUBLIC,), (PARTICIPANT,)}:
            continue
        status = visit(None, address, method)
        if status not in (ASKED_FOR_A_TOKEN if address.is_api else SENT_AWAY | {405}):
            wrong.append(f"{method} {address.name}: {status}")
    assert wrong == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_does_not_learn_that_the_project_exists(here: Populated, method: str) -> None:
    stranger = make.add_member(make.make_project(), Role.ADMIN)
    wrong = []
    for address in addresses(here.values):
        if f"/{here.project.slug}/" not in address.path:
            continue
        status = visit(stranger, address, method)
        if status not in HIDDEN | {405}:
            wrong.append(f"{method} {address.name}: {status}")
    assert wrong == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rows_of_another_project_are_missing_through_ones_own(here: Populated, method: str) -> None:
    own = make.make_project()
    mixed: dict[str, Any] = {**here.values, "project_slug": own.slug}
    admin = make.add_member(own, Role.ADMIN)
    wrong = []
    for route, pattern in patterns(get_resolver()):
        holds_a_row = "<uuid:" in route and route.startswith(IN_A_PROJECT)
        if not holds_a_row:
            continue
        address = Address(pattern.name or route, filled(route, mixed), access_rule(pattern.callback))
        status = visit(admin, address, method)
        if status not in HIDDEN | {405}:
            wrong.append(f"{method} {address.name}: {status}")
    assert wrong == []


def test_a_site_admin_without_a_membership_sees_no_project(here: Populated) -> None:
    site_admin = make.make_user(is_site_admin=True)
    wrong = []
    for address in addresses(here.values):
        status = visit(site_admin, address, "GET")
        allowed = HIDDEN | {405} if f"/{here.project.slug}/" in address.path else OPEN
        if address.is_api and allowed is OPEN:
            allowed = OPEN | REFUSED
        if status not in allowed:
            wrong.append(f"GET {address.name}: {status}")
    assert wrong == []
