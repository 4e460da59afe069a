"""Finding by meaning: images by words, captions by words or by a picture."""

import time
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation.access import image_of
from annotation.forms.finding import FindForm
from annotation.machine.search.searching import (
    ask_for_words,
    cleaned_words,
    count_searchable,
    found_captions,
    found_images,
    near_ids,
    vector_of_image,
    vector_of_words,
)
from annotation.models import Encoder
from annotation.models.machine import Modality
from annotation.views.images import SEES_IMAGES
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

# So long the answer itself waits for a worker, then the page asks again; past the second time it says that none came.
WAITS_SECONDS, GIVES_UP_SECONDS = 0.25, 3.0
LOOKS_EVERY_SECONDS = 0.01


@require_safe
@never_cache
@project_view(*SEES_IMAGES)
def find(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what is nearest to some words."""
    form = FindForm(request.GET or None, project=access.project)
    words, state = request.GET.get("q", ""), {}
    if words.strip() and (encoder := form.chosen) is not None:
        try:
            state = _by_words(request, access, form, encoder, cleaned_words(words))
        except Invalid as error:
            form.add_error("q", str(error.message))
    return _page(request, access, form, state)


@require_safe
@project_view(*SEES_IMAGES)
def find_by_image(request: HttpRequest, access: Access, image_id: UUID) -> HttpResponse:
    """Show the captions of the project that are nearest to a picture, wherever they belong."""
    image = image_of(access, image_id)
    form = FindForm(request.GET or None, project=access.project)
    state: dict[str, Any] = {"image": image}
    if (encoder := form.chosen) is not None:
        vector = vector_of_image(encoder, image)
        state |= {"is_missing": True} if vector is None else _found(access, encoder, vector, Modality.TEXT)
        state["encoder"] = encoder
    return _page(request, access, form, state)


def _by_words(
    request: HttpRequest, access: Access, form: FindForm, encoder: Encoder, words: str
) -> dict[str, Any]:
    """Return what was found; while the words are not encoded, when to ask again, or that no worker answered."""
    asked_at = _asked_at(request)
    vector = vector_of_words(encoder, words)
    if vector is None:
        is_told = True
        if asked_at is None:
            asked_at, is_told = time.time(), ask_for_words(encoder, words)
        waits_until = time.monotonic() + WAITS_SECONDS
        while vector is None and is_told and time.monotonic() < waits_until:
            time.sleep(LOOKS_EVERY_SECONDS)
            vector = vector_of_words(encoder, words)
        if vector is None:
            is_over = not is_told or not 0 <= time.time() - asked_at < GIVES_UP_SECONDS
            again = request.GET.copy()
            again["asked"] = f"{asked_at:.2f}"
            return {"encoder": encoder, "is_over": is_over, "again": again.urlencode(), "waits": not is_over}
    modality = Modality.TEXT if form.finds_captions else Modality.IMAGE
    return {"encoder": encoder} | _found(access, encoder, vector, modality)


def _asked_at(request: HttpRequest) -> float | None:
    try:
        return float(request.GET["asked"])
    except (KeyError, ValueError):
        return None


def _found(access: Access, encoder: Encoder, vector: Any, modality: Modality) -> dict[str, Any]:
    n_there = count_searchable(access.project, encoder, modality)
    near = near_ids(
        project=access.project, encoder=encoder, modality=modality, vector=vector, n_there=n_there
    )
    rows = (
        {"images": found_images(near)} if modality == Modality.IMAGE else {"captions": found_captions(near)}
    )
    return {"n_there": n_there, "n_found": len(near), **rows}


def _page(request: HttpRequest, access: Access, form: FindForm, state: dict[str, Any]) -> HttpResponse:
    context = {
        "form": form,
        "tab": "find",
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "may_compute": access.may_act_as(Role.HEAD, Role.RESEARCHER),
        "here": reverse("find", args=[access.project.slug]),
        **state,
    }
    return render(request, "annotation/find.html", context)
