"""Making a project, by a site admin."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.forms.images import NewProjectForm
from annotation.rules.starting import start_project
from polyannot.kernel.errors import Conflict
from polyannot.kernel.text import one_line
from projects.http import site_admin_view


@site_admin_view
def site_project_new(request: HttpRequest, admin: User) -> HttpResponse:
    """Take name, address and admin of a new project."""
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        person = User.objects.filter(username=one_line(values.pop("admin")), is_active=True).first()
        if person is None:
            form.add_error("admin", _("Nobody signs in with this name."))
        else:
            try:
                start_project(admin=person, actor=admin, **values)
                messages.success(request, _("The project was made; its admin can begin."))
                return redirect("site")
            except Conflict as error:
                form.add_error("slug", str(error.message))
    return render(request, "site/project_new.html", {"form": form}, status=422 if form.errors else 200)
