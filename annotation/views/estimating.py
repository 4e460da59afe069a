"""Estimated labels beside the verdict: the page, its files, and asking for new ones."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import label_estimate_run_of
from annotation.agreement.ratings import Outcome
from annotation.agreement.scope import Scope
from annotation.forms.agreement import ScopeForm
from annotation.forms.estimating import EstimateForm
from annotation.models import LabelEstimateRun
from annotation.quality.estimate_showing import (
    ESTIMATE_COLUMNS,
    LISTS,
    ShownRun,
    estimate_rows,
    estimates_listed,
    told_probability,
)
from annotation.quality.estimating import UNSURE_TREATMENTS, latest_job, latest_run, request_estimates
from annotation.views.agreement import scope_query
from measures.dawid_skene import FEWEST_RATINGS
from polyannot.kernel.errors import Invalid
from polyannot.kernel.tables import csv_answer
from projects.access import Access, job_of
from projects.http import project_view
from projects.models import Role
from projects.views.jobs import progress_context

PAIRS_PER_PAGE = 20


@require_safe
@project_view(Role.HEAD)
def estimates(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the newest run of a scope: each annotator's answers, and the pairs where the estimate says otherwise."""
    scope_form = ScopeForm(request.GET or None, project=access.project)
    scope = scope_form.chosen
    run = latest_run(scope) if scope else None
    settings = _settings(scope, run)
    context: dict[str, Any] = {
        "scope_form": scope_form,
        "scope": scope,
        "scope_query": scope_query(scope),
        "batches_offered": scope.schema.batches.order_by("pk") if scope else [],
        "run": run,
        "job": latest_job(scope) if scope else None,
        "fewest": FEWEST_RATINGS,
        "form": EstimateForm(project=access.project, initial=settings),
    }
    if run is not None and run.n_items:
        context |= _listed(request, run)
    return render(request, "annotation/agreement/estimates.html", context)


def _settings(scope: Scope | None, run: LabelEstimateRun | None) -> dict[str, Any]:
    """Return the settings of the run that is shown, else the usual ones of these labels."""
    if scope is None:
        return {}
    edits = Outcome.WITH_EDITS if scope.schema.allows_edits else Outcome.LABELS
    return {
        "schema": scope.schema.public_id,
        "batches": [batch.public_id for batch in scope.batches],
        "outcome": run.outcome if run else edits,
        "unsure": run.unsure if run else UNSURE_TREATMENTS[0],
    }


def _listed(request: HttpRequest, run: LabelEstimateRun) -> dict[str, Any]:
    asked = request.GET.get("show", "")
    which = asked if asked in dict(LISTS) else LISTS[0][0]
    found = Paginator(estimates_listed(run, which), PAIRS_PER_PAGE)
    page = found.get_page(request.GET.get("page"))
    shown = ShownRun(run)
    return {
        "shown": shown,
        "which": which,
        "lists": LISTS,
        "rows": [
            (
                row,
                shown.names.get(row.label),
                told_probability(row.probability),
                shown.names.get(row.majority, ""),
            )
            for row in page
        ],
        "page": page,
        "page_range": found.get_elided_page_range(page.number),
    }


@require_POST
@project_view(Role.HEAD)
def estimates_compute(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a new run."""
    form = EstimateForm(request.POST, project=access.project)
    if not form.is_valid() or form.chosen is None:
        raise Invalid("scope_missing", _("There are no such labels or batches in this project."))
    asked = {name: form.cleaned_data[name] for name in ("outcome", "unsure")}
    request_estimates(scope=form.chosen, asked_by=access.user, **asked)
    return redirect(reverse("agreement-estimates", args=[access.project.slug]) + scope_query(form.chosen))


@require_safe
@project_view(Role.HEAD)
def estimates_progress(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show how far the estimation is; once it has ended the page is loaded again."""
    job = job_of(access, job_id)
    context = progress_context(access, job)
    context["refresh_url"] = reverse(
        "agreement-estimates-progress", args=[access.project.slug, job.public_id]
    )
    answer = render(request, "partials/job_progress.html", context)
    if not job.is_active and request.headers.get("HX-Request"):
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_safe
@project_view(Role.HEAD)
def estimates_csv(request: HttpRequest, access: Access, estimate_run_id: UUID) -> HttpResponseBase:
    """Send every estimate with the most given answer and the verdict beside it."""
    run = label_estimate_run_of(access, estimate_run_id)
    return csv_answer(f"estimates-{access.project.slug}.csv", ESTIMATE_COLUMNS, estimate_rows(run))


@require_safe
@project_view(Role.HEAD)
def estimates_json(request: HttpRequest, access: Access, estimate_run_id: UUID) -> HttpResponseBase:
    """Send the rates of the labels and each annotator's confusion, with parameters and code version."""
    run = label_estimate_run_of(access, estimate_run_id)
    told = {
        "project": access.project.slug,
        "schema": run.schema.name,
        "batches": [str(batch.public_id) for batch in run.batches.all()],
        "made_at": run.made_at.isoformat(),
        "code_version": run.code_version,
        "outcome": run.outcome,
        "unsure": run.unsure,
        "items": run.n_items,
        "items_with_too_few_ratings": run.n_sparse,
        "ratings": run.n_ratings,
        "includes_demo_judgments": run.includes_demo,
        **run.figures,
    }
    answer = JsonResponse(told, json_dumps_params={"indent": 1})
    answer.headers["Content-Disposition"] = f'attachment; filename="estimates-{access.project.slug}.json"'
    return answer
