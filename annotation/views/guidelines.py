"""Guidelines: read by everybody, published by head annotators, every version kept."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from annotation.access import guideline_of
from annotation.forms.annotate import GuidelineForm
from annotation.models import Guideline
from annotation.review.ruling import precedents_of
from annotation.rules.onboarding_showing import standing_of
from annotation.rules.starting import publish_guidelines
from annotation.rules.taking_examples import examples_of
from polyannot.kernel.errors import Conflict
from polyannot.kernel.markdown import render_markdown
from projects.access import Access
from projects.http import project_view
from projects.models import Role

# The newest precedents stand beside the guidelines; the rest is one click away.
PRECEDENTS_BESIDE = 6


def _page(request: HttpRequest, access: Access, guideline: Guideline | None) -> HttpResponse:
    newest = access.project.guidelines.order_by("-number").first()
    standing = standing_of(project=access.project, person=access.user)
    asks = access.role == Role.ANNOTATOR and (standing.step == "read" or bool(standing.changes))
    context = {
        "guideline": guideline,
        "guideline_html": render_markdown(guideline.text) if guideline else "",
        "versions": access.project.guidelines.select_related("author").order_by("-number"),
        "precedents": precedents_of(access.project)[:PRECEDENTS_BESIDE],
        "examples": examples_of(access.project),
        "may_confirm": asks and guideline is not None and guideline == newest,
        "may_publish": access.may_act_as(Role.HEAD),
    }
    return render(request, "annotation/guidelines.html", context)


@require_GET
@project_view()
def guidelines(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the guidelines in force."""
    return _page(request, access, access.project.guidelines.order_by("-number").first())


@require_GET
@project_view()
def guideline_version(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    """Show one version of the guidelines."""
    return _page(request, access, guideline_of(access, number))


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD)
def guideline_publish(request: HttpRequest, access: Access) -> HttpResponse:
    """Write the next version: `preview` shows it, `publish` puts it in force."""
    last = access.project.guidelines.order_by("-number").first()
    number, text = (last.number, last.text) if last else (0, "")
    if request.method == "GET":
        return _form_page(request, GuidelineForm(initial={"text": text, "based_on": number}), number)
    form = GuidelineForm(request.POST)
    if not form.is_valid() or "publish" not in request.POST:
        return _form_page(request, form, number, status=200 if form.is_valid() else 422)
    given = form.cleaned_data
    try:
        publish_guidelines(
            project=access.project,
            text=given["text"],
            author=access.user,
            change_note=given["change_note"],
            is_major=given["is_major"],
            based_on=given["based_on"],
        )
    except Conflict as error:
        form.add_error(None, str(error.message))
        return _form_page(request, form, number, status=409)
    messages.success(request, _("Published. Batches opened from now on follow this version."))
    return redirect("guidelines", access.project.slug)


def _form_page(request: HttpRequest, form: GuidelineForm, number: int, *, status: int = 200) -> HttpResponse:
    text: Any = form["text"].value() or ""
    context = {"form": form, "number": number, "preview_html": render_markdown(str(text))}
    return render(request, "annotation/guidelines_publish.html", context, status=status)
