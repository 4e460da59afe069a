"""Pages of releases: the list, the preflight, one release, its download."""

from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotation.captions.showing import found_captions
from annotation.progress.tallying import settle_tallies
from polyannot.kernel.errors import Missing
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role
from releases.access import release_of
from releases.comparing import compare_in_order
from releases.concerned import taken_down_from, withdrawn_since
from releases.detail_showing import shown_comparison, shown_files
from releases.extras import NOTHING_EXTRA, Extras
from releases.forms import ReleaseForm, WithdrawForm
from releases.freezing import KIND, ask_for_release
from releases.preflight import preflight
from releases.sending import bundle_of
from releases.texts_showing import told_texts

ROWS_A_PAGE = 40


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
    """Show what is missing or doubtful, and ask a worker to freeze and build.

    What is asked for beside what every release holds is looked through first: the page comes again with what it brings.
    """
    settle_tallies(access.project)
    kind = request.GET.get("as", "minor")
    form = ReleaseForm(request.POST or None, project=access.project, kind=kind)
    extras = form.extras if form.is_valid() else NOTHING_EXTRA
    if form.is_valid() and extras.named == request.POST.get("looked_through", ""):
        ask_for_release(project=access.project, asked_by=access.user, **form.cleaned_data)
        return redirect("releases", access.project.slug)
    findings = preflight(access.project, extras)
    context = {
        "form": form,
        "looked_through": extras.named,
        "findings": findings,
        "is_blocked": any(finding.is_blocking for finding in findings),
        "crumbs": [{"label": _("Releases"), "url": "../"}],
    }
    return render(request, "releases/new.html", context, status=422 if form.errors else 200)


@require_safe
@project_view(Role.ADMIN)
def release_finding(request: HttpRequest, access: Access, code: str) -> HttpResponse:
    """Show the captions, images or texts that one finding of the preflight concerns.

    Raises Missing where it found none.
    """
    settle_tallies(access.project)
    found = preflight(access.project, Extras(free_text=code.startswith("free_text")))
    finding = next((row for row in found if row.code == code and row.has_rows), None)
    if finding is None:
        raise Missing("finding_gone", _("The preflight finds nothing of this kind any more."))
    page: Page[Any] = Paginator(finding.listed, ROWS_A_PAGE).get_page(request.GET.get("page"))
    listed = list(page.object_list)
    context = {
        "finding": finding,
        "page": page,
        "rows": found_captions(access, listed) if finding.captions is not None else [],
        "texts": told_texts(listed) if finding.texts is not None else [],
        "crumbs": [
            {"label": _("Releases"), "url": "../../"},
            {"label": _("New release"), "url": "../../new/"},
        ],
    }
    return render(request, "releases/finding.html", context)


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def release_changes(request: HttpRequest, access: Access, release_id: UUID, other_id: UUID) -> HttpResponse:
    """Return the comparison of two releases as JSON."""
    comparison = compare_in_order(release_of(access, release_id), release_of(access, other_id))
    return JsonResponse(comparison.to_json(), json_dumps_params={"indent": 1, "ensure_ascii": False})


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def release_detail(request: HttpRequest, access: Access, release_id: UUID) -> HttpResponse:
    """Show a release with its files and checksums."""
    release = release_of(access, release_id)
    others = [row for row in access.project.releases.select_related("snapshot") if row.pk != release.pk]
    other = next((row for row in others if str(row.public_id) == request.GET.get("with")), None)
    context = {
        "release": release,
        "files": shown_files(release),
        "concerns": withdrawn_since(release),
        "others": others,
        "other": other,
        "comparison": shown_comparison(compare_in_order(release, other)) if other else None,
        "gone": taken_down_from(release),
        "form": WithdrawForm() if release.state == "built" and access.may_act_as(Role.ADMIN) else None,
        "crumbs": [{"label": _("Releases"), "url": "../"}],
    }
    return render(request, "releases/detail.html", context)


@require_safe
@project_view(Role.RESEARCHER, Role.HEAD)
def release_download(request: HttpRequest, access: Access, release_id: UUID) -> HttpResponseBase:
    """Stream the bundle; raises Missing until it is built or after it was withdrawn."""
    return bundle_of(release_of(access, release_id))
