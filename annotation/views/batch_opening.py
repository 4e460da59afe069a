"""Opening a batch: a form for each purpose, counts before it is opened."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from annotation.forms.batches import FORMS, FURTHER, NewBatchForm
from annotation.models import BatchPurpose
from annotation.working.batch_showing import (
    calibration_ahead,
    further_ahead,
    production_ahead,
    reannotation_ahead,
)
from annotation.working.furthering import open_further
from annotation.working.opening import open_batch, open_calibration
from annotation.working.reannotating import open_reannotation
from polyannot.kernel.errors import DomainError, Missing
from projects.access import Access
from projects.http import project_view
from projects.models import Project, Role

SEED_LIMIT = 2**31
NAMES: dict[str, Any] = {
    BatchPurpose.PRODUCTION: gettext_lazy("Production"),
    FURTHER: gettext_lazy("Further captions"),
    BatchPurpose.CALIBRATION: gettext_lazy("Calibration"),
    BatchPurpose.REANNOTATION: gettext_lazy("Re-annotation"),
}
# What a link to the form may fill in.
GIVEN_BY_ADDRESS = frozenset({"basis", "keys", "taken_by", "batch", "name"})


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def batch_new(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the form of a purpose; `preview` counts what the batch would ask, else it is opened."""
    purpose = request.POST.get("purpose") or request.GET.get("purpose") or BatchPurpose.PRODUCTION
    if purpose not in FORMS:
        raise Missing("purpose_missing", _("There is no such purpose of a batch."))
    initial = {name: value for name, value in request.GET.items() if name in GIVEN_BY_ADDRESS}
    sent = request.POST if request.method == "POST" else None
    form = FORMS[purpose](sent, project=access.project, initial=initial)
    if not form.is_valid():
        return _page(request, access, form, status=422 if form.errors else 200)
    try:
        if "preview" not in request.POST:
            return _opened(request, access, form)
        return _page(request, access, form, **_ahead(access.project, purpose, form.columns()))
    except DomainError as error:
        form.add_error(None, str(error.message))
        return _page(request, access, form, status=error.status)


def _opened(request: HttpRequest, access: Access, form: NewBatchForm) -> HttpResponse:
    acts: dict[str, Any] = {
        BatchPurpose.PRODUCTION: open_batch,
        FURTHER: open_further,
        BatchPurpose.CALIBRATION: open_calibration,
        BatchPurpose.REANNOTATION: open_reannotation,
    }
    batch = acts[form.purpose](
        project=access.project, actor=access.user, seed=secrets.randbelow(SEED_LIMIT), **form.columns()
    )
    messages.success(request, _("“%(name)s” is open.") % {"name": batch.name})
    return redirect("batches", access.project.slug)


def _ahead(project: Project, purpose: str, columns: dict[str, Any]) -> dict[str, Any]:
    if purpose == BatchPurpose.PRODUCTION:
        images, overlap = columns["images"], columns["overlap"]
        return {"ahead": production_ahead(project=project, images=images, overlap=overlap)}
    if purpose == FURTHER:
        wanted = {name: columns[name] for name in ("n_images", "overlap", "schema")}
        return {"ahead": further_ahead(project=project, **wanted)}
    if purpose == BatchPurpose.CALIBRATION:
        return {"ahead": calibration_ahead(project=project, n_images=columns["n_images"])}
    ahead, asked = reannotation_ahead(
        project=project,
        selection=columns["selection"],
        taken_by=columns["taken_by"],
        overlap=columns["overlap"],
    )
    return {"ahead": ahead, "asked": asked}


def _page(
    request: HttpRequest, access: Access, form: NewBatchForm, *, status: int = 200, **counts: Any
) -> HttpResponse:
    slug = access.project.slug
    context = {
        "form": form,
        "purpose": form.purpose,
        "guideline": access.project.guidelines.order_by("-number").first(),
        "tabs": [
            {
                "purpose": purpose,
                "label": NAMES[purpose],
                "url": f"{reverse('batch-new', args=[slug])}?purpose={purpose}",
            }
            for purpose in FORMS
        ],
        "crumbs": [{"label": _("Batches"), "url": reverse("batches", args=[slug])}],
        **counts,
    }
    return render(request, "annotation/batch_new.html", context, status=status)
