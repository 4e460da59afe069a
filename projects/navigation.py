"""What the navigation shows to whom."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from projects.access import Access, projects_of
from projects.models import Role


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a project: its name, its address, whom it is for, and the addresses that count as inside."""

    label: str | Promise
    url_name: str
    roles: frozenset[str]
    inside: tuple[str, ...]


ANNOTATOR, HEAD, RESEARCHER, ADMIN = Role.ANNOTATOR, Role.HEAD, Role.RESEARCHER, Role.ADMIN

SECTIONS = (
    Section(_("Progress"), "project-home", frozenset({HEAD, RESEARCHER, ADMIN}), ("project-home",)),
    Section(
        _("Annotate"),
        "annotate-home",
        frozenset({ANNOTATOR}),
        ("annotate-", "workspace", "my-", "feedback", "onboarding", "fits"),
    ),
    Section(
        _("Images"),
        "images",
        frozenset({HEAD, RESEARCHER, ADMIN}),
        (
            "image",
            "caption",
            "find",
            "import",
            "batch",
            "handover",
            "judgments",
            "pools",
            "leakage",
            "sampling",
        ),
    ),
    Section(
        _("Review"), "review-home", frozenset({HEAD}), ("review", "adjudicate", "pair-report", "question")
    ),
    Section(
        _("Agreement"),
        "agreement",
        frozenset({HEAD, RESEARCHER}),
        ("agreement", "quality", "drift", "genericness"),
    ),
    Section(
        _("Difficulty"), "difficulty", frozenset({HEAD, RESEARCHER}), ("difficulty", "choice", "polysemy")
    ),
    Section(_("Studies"), "studies", frozenset({RESEARCHER}), ("stud",)),
    Section(_("Releases"), "releases", frozenset({RESEARCHER, ADMIN}), ("release",)),
    Section(
        _("Guidelines"),
        "guidelines",
        frozenset(Role.values),
        ("guideline", "precedent", "label-", "known-"),
    ),
    Section(_("Jobs"), "jobs", frozenset({HEAD, RESEARCHER, ADMIN}), ("job",)),
    Section(_("People"), "people", frozenset({ADMIN}), ("people", "settings", "webhook", "history")),
)


# How many things wait for a person in a section, by the address of the section; registered by the apps above.
_counts: dict[str, Callable[[Access], int]] = {}


def register_count(url_name: str, count: Callable[[Access], int]) -> None:
    """Show beside a section how much waits there for the person; asked only where the navigation is drawn."""
    _counts[url_name] = count


def _count_in(url_name: str, access: Access) -> Callable[[], int]:
    @cache
    def waiting() -> int:
        return _counts[url_name](access) if url_name in _counts else 0

    return waiting


def sections_for(access: Access, url_name: str) -> list[dict[str, Any]]:
    """Return the parts of the project that the person may open."""
    return [
        {
            "label": section.label,
            "url": reverse(section.url_name, args=[access.project.slug]),
            "is_current": url_name.startswith(section.inside),
            "count": _count_in(section.url_name, access),
        }
        for section in SECTIONS
        if access.may_act_as(*section.roles)
    ]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the template variables of the app's frame; nothing for visitors."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    access: Access | None = getattr(request, "project_access", None)
    url_name = request.resolver_match.url_name if request.resolver_match else ""
    frame: dict[str, Any] = {
        "home_url": reverse("home"),
        "projects_url": reverse("home"),
        "sign_out_url": reverse("accounts:sign-out"),
        "account_links": [{"label": _("Password"), "url": reverse("accounts:password")}],
    }
    if user.is_site_admin:
        frame["account_links"].insert(0, {"label": _("Site"), "url": reverse("site")})
    if access is not None:
        tokens_url = reverse("tokens", args=[access.project.slug])
        frame["account_links"].insert(0, {"label": _("API tokens"), "url": tokens_url})
        frame |= {
            "current_project": access.project,
            "project_choices": [
                {
                    "name": membership.project.name,
                    "url": reverse("project-door", args=[membership.project.slug]),
                    "is_current": membership.project_id == access.project.pk,
                }
                for membership in projects_of(user)
            ],
            "nav_sections": sections_for(access, url_name or ""),
            "project_access": access,
            "demo_notice": _(
                "This project is a demonstration: part of the work in it was played by a script."
            )
            if access.project.is_demo
            else "",
        }
    return frame
