"""Jobs of a project: how far they are, what they had to leave out, and stopping or asking again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from polyannot.kernel.tables import csv_answer
from projects.access import Access, job_in_hand, job_of
from projects.http import project_view
from projects.job_log import log_of
from projects.models import Job, Role
from projects.outlook import figures_of, outlook_of, parameters_of, results_url
from projects.queue import cancel_job, retry_job

SEES_JOBS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)
JOBS_A_PAGE = 25
FAILURES_SHOWN = 100
PARTS_SHOWN = 50


def progress_context(access: Access, job: Job) -> dict[str, Any]:
    """Return what partials/job_progress.html needs for this person."""
    slug, public_id = access.project.slug, job.public_id
    outlook = outlook_of(job)
    may_change = access.may_act_as(Role.ADMIN) or job.asked_by_id == access.user.pk
    context: dict[str, Any] = {
        "job": job,
        "title": outlook.title,
        "rate": outlook.rate,
        "time_left": outlook.time_left,
        "refresh_url": reverse("job-progress", args=[slug, public_id]),
        "log_url": f"{reverse('job-detail', args=[slug, public_id])}#job-log" if job.started_at else "",
    }
    if may_change and job.is_active:
        context["cancel_url"] = reverse("job-cancel", args=[slug, public_id])
    elif may_change and job.state in {"failed", "cancelled"}:
        context["retry_url"] = reverse("job-retry", args=[slug, public_id])
    return context


@require_safe
@project_view(*SEES_JOBS)
def jobs(request: HttpRequest, access: Access) -> HttpResponse:
    """List the jobs of the project, newest first."""
    found = Job.objects.filter(project=access.project).select_related("asked_by")
    page = Paginator(found, JOBS_A_PAGE).get_page(request.GET.get("page"))
    rows = [outlook_of(job) for job in page.object_list]
    return render(request, "projects/jobs.html", {"page": page, "rows": rows})


@require_safe
@project_view(*SEES_JOBS)
def job_detail(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show one job: progress, figures, each item that was left out with its reason, and the log of its parts."""
    job = job_of(access, job_id)
    context = progress_context(access, job) | {
        "crumbs": [{"label": _("Jobs"), "url": reverse("jobs", args=[access.project.slug])}],
        "failures": job.failures.all()[:FAILURES_SHOWN],
        "n_failures": job.failures.count(),
        "parameters": parameters_of(job),
        "figures": figures_of(job),
        "results_url": results_url(access, job),
        "log": log_of(job, PARTS_SHOWN),
    }
    return render(request, "projects/job_detail.html", context)


@require_safe
@project_view(*SEES_JOBS)
def job_progress(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Answer the progress alone, for the page that asks again and again; a finished job loads its page anew."""
    job = job_of(access, job_id)
    response = render(request, "partials/job_progress.html", progress_context(access, job))
    if not job.is_active:
        response.headers["HX-Refresh"] = "true"
    return response


@require_safe
@project_view(*SEES_JOBS)
def job_failures(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponseBase:
    """Send every item that was left out, with its reason, as CSV."""
    job = job_of(access, job_id)
    rows = job.failures.values_list("item", "reason").iterator(chunk_size=2000)
    return csv_answer(f"{job.kind}-{job.public_id}-left-out.csv", ["item", "reason"], rows)


@require_POST
@project_view(*SEES_JOBS)
def job_cancel(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Stop a job."""
    job = job_in_hand(access, job_id)
    cancel_job(job=job, actor=access.user)
    messages.success(request, _("The job was stopped. What it had done until then was kept."))
    return redirect("job-detail", access.project.slug, job.public_id)


@require_POST
@project_view(*SEES_JOBS)
def job_retry(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Ask for the same work again."""
    again = retry_job(job=job_in_hand(access, job_id), actor=access.user)
    return redirect("job-detail", access.project.slug, again.public_id)
