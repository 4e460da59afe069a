"""Settings of a project."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects.access import Access
from projects.changing import change_settings
from projects.forms import SettingsForm
from projects.http import project_view
from projects.models import Project, Role


@project_view(Role.ADMIN)
def settings(request: HttpRequest, access: Access) -> HttpResponse:
    """Show and change name, description and targets."""
    row = Project.objects.get(pk=access.project.pk)
    form = SettingsForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        changed = change_settings(project=access.project, actor=access.user, values=form.cleaned_data)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("settings", access.project.slug)
    return render(request, "projects/settings.html", {"form": form}, status=422 if form.errors else 200)
