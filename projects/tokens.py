"""Making, finding and revoking the tokens of scripts; a secret is shown once and kept as its hash."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Denied, Invalid, Missing
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import ApiToken, Membership, Project, Scope

# 32 random bytes: nobody guesses one, so a fast hash is enough.
SECRET_BYTES = 32
# So that a secret that leaks into a repository is known by what searches for such.
PREFIX = "pla_"
MOST_DAYS = 366
MOST_TOKENS = 50


def hash_of(secret: str) -> str:
    """Return the SHA-256 under which a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_token(
    *, user: User, project: Project | None, name: str, scopes: Collection[str], days: int
) -> tuple[ApiToken, str]:
    """Make a token of a person for a project, or without one for making projects; return it with its secret.

    Raises Invalid for no or unknown scopes, no name, or a life of under one or over MOST_DAYS days; Denied for a
    token without project to anybody but a site admin; Missing for who does not work in the project; Conflict for more
    than MOST_TOKENS running ones.
    """
    wanted = [scope for scope in Scope.values if scope in scopes]
    _check(name, scopes, wanted, days)
    _check_place(user, project, wanted)
    running = running_tokens(user).filter(project=project)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        if running.count() >= MOST_TOKENS:
            raise Conflict("tokens_many", _("You have many tokens here already; revoke some first."))
        token = ApiToken.objects.create(
            user=user,
            project=project,
            name=one_line(name),
            secret_hash=hash_of(secret),
            scopes=wanted,
            expires_at=timezone.now() + timedelta(days=days),
        )
        append_event(actor=user, act="api_token_made", row=token, project=project, fields=wanted)
    return token, secret


def _check(name: str, scopes: Collection[str], wanted: list[str], days: int) -> None:
    if not one_line(name):
        raise Invalid("token_name_needed", _("Give the token a name, so that you know it again."))
    if not wanted or set(wanted) != set(scopes):
        raise Invalid("token_scopes", _("Choose at least one of the scopes."))
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("token_days", _("A token lives from 1 to %(n)d days.") % {"n": MOST_DAYS})


def _check_place(user: User, project: Project | None, scopes: list[str]) -> None:
    if project is None:
        if not user.is_site_admin:
            raise Denied(
                "site_admin_needed", _("Only administrators of the site make tokens for projects to come.")
            )
        if scopes != [Scope.PROJECTS]:
            raise Invalid("token_scopes", _("A token without a project has the scope projects and no other."))
        return
    if Scope.PROJECTS in scopes:
        raise Invalid("token_scopes", _("A token of a project cannot make projects."))
    if not Membership.objects.filter(user=user, project=project, ended_at=None).exists():
        raise Missing("project_missing", _("There is no such project, or you do not work in it."))


def running_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the tokens of a person that work now."""
    return ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=timezone.now())


def token_with(secret: str) -> ApiToken | None:
    """Return the running token with this secret whose person may still sign in; notes the day it is used on."""
    found = ApiToken.objects.select_related("user", "project").filter(
        Q(project=None) | Q(project__retired_at=None),
        secret_hash=hash_of(secret),
        revoked_at=None,
        expires_at__gt=timezone.now(),
        user__is_active=True,
    )
    token = found.first()
    today = timezone.now().date()
    if token is not None and token.used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(used_on=today)
    return token


def revoke_token(*, token: ApiToken, actor: User) -> None:
    """End a token at once. Raises Conflict when it has been revoked already."""
    with transaction.atomic():
        changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if not changed:
            raise Conflict("token_revoked", _("The token had been revoked already."))
        append_event(
            actor=actor, act="api_token_revoked", row=token, project=token.project, fields=["revoked_at"]
        )
