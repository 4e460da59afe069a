"""Candidate pools from a corpus: a search, what each threshold would bring, and the captions that come in."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.pools import FillForm, LeakageForm, SearchForm
from annotation.machine import leakage_showing, pools_showing
from annotation.machine.ml_requests import ask_for_neighbours, ask_for_pools
from annotation.machine.neighbours import corpora, search_of
from annotation.machine.showing import refused
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from projects.views.jobs import progress_context


def pools_page(
    request: HttpRequest,
    access: Access,
    form: SearchForm,
    fill_form: FillForm | None = None,
    leakage_form: LeakageForm | None = None,
    *,
    search_id: str = "",
) -> HttpResponse:
    """Answer the page of the corpora with these forms; 422 where one of them has errors."""
    found = pools_showing.searches(access.project)
    shown = search_of(access.project, search_id) if search_id else next(iter(found), None)
    search = pools_showing.shown_search(shown) if shown is not None else None
    if search is not None and fill_form is None and search.thresholds:
        initial = {"threshold": f"{search.best.threshold:.2f}"} if search.best else {}
        fill_form = FillForm(rows=search.thresholds, initial=initial)
    job = pools_showing.active_work(access.project)
    context = (progress_context(access, job) if job is not None else {}) | {
        "tab": "pools",
        "form": form,
        "fill_form": fill_form,
        "corpora": corpora(),
        "search": search,
        "searches": found,
        "fillings": pools_showing.fillings(access.project),
        "leakage_form": leakage_form or LeakageForm(),
        "leakages": list(leakage_showing.leakages_of(access.project)[: pools_showing.JOBS_SHOWN]),
    }
    has_errors = any(each is not None and each.errors for each in (form, fill_form, leakage_form))
    return render(request, "annotation/pools.html", context, status=422 if has_errors else 200)


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def pools(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the latest search, or the one that the address names."""
    return pools_page(request, access, SearchForm(), search_id=request.GET.get("search", ""))


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def pools_search(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the nearest images of a corpus; no caption comes in yet."""
    form = SearchForm(request.POST)
    if form.is_valid():
        try:
            ask_for_neighbours(project=access.project, actor=access.user, parameters=form.cleaned_data)
        except Invalid as error:
            refused(form, error)
    if form.errors:
        return pools_page(request, access, form)
    messages.success(request, _("Asked for; a model worker searches the corpus. No caption comes in yet."))
    return redirect("pools", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def pools_fill(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Ask for the captions of a search from a threshold on."""
    search = pools_showing.shown_search(search_of(access.project, str(job_id)))
    form = FillForm(request.POST, rows=search.thresholds)
    if not form.is_valid():
        return pools_page(request, access, SearchForm(), form, search_id=str(job_id))
    threshold = float(form.cleaned_data["threshold"])
    ask_for_pools(project=access.project, actor=access.user, search=str(job_id), threshold=threshold)
    messages.success(request, _("Asked for; the captions come into the pools."))
    return redirect("pools", access.project.slug)
