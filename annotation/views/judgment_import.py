"""Judgments made elsewhere: the page that takes a file, and what an import came to or would come to."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.exchange.importing_judgments import KIND, repeat_for_good, request_judgment_import
from annotation.exchange.told_raters import shown_raters
from annotation.forms.judgment_import import JudgmentImportForm
from annotation.models import Batch, JudgmentImport
from polyannot.kernel.errors import Conflict, Invalid
from projects.access import Access, job_of
from projects.http import project_view
from projects.models import Job, Role
from projects.views.jobs import progress_context

MAY_IMPORT = (Role.HEAD, Role.ADMIN)
IMPORTS_SHOWN = 10
FAILURES_SHOWN = 50


@project_view(*MAY_IMPORT)
def judgments_import(request: HttpRequest, access: Access) -> HttpResponse:
    """Explain the formats, take a file, and list what earlier imports came to."""
    if request.method == "POST":
        form = JudgmentImportForm(request.POST, request.FILES, project=access.project)
        if (job := _asked(request, access, form)) is not None:
            return redirect("judgments-import-detail", access.project.slug, job.public_id)
    else:
        form = JudgmentImportForm(project=access.project)
    rows = JudgmentImport.objects.filter(project=access.project).select_related("job__asked_by")
    context = {"form": form, "rows": rows[:IMPORTS_SHOWN], "tab": "judgments"}
    status = 422 if form.errors else 200
    return render(request, "annotation/exchange/import.html", context, status=status)


def _asked(request: HttpRequest, access: Access, form: JudgmentImportForm) -> Job | None:
    """Return the job, or None with the reason on the form."""
    if not form.is_valid():
        return None
    try:
        return request_judgment_import(
            project=access.project,
            actor=access.user,
            file=form.given,
            settings=form.settings,
            is_trial=request.POST.get("act") != "import",
        )
    except (Invalid, Conflict) as error:
        form.add_error(None, str(error.message))
        return None


@require_safe
@project_view(*MAY_IMPORT)
def judgments_import_detail(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show how far an import or a trial is, and what it came to."""
    job = job_of(access, job_id, KIND)
    row = JudgmentImport.objects.filter(job=job).first()
    names = row.told["batches"] if row else []
    context = progress_context(access, job) | {
        "row": row,
        "raters": shown_raters(row) if row else [],
        "is_trial": job.parameters["is_trial"],
        "batches": Batch.objects.filter(project=access.project, name__in=names),
        "failures": job.failures.all()[:FAILURES_SHOWN],
        "failures_shown": FAILURES_SHOWN,
        "crumbs": [
            {
                "label": _("Import of judgments"),
                "url": reverse("judgments-import", args=[access.project.slug]),
            }
        ],
    }
    context["refresh_url"] = reverse("judgments-import-progress", args=[access.project.slug, job.public_id])
    return render(request, "annotation/exchange/import_detail.html", context)


@require_safe
@project_view(*MAY_IMPORT)
def judgments_import_progress(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show how far the import is; once it has ended the page is loaded again."""
    job = job_of(access, job_id, KIND)
    context = progress_context(access, job)
    context["refresh_url"] = reverse("judgments-import-progress", args=[access.project.slug, job.public_id])
    answer = render(request, "partials/job_progress.html", context)
    if not job.is_active and request.headers.get("HX-Request"):
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_POST
@project_view(*MAY_IMPORT)
def judgments_import_for_good(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Import what a trial tried."""
    job = repeat_for_good(project=access.project, actor=access.user, trial=job_of(access, job_id, KIND))
    return redirect("judgments-import-detail", access.project.slug, job.public_id)
