"""Known answers: listed by use, drawn from final labels, chosen by hand, changed, retired."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.access import known_answer_of, label_schema_of, version_of
from annotation.forms.known_answers import DrawForm, KnownAnswerForm, NewKnownAnswerForm
from annotation.models import KnownAnswer, KnownUse
from annotation.rules.known_answers import (
    adjudicated_pairs,
    change_known_answer,
    draw_known_answers,
    make_known_answer,
    retire_known_answer,
    usual_tolerance,
    waits,
)
from annotation.rules.taking_examples import take_example
from polyannot.kernel.errors import DomainError, Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

ROWS_A_PAGE = 30


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def known_answers(request: HttpRequest, access: Access) -> HttpResponse:
    """List the known answers of one use, with how many of the answers given to them were right."""
    use = request.GET.get("use", "")
    use = use if use in KnownUse.values else KnownUse.EXAMPLE
    in_use = KnownAnswer.objects.in_use().filter(project=access.project)
    counts = dict(in_use.order_by().values_list("use").annotate(Count("pk")))
    rows = (
        in_use.filter(use=use)
        .select_related("version__image", "schema", "made_by")
        .annotate(
            n_answers=Count("answers"),
            n_right=Count("answers", filter=Q(answers__is_right=True)),
            is_waiting=waits(),
        )
        .order_by("-pk")
    )
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    form = DrawForm(project=access.project, initial={"use": use})
    context = {
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "uses": [(key, name, counts.get(key, 0)) for key, name in KnownUse.choices],
        "use": use,
        "form": form,
        "n_drawable": sum(
            adjudicated_pairs(schema).count() for schema in access.project.label_schemas.offered()
        ),
    }
    return render(request, "annotation/known/list.html", context)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def known_answers_draw(request: HttpRequest, access: Access) -> HttpResponse:
    """Take adjudicated pairs as known answers."""
    form = DrawForm(request.POST, project=access.project)
    if not form.is_valid():
        raise Invalid("draw_malformed", _("Choose what the pairs are for, and how many."))
    rows = draw_known_answers(actor=access.user, seed=secrets.randbelow(2**31), **form.cleaned_data)
    told = ngettext("%(n)d pair was taken.", "%(n)d pairs were taken.", len(rows)) % {"n": len(rows)}
    messages.success(request, told)
    return redirect(f"{reverse('known-answers', args=[access.project.slug])}?use={rows[0].use}")


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def known_answer(request: HttpRequest, access: Access, known_id: UUID) -> HttpResponse:
    """Show one known answer; change what it is for and why its label is right."""
    known = known_answer_of(access, known_id)
    initial = {"use": known.use, "explanation": known.explanation, "tolerance": known.tolerance}
    form = KnownAnswerForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_known_answer(known=known, actor=access.user, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect(_listed(access, changed))
        except DomainError as error:
            form.add_error(None, str(error.message))
    context = {"form": form, "known": known, "version": known.version, "crumbs": _crumbs(access)}
    return render(request, "annotation/known/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def known_answer_new(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Keep a pair with its right label, chosen by hand."""
    version = version_of(access, version_id)
    form = NewKnownAnswerForm(request.POST or None, project=access.project)
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = dict(form.cleaned_data)
        schema_id, _colon, values["label"] = values["label"].partition(":")
        schema = label_schema_of(access, UUID(schema_id))
        values["tolerance"] = values["tolerance"] or usual_tolerance(schema)
        try:
            known = make_known_answer(version=version, schema=schema, actor=access.user, **values)
            messages.success(request, _("The pair is a known answer now."))
            return redirect(_listed(access, known))
        except DomainError as error:
            form.add_error(None, str(error.message))
    context = {"form": form, "known": None, "version": version, "crumbs": _crumbs(access)}
    return render(request, "annotation/known/form.html", context, status=422 if form.errors else 200)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def known_answer_example(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Take a decided pair as an example with its final or accepted label, and go to where a reason can be added."""
    known = take_example(version=version_of(access, version_id), actor=access.user)
    messages.success(request, _("Taken as an example. Say here why the label is right, if you like."))
    return redirect("known-answer", access.project.slug, known.public_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def known_answer_retire(request: HttpRequest, access: Access, known_id: UUID) -> HttpResponse:
    """Use a known answer no more."""
    known = known_answer_of(access, known_id)
    retire_known_answer(known=known, actor=access.user)
    messages.success(request, _("Retired; what people answered to it stays."))
    return redirect(_listed(access, known))


def _listed(access: Access, known: KnownAnswer) -> str:
    return f"{reverse('known-answers', args=[access.project.slug])}?use={known.use}"


def _crumbs(access: Access) -> list[dict[str, str]]:
    return [{"label": _("Known answers"), "url": reverse("known-answers", args=[access.project.slug])}]
