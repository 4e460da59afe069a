"""Who may: every project, job and file that a person sees is fetched here."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Denied, Missing
from polyannot.kernel.prepared import Prepared, columns_of, row_as
from projects.models import ApiToken, Job, Membership, Project, Role, Webhook, WebhookDelivery

# What each role may do beside its own work: an admin may do all, a head annotator also annotates.
INCLUDED: dict[str, frozenset[str]] = {
    Role.ANNOTATOR: frozenset({Role.ANNOTATOR}),
    Role.HEAD: frozenset({Role.HEAD, Role.ANNOTATOR}),
    Role.RESEARCHER: frozenset({Role.RESEARCHER}),
    Role.ADMIN: frozenset(Role.values),
}


@dataclass(frozen=True, slots=True)
class Access:
    """A person inside one project, with the role that let them in."""

    user: User
    project: Project
    role: str

    def may_act_as(self, *roles: str) -> bool:
        """Say whether this person's role includes one of the given ones."""
        return bool(INCLUDED[self.role] & set(roles))


def projects_of(user: User) -> QuerySet[Membership]:
    """Return the running memberships of a person, with their projects."""
    return (
        Membership.objects.filter(user=user, ended_at=None, project__retired_at=None)
        .select_related("project")
        .order_by("project__name")
    )


def projects_as(user: User, *roles: str) -> list[Project]:
    """Return the projects in which a person's role includes one of these, by name."""
    return [row.project for row in projects_of(user) if INCLUDED[row.role] & set(roles)]


# Every page of a project begins here.
membership_in = Prepared(
    lambda user, slug: (
        projects_of(User(pk=user))
        .filter(project__slug=slug)
        .values_list("role", *columns_of(Project, "project__"))[:1]
    ),
    user=int,
    slug=str,
)


def project_access(user: User | AnonymousUser, slug: str, *roles: str) -> Access:
    """Return the person's access to a project.

    Raises Missing for somebody who is not a member (whether or not the project exists), Denied for a member whose
    role includes none of `roles`; without roles any member may.
    """
    row = None
    if isinstance(user, User) and user.is_active:
        row = membership_in.first(user=user.pk, slug=slug)
    if row is None or not isinstance(user, User):
        raise Missing("project_missing", _("There is no such project, or you do not work in it."))
    access = Access(user=user, project=row_as(Project, row[1:]), role=row[0])
    if roles and not access.may_act_as(*roles):
        raise Denied(
            "role_needed",
            _("This page is for another role in this project. Ask a project admin if you need it."),
        )
    return access


def site_admin(user: User | AnonymousUser) -> User:
    """Return the person if they administer the site; raises Denied otherwise."""
    if isinstance(user, User) and user.is_site_admin:
        return user
    raise Denied("site_admin_needed", _("This page is for the administrators of this site."))


def job_of(access: Access, public_id: UUID, *kinds: str) -> Job:
    """Return a job of the project, of one of the kinds where some are named; raises Missing."""
    job = Job.objects.filter(project=access.project, public_id=public_id).first()
    if job is None or (kinds and job.kind not in kinds):
        raise Missing("job_missing", _("There is no such job in this project."))
    return job


def job_in_hand(access: Access, public_id: UUID) -> Job:
    """Return a job that the person may stop or ask for again: their own, or any for an admin.

    Raises Missing, Denied.
    """
    job = job_of(access, public_id)
    if job.asked_by_id != access.user.pk and not access.may_act_as(Role.ADMIN):
        raise Denied(
            "job_of_another", _("Somebody else asked for this job; they or a project admin may change it.")
        )
    return job


def membership_of(access: Access, user_public_id: UUID) -> Membership:
    """Return somebody's membership of the project, ended ones too; raises Missing."""
    found = Membership.objects.select_related("user").filter(
        project=access.project, user__public_id=user_public_id
    )
    if (membership := found.first()) is None:
        raise Missing("member_missing", _("This person has never worked in this project."))
    return membership


def account_of(_admin: User, public_id: UUID) -> User:
    """Return any account to a site admin; raises Missing."""
    if (user := User.objects.filter(public_id=public_id, erased_at=None).first()) is None:
        raise Missing("account_missing", _("There is no such account."))
    return user


def token_of(user: User, project: Project | None, public_id: UUID) -> ApiToken:
    """Return a person's own token for a project, or for making projects; raises Missing."""
    token = ApiToken.objects.filter(user=user, project=project, public_id=public_id).first()
    if token is None:
        raise Missing("token_missing", _("You have no such token here."))
    return token


def webhook_of(access: Access, public_id: UUID) -> Webhook:
    """Return a webhook of the project; raises Missing."""
    found = Webhook.objects.select_related("project", "made_by").filter(project=access.project)
    if (webhook := found.filter(public_id=public_id).first()) is None:
        raise Missing("webhook_missing", _("There is no such webhook in this project."))
    return webhook


def delivery_of(access: Access, webhook_id: UUID, public_id: UUID) -> WebhookDelivery:
    """Return what a webhook of the project was told; raises Missing."""
    found = WebhookDelivery.objects.select_related("webhook__project").filter(
        webhook__project=access.project, webhook__public_id=webhook_id
    )
    if (delivery := found.filter(public_id=public_id).first()) is None:
        raise Missing("delivery_missing", _("There is no such delivery; old ones are dropped."))
    return delivery
