"""Raters of files: each becomes an account that nobody can sign in to, or is a member that the importer named."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import ImportedRater
from polyannot.kernel.errors import Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import Membership, Project

LONGEST_SHOWN = 80


def name_hash(project: Project, name: str, *, batch: str = "") -> str:
    """Return the keyed hash under which a file's rater is known again; with a batch, in that batch alone."""
    return salted_hmac(f"imported-rater:{project.public_id}:{batch}", name, algorithm="sha256").hexdigest()


def named_members(project: Project, lines: str) -> dict[str, User]:
    """Return the members that lines like `expert 1 = sign-in-name` name, by the name in the file. Raises Invalid."""
    found: dict[str, User] = {}
    for line in lines.splitlines():
        if not one_line(line):
            continue
        name, sign, username = (one_line(part) for part in line.rpartition("="))
        if not (name and sign and username):
            raise Invalid(
                "mapping_malformed",
                _("Write one rater a line, as in: expert 1 = sign-in name. This is not: %(line)s")
                % {"line": line[:80]},
            )
        member = Membership.objects.select_related("user").filter(project=project, user__username=username)
        if (row := member.first()) is None:
            raise Invalid(
                "mapping_no_member",
                _("Nobody with the sign-in name %(name)s works or worked in this project.")
                % {"name": username},
            )
        found[name] = row.user
    return found


@dataclass(frozen=True, slots=True)
class RaterNaming:
    """How the raters of one import are named: members by hash, as in the file or not, in one batch alone or not."""

    members: Mapping[str, str]
    keeps_names: bool
    batch: str = ""


@dataclass(slots=True)
class FileRater:
    """A rater of a file: the account where there is one already, and how it came to be theirs.

    `is_new`: there was no account for them before this import.
    """

    name: str
    hash: str
    user: User | None
    is_member: bool
    shown: str
    is_new: bool


def find_raters(project: Project, names: Iterable[str], naming: RaterNaming) -> dict[str, FileRater]:
    """Return the file's raters by name, in the order of the file; `user` is None where an account has to be made."""
    hashes = {name: name_hash(project, name, batch=naming.batch) for name in names}
    known = {
        row.name_hash: row.user
        for row in ImportedRater.objects.select_related("user").filter(
            project=project, name_hash__in=hashes.values()
        )
    }
    members = {
        str(user.public_id): user for user in User.objects.filter(public_id__in=set(naming.members.values()))
    }
    number = ImportedRater.objects.filter(project=project).count()
    found: dict[str, FileRater] = {}
    for name, mark in hashes.items():
        member = members.get(naming.members.get(name_hash(project, name), ""))
        user = member or known.get(mark)
        if user is None:
            number += 1
        shown = str(user) if user else (name if naming.keeps_names else _("Rater %(n)d") % {"n": number})
        found[name] = FileRater(name, mark, user, member is not None, shown[:LONGEST_SHOWN], user is None)
    return found


def make_accounts(project: Project, raters: Iterable[FileRater], actor: User | None) -> int:
    """Make the accounts that raters lack; return how many. Nobody can sign in to them: no password, and closed."""
    made = 0
    for rater in raters:
        if rater.user is not None:
            continue
        user = User.objects.create_user(
            f"imported-{secrets.token_hex(6)}", display_name=one_line(rater.shown)
        )
        user.is_active = False
        user.save(update_fields=["is_active"])
        ImportedRater.objects.create(project=project, user=user, name_hash=rater.hash)
        append_event(actor=actor, act="rater_account_made", row=user, project=project)
        rater.user = user
        made += 1
    return made
