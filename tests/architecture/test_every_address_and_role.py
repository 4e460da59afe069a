"""Every address with every role, an anonymous visitor, and a stranger: nobody sees what is not theirs.

The addresses come from the resolver, so a new page is swept the day it is written; one whose view does not say whom
it is for fails.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from projects.access import INCLUDED
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
# A page may want POST, more parameters, or say that its row has moved on; what it may not do is fail.
OPEN = {200, 204, 302, 304, 400, 404, 405, 409, 410, 422}


@dataclass(frozen=True)
class Address:
    """One address with its arguments filled in."""

    name: str
    path: str
    rule: tuple[str, ...] | None

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
        found.append(Address(name, filled(route, values), access_rule(pattern.callback)))
    return found


@pytest.fixture
def here() -> Populated:
    return populate("here")


def visit(user: User | None, address: Address, method: str) -> int:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    response = client.generic(method, address.path)
    return response.status_code


def members(project: Project) -> dict[str, User]:
    return {role: make.add_member(project, role) for role in Role.values}


# Pages of many whose act is for fewer: the person who asked for a job, or an admin.
OWN_ONLY = {"job-cancel", "job-retry"}


def expected(address: Address, role: str) -> set[int]:
    """Return the answers that a member with this role may get."""
    rule = address.rule or ()
    if address.name in OWN_ONLY and role != Role.ADMIN:
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
        if status not in SENT_AWAY | {405}:
            wrong.append(f"{method} {address.name}: {status}")
    assert wrong == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_does_not_learn_that_the_project_exists(here: Populated, method: str) -> None:
    stranger = make.add_member(make.make_project(), Role.ADMIN)
    wrong = []
    for address in addresses(here.values):
        if not address.path.startswith(f"/p/{here.project.slug}/"):
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
        holds_a_row = "<uuid:" in route and route.startswith("p/<slug:project_slug>/")
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
        allowed = HIDDEN | {405} if address.path.startswith(f"/p/{here.project.slug}/") else OPEN
        if status not in allowed:
            wrong.append(f"GET {address.name}: {status}")
    assert wrong == []
