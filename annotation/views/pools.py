"""Candidate pools from a corpus: a search, what each threshold would bring, and the captions that come in."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.pools import ClustersForm, FillForm, LeakageForm, SearchForm
from annotation.machine.corpora import leakage_showing, pools_showing
from annotation.machine.corpora.neighbours import corpora, search_of
from annotation.machine.corpora.pool_clusters import ask_for_clusters, clusters_of, clusters_of_search
from annotation.machine.corpora.pool_requests import ask_for_neighbours, ask_for_pools
from annotation.machine.showing import asked
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role
from projects.views.jobs import progress_context


def pools_page(
    request: HttpRequest,
    access: Access,
    form: SearchForm,
    fill_form: FillForm | None = None,
    leakage_form: LeakageForm | None = None,
    clusters_form: ClustersForm | None = None,
    *,
    search_id: str = "",
    clusters_id: str = "",
) -> HttpResponse:
    """Answer the page of the corpora with these forms; 422 where one of them has errors."""
    found = pools_showing.searches(access.project)
    shown = search_of(access.project, search_id) if search_id else next(iter(found), None)
    search = pools_showing.shown_search(shown) if shown is not None else None
    if search is not None and fill_form is None and search.thresholds:
        initial = {"threshold": f"{search.best.threshold:.2f}"} if search.best else {}
        fill_form = FillForm(rows=search.thresholds, initial=initial)
    clustered = clusters_of_search(shown) if shown is not None else []
    clusters = clusters_of(access.project, clusters_id) if clusters_id else next(iter(clustered), None)
    job = pools_showing.active_work(access.project)
    context = (progress_context(access, job) if job is not None else {}) | {
        "tab": "pools",
        "form": form,
        "fill_form": fill_form,
        "corpora": corpora(),
        "search": search,
        "searches": found,
        "clusters": shown_with_form(clusters) if clusters is not None else None,
        "clustered": clustered,
        "clusters_form": clusters_form or ClustersForm(),
        "fillings": pools_showing.fillings(access.project),
        "leakage_form": leakage_form or LeakageForm(),
        "leakages": list(leakage_showing.leakages_of(access.project)[: pools_showing.JOBS_SHOWN]),
    }
    forms = (form, fill_form, leakage_form, clusters_form)
    has_errors = any(each is not None and each.errors for each in forms)
    return render(request, "annotation/pools.html", context, status=422 if has_errors else 200)


@require_safe
@project_view(Role.HEAD, Role.ADMIN)
def pools(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the latest search and its latest clusters, or those that the address names."""
    search_id, clusters_id = request.GET.get("search", ""), request.GET.get("clusters", "")
    if clusters_id:
        search_id = clusters_of(access.project, clusters_id).parameters["search"]
    return pools_page(request, access, SearchForm(), search_id=search_id, clusters_id=clusters_id)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def pools_search(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the nearest images of a corpus; no caption comes in yet."""
    form = SearchForm(request.POST)
    if not asked(
        form,
        lambda: ask_for_neighbours(project=access.project, actor=access.user, parameters=form.cleaned_data),
    ):
        return pools_page(request, access, form)
    messages.success(request, _("Asked for; a model worker searches the corpus. No caption comes in yet."))
    return redirect("pools", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def pools_cluster(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Ask for the clusters of a search; no caption comes in yet."""
    search = search_of(access.project, str(job_id))
    form = ClustersForm(request.POST)

    def ask() -> Job:
        parameters = {**form.cleaned_data, "search": str(search.public_id)}
        return ask_for_clusters(project=access.project, actor=access.user, parameters=parameters)

    if not asked(form, ask):
        return pools_page(request, access, SearchForm(), clusters_form=form, search_id=str(job_id))
    messages.success(request, _("Asked for; a model worker finds the clusters. No caption comes in yet."))
    return redirect("pools", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def pools_fill_clusters(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Ask for the captions of clusters, each image's own, from a threshold on."""
    clusters = clusters_of(access.project, str(job_id))
    shown = shown_with_form(clusters, request.POST)
    search = clusters.parameters["search"]
    if not shown["fill_form"].is_valid():
        messages.error(request, _("Choose one of the thresholds of these clusters; no caption came in."))
        return redirect(f"{reverse('pools', args=[access.project.slug])}?clusters={job_id}")
    threshold = float(shown["fill_form"].cleaned_data["threshold"])
    ask_for_pools(
        project=access.project, actor=access.user, search=search, threshold=threshold, clusters=str(job_id)
    )
    messages.success(request, _("Asked for; the captions come into the pools."))
    return redirect("pools", access.project.slug)


def shown_with_form(clusters: Job, given: QueryDict | None = None) -> dict[str, Any]:
    """Return what clusters hold, and the form that takes their captions in; it begins with all of them."""
    shown = pools_showing.shown_clusters(clusters)
    return {"shown": shown, "fill_form": FillForm(given, rows=shown.thresholds, auto_id="clusters-%s")}


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
