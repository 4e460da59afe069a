"""Adjudication: one pair at a time on which annotators differ, and its final label."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.access import label_schema_of, version_of
from annotation.captions.editing import decide_edit, kind_names, word_difference
from annotation.forms.review import AdjudicateForm
from annotation.models import Adjudication, CaptionVersion, Judgment, VersionState
from annotation.review.adjudicating import adjudicate, schemas_judged, undecided_versions
from annotation.working.showing import original_texts
from polyannot.kernel.errors import Conflict, Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _undecided(access: Access) -> list[int]:
    return list(undecided_versions(access.project).values_list("pk", flat=True))


@require_GET
@never_cache
@project_view(Role.HEAD)
def adjudicate_next(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the first pair on which annotators differ and nobody has decided."""
    waiting = _undecided(access)
    return _page(request, access, waiting[0] if waiting else None, waiting)


@require_GET
@never_cache
@project_view(Role.HEAD)
def adjudicate_pair(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Show one pair, decided or not."""
    return _page(request, access, version_of(access, version_id).pk, _undecided(access))


@require_POST
@project_view(Role.HEAD)
def adjudicate_decide(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Give the final label and go on to the next pair at once; stay where somebody else was faster."""
    version = version_of(access, version_id)
    form = AdjudicateForm(request.POST)
    if not form.is_valid():
        raise Invalid("label_needed", _("Choose a final label; nothing was saved."))
    before = _undecided(access)
    asked = form.cleaned_data.pop("schema")
    schema = label_schema_of(access, asked) if asked else None
    form.cleaned_data["seen"] = request.POST.get("seen")
    try:
        adjudicate(version=version, head=access.user, schema=schema, **form.cleaned_data)
    except Conflict as refusal:
        told = str(refusal.message)
        return _page(request, access, version.pk, before, told=told, note=form.cleaned_data["note"])
    waiting = [pk for pk in before if pk != version.pk]
    following = _after(version.pk, before) if waiting else None
    if request.headers.get("HX-Request"):
        return _page(request, access, following, waiting, last=version)
    if following is None:
        return redirect("adjudicate", access.project.slug)
    return redirect(_address(access, CaptionVersion.objects.get(pk=following)))


@require_POST
@project_view(Role.HEAD)
def adjudicate_edit(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Accept or reject an edit that an annotator made of the pair, and stay with the pair."""
    edited = version_of(access, version_id)
    decide_edit(version=edited, reviewer=access.user, accept=request.POST.get("act") == "accept")
    base = edited.parent or edited
    if request.headers.get("HX-Request"):
        return _page(request, access, base.pk, _undecided(access))
    return redirect(_address(access, base))


def _address(access: Access, version: CaptionVersion) -> str:
    return reverse("adjudicate-pair", args=[access.project.slug, version.public_id])


def _after(current: int, waiting: list[int]) -> int | None:
    """Return the pair after this one, the first after the last; None when there is no other."""
    if current not in waiting:
        return waiting[0] if waiting else None
    following = waiting[(waiting.index(current) + 1) % len(waiting)]
    return None if following == current else following


def _page(
    request: HttpRequest,
    access: Access,
    shown: int | None,
    waiting: list[int],
    last: CaptionVersion | None = None,
    **told: str,
) -> HttpResponse:
    """Show a pair; with what is `told` of a refusal and the `note` that was written, as a conflict."""
    context: dict[str, Any] = {
        **told,
        "n_waiting": len(waiting),
        "last": last,
        "last_url": _address(access, last) if last else "",
        "crumbs": [{"label": _("Review"), "url": reverse("review-home", args=[access.project.slug])}],
    }
    if shown is not None:
        version = CaptionVersion.objects.select_related("image", "caption").get(pk=shown)
        following = _after(shown, waiting)
        context |= _pair(version, request.GET.get("labels", "")) | {
            "skip_url": _address(access, CaptionVersion.objects.get(pk=following)) if following else "",
        }
    is_part = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "adjudicate-pair"
    template = "annotation/adjudicate/adjudicate_pair.html" if is_part else "annotation/adjudicate/page.html"
    return render(request, template, context, status=409 if told else 200)


def _pair(version: CaptionVersion, asked: str) -> dict[str, Any]:
    """Return what is shown of a pair: every annotator's last word, with note and edit, and the final label.

    Of a pair judged with several sets of labels, the one whose public id was asked for, else the deciding one.
    """
    schemas = schemas_judged(version)
    schema = next((row for row in schemas if str(row.public_id) == asked), schemas[0] if schemas else None)
    judgments = list(
        Judgment.objects.current()
        .filter(version=version, schema=schema)
        .select_related("annotator", "edited_version")
        .order_by("annotator_id", "pk")
    )
    finals = Adjudication.objects.filter(version=version, schema=schema, is_current=True)
    return {
        "version": version,
        "original": original_texts([version]).get(version.caption_id, ""),
        "schema": schema,
        "schemas": schemas,
        "sides": [
            {
                "judgment": judgment,
                "edited": edited,
                "changes": word_difference(version.text, edited.text) if edited else [],
                "kinds": kind_names(edited.kinds) if edited else "",
                "is_open": edited is not None and edited.state == VersionState.PROPOSED,
            }
            for judgment in judgments
            for edited in [judgment.edited_version]
        ],
        "labels": list(schema.labels.all()) if schema else [],
        "final": finals.select_related("adjudicator").first(),
    }
