"""Accounts and who works in a project, as acts of people: each one appended to the history."""

import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid, Missing
from polyannot.kernel.text import one_line
from projects.founding import end_membership, set_role
from projects.history import append_event
from projects.models import Membership, Project

# Enough letters that nobody guesses a first password: 16 of 64, or 96 bits.
PASSWORD_BYTES = 12
# What erasing an account writes.
ERASED = [
    "username",
    "display_name",
    "password",
    "is_active",
    "is_superuser",
    "last_login",
    "erased_at",
]


def create_account(
    *, username: str, display_name: str, actor: User, is_site_admin: bool = False
) -> tuple[User, str]:
    """Create an account and return it with a first password, which is kept nowhere.

    Raises Conflict when the sign-in name is taken, Invalid when it cannot be one.
    """
    username = User.normalize_username(one_line(username))
    if User.objects.filter(username=username).exists():
        raise Conflict("username_taken", _("Somebody already signs in with this name; no account was made."))
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    make = User.objects.create_superuser if is_site_admin else User.objects.create_user
    try:
        with transaction.atomic():
            user = make(username, password, display_name=one_line(display_name))
            append_event(actor=actor, act="account_created", row=user)
    except ValidationError as error:
        raise Invalid("account_invalid", " ".join(error.messages)) from error
    return user, password


def renew_password(*, user: User, actor: User) -> str:
    """Give an account a new first password and return it; all its sessions end."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        locked.set_password(password)
        locked.save(update_fields=["password"])
        append_event(actor=actor, act="password_renewed", row=locked, fields=["password"])
    return password


def set_account_active(*, user: User, is_active: bool, actor: User) -> None:
    """Close an account for sign-in, or open it again; its work stays. Raises Conflict for one's own or a done deed."""
    if user.pk == actor.pk:
        raise Conflict("own_account", _("Somebody else has to close your own account."))
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, is_active=not is_active, erased_at=None).update(
            is_active=is_active
        )
        if not changed:
            raise Conflict("account_unchanged", _("The account had already changed; nothing was done."))
        act = "account_opened" if is_active else "account_closed"
        append_event(actor=actor, act=act, row=user, fields=["is_active"])


def erase_account(*, user: User, actor: User) -> None:
    """Replace name, sign-in name and password of an account by a pseudonym for good; its work stays under it.

    Its work in every project ends. Raises Conflict for one's own account, for the last admin of a project, and once
    it is erased.
    """
    if user.pk == actor.pk:
        raise Conflict("own_account", _("Somebody else has to erase your own account."))
    with transaction.atomic():
        running = Membership.objects.filter(user=user, ended_at=None).select_related("project")
        for membership in running.order_by("project_id"):
            end_membership(project=membership.project, user=user, actor=actor)
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if locked.erased_at is not None:
            raise Conflict("account_erased", _("The account had already been erased."))
        locked.username = f"erased-{locked.public_id.hex[:12]}"
        locked.display_name = ""
        locked.set_unusable_password()
        locked.is_active = locked.is_superuser = False
        locked.last_login = None
        locked.erased_at = timezone.now()
        locked.save(update_fields=ERASED)
        append_event(actor=actor, act="account_erased", row=locked, fields=["username", "display_name"])


def let_in(*, project: Project, username: str, role: str, actor: User) -> Membership:
    """Let somebody with an account work in the project. Raises Missing, Conflict for who is in already, Invalid."""
    user = User.objects.filter(username=one_line(username), is_active=True).first()
    if user is None:
        raise Missing(
            "account_missing",
            _("Nobody signs in with this name. A site admin makes accounts."),
        )
    if Membership.objects.filter(project=project, user=user, ended_at=None).exists():
        raise Conflict(
            "member_already", _("This person works in the project already; change the role below.")
        )
    return set_role(project=project, user=user, role=role, actor=actor)
