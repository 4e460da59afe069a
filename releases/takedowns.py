"""Pages of what was taken down or withdrawn after a release held it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.access import Access
from projects.http import project_view
from projects.models import Role
from releases.access import release_of
from releases.concerned import IMAGE, newest_without_it, taken_down, withdrawn_since
from releases.forms import TakeDownForm, WithdrawForm
from releases.freezing import next_numbers
from releases.taking_down import take_down_caption, take_down_image, withdraw_release


def _page(request: HttpRequest, access: Access, form: TakeDownForm) -> HttpResponse:
    releases = list(access.project.releases.select_related("project"))
    context = {
        "form": form,
        "gone": taken_down(access.project),
        "people": [(release, found) for release in releases if (found := withdrawn_since(release))],
        "withdrawn": [release for release in releases if release.state == "withdrawn"],
        "without": newest_without_it(access.project),
        "next_patch": next_numbers(access.project).get("patch"),
        "may_act": access.may_act_as(Role.ADMIN),
        "crumbs": [{"label": _("Releases"), "url": "../"}],
    }
    return render(request, "releases/taken_down.html", context, status=422 if form.errors else 200)


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def takedowns(request: HttpRequest, access: Access) -> HttpResponse:
    """List what releases hold that has left since, with the releases concerned and the next patch version."""
    return _page(request, access, TakeDownForm())


@require_POST
@project_view(Role.ADMIN)
def take_down(request: HttpRequest, access: Access) -> HttpResponse:
    """Take an image or a caption down."""
    form = TakeDownForm(request.POST)
    if not form.is_valid():
        return _page(request, access, form)
    told = form.cleaned_data
    if told["what"] == IMAGE:
        take_down_image(project=access.project, key=told["key"], actor=access.user, why=told["why"])
    else:
        take_down_caption(
            project=access.project, key=told["key"], actor=access.user, kind=told["kind"], why=told["why"]
        )
    messages.success(request, _("Taken down. The next release leaves it out and says so."))
    return redirect("release-takedowns", access.project.slug)


@require_POST
@project_view(Role.ADMIN)
def release_withdraw(request: HttpRequest, access: Access, release_id: UUID) -> HttpResponse:
    """Withdraw a release."""
    release = release_of(access, release_id)
    form = WithdrawForm(request.POST)
    why = form.cleaned_data["why"] if form.is_valid() else ""
    withdraw_release(release=release, actor=access.user, why=why)
    messages.success(request, _("Withdrawn. What it held and its checksums stay listed."))
    return redirect("release-detail", access.project.slug, release.public_id)
