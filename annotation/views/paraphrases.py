"""Paraphrases asked of a language model: where captions would go, a new job, and what came of the others."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.paraphrases import ParaphrasesForm
from annotation.machine.showing import asked
from annotation.paraphrasing import showing
from annotation.paraphrasing.asking import PRESETS, ask_for_paraphrases
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from projects.views.jobs import progress_context

JOBS_A_PAGE = 25


def _page(request: HttpRequest, access: Access, form: ParaphrasesForm) -> HttpResponse:
    page = Paginator(showing.jobs_of(access.project), JOBS_A_PAGE).get_page(request.GET.get("page"))
    job = showing.active_job(access.project)
    waiting, n_edits = showing.waiting_captions(access.project)
    context = (progress_context(access, job) if job is not None else {}) | {
        "tab": "captions",
        "form": form,
        "endpoint": showing.shown_endpoint(),
        "waiting": waiting,
        "n_edits": n_edits,
        "presets": PRESETS,
        "page": page,
        "rows": showing.shown_jobs(access.project, list(page.object_list)),
        "may_ask": access.may_act_as(Role.HEAD, Role.ADMIN),
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "crumbs": [{"label": _("Captions"), "url": reverse("captions", args=[access.project.slug])}],
    }
    status = 422 if form.errors else 200
    return render(request, "annotation/captions/paraphrases.html", context, status=status)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER, Role.ADMIN)
def paraphrases(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what would be asked of whom, and the jobs so far."""
    return _page(request, access, ParaphrasesForm())


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def paraphrases_run(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for paraphrases of the good captions that have too few."""
    form = ParaphrasesForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_paraphrases(
            project=access.project,
            actor=access.user,
            parameters=form.parameters,
            seed=form.cleaned_data["seed"],
        ),
    ):
        return _page(request, access, form)
    messages.success(
        request, _("Asked for; a worker sends the captions one by one. People grade what comes back.")
    )
    return redirect("captions-paraphrases", access.project.slug)
