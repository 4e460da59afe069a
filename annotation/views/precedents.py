"""Precedents beside the guidelines: found by everybody, taken out of force by head annotators."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.access import precedent_of
from annotation.review.ruling import precedents_of, retire_precedent
from projects.access import Access
from projects.http import project_view
from projects.models import Role

PER_PAGE = 20
LONGEST_QUERY = 100


@require_GET
@project_view()
def precedents(request: HttpRequest, access: Access) -> HttpResponse:
    """List the precedents in force, or those that hold all the words looked for."""
    query = request.GET.get("q", "")[:LONGEST_QUERY].strip()
    paginator = Paginator(precedents_of(access.project, query=query), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "query": query,
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number),
        "may_retire": access.may_act_as(Role.HEAD),
        "crumbs": [{"label": _("Guidelines"), "url": reverse("guidelines", args=[access.project.slug])}],
    }
    return render(request, "annotation/questions/precedents.html", context)


@require_POST
@project_view(Role.HEAD)
def precedent_retire(request: HttpRequest, access: Access, precedent_id: UUID) -> HttpResponse:
    """Take a precedent out of force."""
    retire_precedent(precedent=precedent_of(access, precedent_id), head=access.user)
    messages.success(request, _("The precedent is out of force; it is kept."))
    return redirect("precedents", access.project.slug)
