"""Sets of labels: listed, made from a preset, changed, retired."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.access import label_schema_of
from annotation.forms.schemas import LabelRows, SchemaForm, rows_of, schema_form
from annotation.models import LabelSchema
from annotation.rules.label_presets import PRESETS
from annotation.rules.label_schemas import (
    change_schema,
    is_in_use,
    make_schema,
    restore_schema,
    retire_schema,
)
from polyannot.kernel.errors import DomainError
from projects.access import Access
from projects.http import project_view
from projects.models import Role


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def label_schemas(request: HttpRequest, access: Access) -> HttpResponse:
    """List the sets of labels with their labels and how many batches use them."""
    rows = (
        LabelSchema.objects.filter(project=access.project)
        .annotate(n_batches=Count("batches"))
        .prefetch_related("labels")
        .order_by("retired_at", "pk")
    )
    context = {"rows": rows, "presets": PRESETS.items()}
    return render(request, "annotation/schemas/list.html", context)


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def label_schema_new(request: HttpRequest, access: Access) -> HttpResponse:
    """Make a set of labels, beginning from the preset that the address names."""
    preset = PRESETS.get(request.GET.get("preset", ""), PRESETS["nominal"])
    typed = request.POST or None
    form, rows = schema_form(preset, typed), rows_of(preset.labels, typed)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            make_schema(project=access.project, actor=access.user, labels=rows.given(), **form.cleaned_data)
            messages.success(request, _("The set of labels is there; new batches can ask for it."))
            return redirect("label-schemas", access.project.slug)
        except DomainError as error:
            form.add_error(None, str(error.message))
    return _form_page(request, access, form, rows, schema=None)


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def label_schema(request: HttpRequest, access: Access, schema_id: UUID) -> HttpResponse:
    """Show one set of labels and change it; one in use keeps what its labels mean."""
    schema = label_schema_of(access, schema_id)
    typed, used = request.POST or None, is_in_use(schema)
    form, rows = schema_form(schema, typed), rows_of(list(schema.labels.all()), typed, is_in_use=used)
    if used:
        form.fields["level"].disabled = form.fields["compares_paraphrases"].disabled = True
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            change_schema(schema=schema, actor=access.user, labels=rows.given(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("label-schemas", access.project.slug)
        except DomainError as error:
            form.add_error(None, str(error.message))
    return _form_page(request, access, form, rows, schema=schema)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def label_schema_retire(request: HttpRequest, access: Access, schema_id: UUID) -> HttpResponse:
    """Offer a set of labels to no new batch."""
    retire_schema(schema=label_schema_of(access, schema_id), actor=access.user)
    messages.success(request, _("New batches are no longer offered these labels; running ones go on."))
    return redirect("label-schemas", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def label_schema_restore(request: HttpRequest, access: Access, schema_id: UUID) -> HttpResponse:
    """Offer a retired set of labels again."""
    restore_schema(schema=label_schema_of(access, schema_id), actor=access.user)
    messages.success(request, _("New batches can ask for these labels again."))
    return redirect("label-schemas", access.project.slug)


def _form_page(
    request: HttpRequest, access: Access, form: SchemaForm, rows: LabelRows, *, schema: LabelSchema | None
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "schema": schema,
        "is_in_use": rows.is_in_use,
        "crumbs": [{"label": _("Labels"), "url": reverse("label-schemas", args=[access.project.slug])}],
    }
    has_errors = bool(form.errors or (rows.is_bound and not rows.is_valid()))
    return render(request, "annotation/schemas/form.html", context, status=422 if has_errors else 200)
