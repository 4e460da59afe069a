"""Pages of releases: the list, the preflight, one release, its download."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role
from releases.access import release_of
from releases.comparing import compare_in_order
from releases.concerned import withdrawn_since
from releases.forms import ReleaseForm
from releases.freezing import KIND, ask_for_release
from releases.preflight import preflight
from releases.sending import bundle_of


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def releases(request: HttpRequest, access: Access) -> HttpResponse:
    """List the releases and the work on the next one."""
    context = {
        "releases": access.project.releases.select_related("bundle"),
        "jobs": Job.objects.filter(
            project=access.project, kind=KIND, state__in=["waiting", "running", "failed"]
        )[:3],
        "may_release": access.may_act_as(Role.ADMIN),
    }
    return render(request, "releases/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.ADMIN)
def release_new(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what is missing or doubtful, and ask a worker to freeze and build."""
    form = ReleaseForm(request.POST or None, project=access.project)
    if request.method == "POST" and form.is_valid():
        ask_for_release(project=access.project, asked_by=access.user, **form.cleaned_data)
        return redirect("releases", access.project.slug)
    findings = preflight(access.project)
    context = {
        "form": form,
        "findings": findings,
        "is_blocked": any(finding.is_blocking for finding in findings),
        "crumbs": [{"label": _("Releases"), "url": "../"}],
    }
    return render(request, "releases/new.html", context, status=422 if form.errors else 200)


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def release_detail(request: HttpRequest, access: Access, release_id: UUID) -> HttpResponse:
    """Show a release with its files and checksums."""
    release = release_of(access, release_id)
    others = [row for row in access.project.releases.select_related("snapshot") if row.pk != release.pk]
    other = next((row for row in others if str(row.public_id) == request.GET.get("with")), None)
    context = {
        "release": release,
        "files": release.files.all(),
        "concerns": withdrawn_since(release),
        "others": others,
        "comparison": compare_in_order(release, other) if other else None,
        "crumbs": [{"label": _("Releases"), "url": "../"}],
    }
    return render(request, "releases/detail.html", context)


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def release_download(request: HttpRequest, access: Access, release_id: UUID) -> HttpResponseBase:
    """Stream the bundle; raises Missing until it is built or after it was withdrawn."""
    return bundle_of(release_of(access, release_id))
