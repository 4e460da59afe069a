"""Making a project and letting people in."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Membership, Project, Role


def create_project(
    *, slug: str, name: str, actor: User | None, description: str = "", is_demo: bool = False, seed: int = 0
) -> Project:
    """Create an empty project. Raises Conflict when the address is taken."""
    try:
        with transaction.atomic():
            project = Project.objects.create(
                slug=slug, name=name, description=description, is_demo=is_demo, seed=seed, created_by=actor
            )
            append_event(actor=actor, act="project_created", row=project, project=project)
    except IntegrityError as error:
        raise Conflict(
            "project_address_taken", _("Another project already has the address %(slug)s.") % {"slug": slug}
        ) from error
    return project


def set_role(*, project: Project, user: User, role: str, actor: User | None) -> Membership:
    """Give a person a role in a project, or another one, or let them in again.

    Raises Invalid for an unknown role, Conflict when it would leave the project without an admin.
    """
    if role not in Role.values:
        raise Invalid("role_unknown", _("There is no role named %(role)s.") % {"role": role})
    with transaction.atomic():
        _lock_members(project)
        if role != Role.ADMIN:
            _keep_an_admin(project, user)
        membership, _created = Membership.objects.update_or_create(
            project=project, user=user, defaults={"role": role, "ended_at": None}
        )
        append_event(actor=actor, act="role_set", row=membership, fields=["role"])
    return membership


def end_membership(*, project: Project, user: User, actor: User) -> None:
    """End a person's work in a project; their authorship stays. Raises Conflict for the last admin."""
    with transaction.atomic():
        _lock_members(project)
        _keep_an_admin(project, user)
        ended = Membership.objects.filter(project=project, user=user, ended_at=None).first()
        if ended is None:
            raise Conflict("membership_ended", _("This person does not work in the project any more."))
        ended.ended_at = timezone.now()
        ended.save(update_fields=["ended_at"])
        append_event(actor=actor, act="membership_ended", row=ended, fields=["ended_at"])


def _lock_members(project: Project) -> None:
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def _keep_an_admin(project: Project, leaving: User) -> None:
    admins = Membership.objects.filter(project=project, role=Role.ADMIN, ended_at=None)
    if admins.filter(user=leaving).exists() and not admins.exclude(user=leaving).exists():
        raise Conflict("last_admin", _("A project needs an admin: make somebody else one first."))
