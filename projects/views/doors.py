"""The start page: the projects that a person works in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from projects.access import Access, projects_of
from projects.http import project_view, signed_in_view
from projects.models import Role


@signed_in_view
def home(request: HttpRequest, user: User) -> HttpResponse:
    """List the projects of the person; go straight into the only one."""
    memberships = list(projects_of(user))
    if len(memberships) == 1 and not user.is_site_admin:
        return redirect("project-door", memberships[0].project.slug)
    return render(request, "projects/home.html", {"memberships": memberships})


@project_view()
def project_door(request: HttpRequest, access: Access) -> HttpResponse:
    """Send a member to where their work is."""
    place = "annotate-home" if access.role == Role.ANNOTATOR else "project-home"
    return redirect(place, access.project.slug)
