"""What changed texts left behind, by kind, and asking for it anew."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.captions.showing import found_captions
from annotation.captions.staleness import StaleKind, stale_kinds, stale_of
from annotation.captions.staleness import recompute as ask_anew
from annotation.views.captions import SEES_CAPTIONS
from projects.access import Access
from projects.http import project_view
from projects.models import Role

CAPTIONS_A_PAGE = 25


@require_safe
@project_view(*SEES_CAPTIONS)
def stale(request: HttpRequest, access: Access) -> HttpResponse:
    """Show how many captions are out of date, by kind, and those of one kind."""
    counted = [(one, one.captions.count()) for one in stale_kinds(access.project)]
    chosen = request.GET.get("kind", "")
    if chosen not in StaleKind.values:
        chosen = next((one.kind.value for one, n in counted if n), StaleKind.SIMILARITIES.value)
    captions = stale_of(access.project, StaleKind(chosen)).captions.select_related("image")
    page = Paginator(captions, CAPTIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "kinds": counted,
        "chosen": chosen,
        "page": page,
        "rows": found_captions(access, list(page.object_list)),
        "may_recompute": access.may_act_as(Role.HEAD, Role.RESEARCHER),
        "may_open": access.may_act_as(Role.HEAD, Role.ADMIN),
        "crumbs": [{"label": _("Captions"), "url": reverse("captions", args=[access.project.slug])}],
    }
    return render(request, "annotation/captions/stale.html", context)


@require_POST
@project_view(Role.HEAD, Role.RESEARCHER)
def recompute(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask a worker for one kind anew."""
    job = ask_anew(project=access.project, actor=access.user, kind=request.POST.get("kind", ""))
    messages.success(request, _("Asked for; a model worker takes it as soon as it is free."))
    return redirect("job-detail", access.project.slug, job.public_id)
