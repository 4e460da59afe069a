"""The site admin's pages: projects, accounts, jobs and health of the whole; no answers of any project."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from polyannot.kernel.errors import DomainError
from projects import health as wellbeing
from projects.access import account_of
from projects.forms import AccountForm
from projects.heartbeats import GONE_AFTER, SCHEDULER
from projects.http import site_admin_view
from projects.models import Job, Project, WorkerHeartbeat
from projects.outlook import outlook_of
from projects.people import create_account, erase_account, renew_password, set_account_active

ROWS_A_PAGE = 50


@require_safe
@site_admin_view
def site(request: HttpRequest, admin: User) -> HttpResponse:
    """List every project with how many people work in it."""
    running = Q(memberships__ended_at=None, memberships__isnull=False)
    projects = Project.objects.annotate(
        n_members=Count("memberships", filter=running, distinct=True),
        n_admins=Count("memberships", filter=running & Q(memberships__role="admin"), distinct=True),
    ).order_by("name", "pk")
    mine = set(admin.memberships.filter(ended_at=None).values_list("project_id", flat=True))
    return render(request, "site/projects.html", {"projects": projects, "mine": mine, "tab": "projects"})


@never_cache
@site_admin_view
def site_accounts(request: HttpRequest, admin: User) -> HttpResponse:
    """List the accounts and make one; the first password is on this answer only."""
    form = AccountForm(request.POST or None)
    context: dict[str, object] = {"tab": "accounts"}
    if request.method == "POST" and form.is_valid():
        try:
            user, password = create_account(actor=admin, **form.cleaned_data)
            context |= {"given_to": user, "password": password}
            form = AccountForm()
        except DomainError as error:
            form.add_error("username", str(error.message))
    page = Paginator(_accounts(), ROWS_A_PAGE).get_page(request.GET.get("page"))
    context |= {"form": form, "page": page}
    return render(request, "site/accounts.html", context, status=422 if form.errors else 200)


def _accounts() -> "QuerySet[Any]":
    running = Q(memberships__ended_at=None, memberships__isnull=False)
    return (
        User.objects.filter(erased_at=None)
        .annotate(n_projects=Count("memberships", filter=running))
        .order_by("-is_active", "username")
    )


@never_cache
@require_POST
@site_admin_view
def site_account_password(request: HttpRequest, admin: User, user_id: UUID) -> HttpResponse:
    """Give an account a new first password, shown once."""
    user = account_of(admin, user_id)
    password = renew_password(user=user, actor=admin)
    page = Paginator(_accounts(), ROWS_A_PAGE).get_page(1)
    context = {"tab": "accounts", "form": AccountForm(), "page": page, "given_to": user, "password": password}
    return render(request, "site/accounts.html", context)


@require_POST
@site_admin_view
def site_account_close(request: HttpRequest, admin: User, user_id: UUID) -> HttpResponse:
    """Close an account for sign-in."""
    user = account_of(admin, user_id)
    set_account_active(user=user, is_active=False, actor=admin)
    messages.success(request, _("%(name)s can no longer sign in. Their work stays.") % {"name": user})
    return redirect("site-accounts")


@require_POST
@site_admin_view
def site_account_open(request: HttpRequest, admin: User, user_id: UUID) -> HttpResponse:
    """Open a closed account again."""
    user = account_of(admin, user_id)
    set_account_active(user=user, is_active=True, actor=admin)
    messages.success(request, _("%(name)s can sign in again.") % {"name": user})
    return redirect("site-accounts")


@require_POST
@site_admin_view
def site_account_erase(request: HttpRequest, admin: User, user_id: UUID) -> HttpResponse:
    """Erase an account for good."""
    user = account_of(admin, user_id)
    erase_account(user=user, actor=admin)
    messages.success(request, _("%(name)s was erased. Their work stays under a pseudonym.") % {"name": user})
    return redirect("site-accounts")


@require_safe
@site_admin_view
def site_jobs(request: HttpRequest, _admin: User) -> HttpResponse:
    """List the jobs of all projects: state and pace, nothing of what they treat."""
    found = Job.objects.select_related("project")
    page = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page"))
    rows = [outlook_of(job) for job in page.object_list]
    return render(request, "site/jobs.html", {"page": page, "rows": rows, "tab": "jobs"})


@require_safe
@site_admin_view
def site_health(request: HttpRequest, _admin: User) -> HttpResponse:
    """Show database, broker and every process that gives signs of life."""
    parts = wellbeing.examine()
    context = {
        "tab": "health",
        "parts": [(name, state == wellbeing.OK) for name, state in parts.items()],
        "beats": WorkerHeartbeat.objects.order_by("name"),
        "gone_after": GONE_AFTER.total_seconds(),
        "scheduler": SCHEDULER,
    }
    return render(request, "site/health.html", context)
