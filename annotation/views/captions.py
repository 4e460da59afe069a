"""Captions as a body of text: searching them, and keeping searches under a name."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import saved_filter_of
from annotation.captions.saving_filters import delete_filter, save_filter
from annotation.captions.searching import captions_found
from annotation.captions.showing import FoundCaption, Page, found_captions, page_of
from annotation.forms.captions import CaptionFilterForm, SaveFilterForm
from annotation.models import Caption, SavedFilter
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

SEES_CAPTIONS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)
CAPTIONS_A_PAGE = 40


@require_safe
@project_view(*SEES_CAPTIONS)
def captions(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the captions that the filters in the address name."""
    form = CaptionFilterForm(request.GET, access=access)
    wanted = form.wanted
    page = page_of(
        captions_found(access, wanted),
        size=CAPTIONS_A_PAGE,
        before=_place(request, access, "before"),
        after=_place(request, access, "after"),
    )
    rows = found_captions(access, page.captions)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse(_as_json(access, page, rows))
    saved = SavedFilter.objects.filter(Q(owner=access.user) | Q(is_shared=True), project=access.project)
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "query": wanted.query,
        "saved": saved.select_related("owner"),
        "save_form": SaveFilterForm(initial={"query": wanted.query}),
        "has_any": bool(page.total) or Caption.objects.filter(project=access.project).exists(),
        "may_fix": access.may_act_as(Role.HEAD, Role.RESEARCHER),
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "tab": "captions",
    }
    return render(request, "annotation/captions/search.html", context)


def _place(request: HttpRequest, access: Access, name: str) -> int | None:
    """Return the row id of the caption that the address names as a place in the list; None for none."""
    try:
        public_id = UUID(request.GET.get(name, ""))
    except ValueError:
        return None
    found = Caption.objects.filter(project=access.project, public_id=public_id)
    return found.values_list("pk", flat=True).first()


def _as_json(access: Access, page: Page, rows: list[FoundCaption]) -> dict[str, Any]:
    return {
        "total": page.total,
        "after": str(page.captions[-1].public_id) if page.has_after else None,
        "captions": [
            {
                "id": str(row.caption.public_id),
                "key": row.caption.key,
                "image": row.caption.image.key,
                "text": row.standing.text,
                "version": str(row.standing.public_id),
                "verdict": row.standing.verdict,
                "drop_reason": row.caption.drop_reason,
                "source": row.caption.source,
                "licence": row.caption.licence,
                "address": reverse("caption", args=[access.project.slug, row.caption.public_id]),
            }
            for row in rows
        ],
    }


@require_POST
@project_view(*SEES_CAPTIONS)
def filter_save(request: HttpRequest, access: Access) -> HttpResponse:
    """Keep the filter of a search under a name."""
    form = SaveFilterForm(request.POST)
    if not form.is_valid():
        raise Invalid("filter_name", _("Give the filter a name; nothing was saved."))
    saved = save_filter(access=access, **form.cleaned_data)
    messages.success(request, _("The filter is kept as %(name)s.") % {"name": saved.name})
    return redirect(f"{reverse('captions', args=[access.project.slug])}?{saved.query}")


@require_POST
@project_view(*SEES_CAPTIONS)
def filter_delete(request: HttpRequest, access: Access, filter_id: UUID) -> HttpResponse:
    """Remove one's own filter."""
    saved = saved_filter_of(access, filter_id)
    delete_filter(saved=saved, access=access)
    messages.success(
        request, _("The filter %(name)s is gone; no caption was changed.") % {"name": saved.name}
    )
    return redirect("captions", access.project.slug)
