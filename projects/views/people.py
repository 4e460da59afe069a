"""People of a project: who may do what in it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from polyannot.kernel.errors import DomainError, Invalid
from projects.access import Access, membership_of
from projects.forms import LetInForm, RoleForm
from projects.founding import end_membership, set_role
from projects.http import project_view
from projects.models import Membership, Role
from projects.people import let_in


@project_view(Role.ADMIN)
def people(request: HttpRequest, access: Access) -> HttpResponse:
    """List who works here, and let somebody in."""
    form = LetInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = let_in(project=access.project, actor=access.user, **form.cleaned_data)
            messages.success(request, _("%(name)s works in the project now.") % {"name": made.user})
            return redirect("people", access.project.slug)
        except DomainError as error:
            form.add_error("username", str(error.message))
    members = Membership.objects.filter(project=access.project).select_related("user").order_by("joined_at")
    context = {
        "form": form,
        "running": [row for row in members if row.ended_at is None],
        "ended": [row for row in members if row.ended_at is not None],
        "roles": Role.choices,
    }
    return render(request, "projects/people.html", context, status=422 if form.errors else 200)


@require_POST
@project_view(Role.ADMIN)
def people_role(request: HttpRequest, access: Access, user_id: UUID) -> HttpResponse:
    """Give somebody another role."""
    membership = membership_of(access, user_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Invalid("role_unknown", _("Choose one of the roles; nothing was changed."))
    set_role(project=access.project, user=membership.user, role=form.cleaned_data["role"], actor=access.user)
    messages.success(request, _("The role of %(name)s was changed.") % {"name": membership.user})
    return redirect("people", access.project.slug)


@require_POST
@project_view(Role.ADMIN)
def people_end(request: HttpRequest, access: Access, user_id: UUID) -> HttpResponse:
    """End somebody's work in the project."""
    membership = membership_of(access, user_id)
    end_membership(project=access.project, user=membership.user, actor=access.user)
    messages.success(
        request,
        _("%(name)s no longer works in the project. Their judgments stay theirs.")
        % {"name": membership.user},
    )
    return redirect("people", access.project.slug)
