"""Importing files through the browser: asking, what a trial says, and the list of what was refused."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from annotation.forms.images import ImportForm
from annotation.importing.requesting import IMPORT, TRIAL, import_for_good, request_import
from annotation.importing.sources import told_place
from polyannot.kernel.errors import Invalid
from polyannot.kernel.tables import csv_answer
from projects.access import Access, job_of
from projects.http import project_view
from projects.models import Job, Role
from projects.views.jobs import progress_context

MAY_IMPORT = (Role.HEAD, Role.ADMIN)
IMPORTS_SHOWN = 10
FAILURES_SHOWN = 50
GIVEN = ("addresses", "described", "images", "metadata", "captions")
PARTS = (("images", gettext_lazy("images")), ("captions", gettext_lazy("captions")))


@project_view(*MAY_IMPORT)
def import_files(request: HttpRequest, access: Access) -> HttpResponse:
    """Explain the formats, take files, and list what earlier imports came to."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and (job := _asked(access, form, is_trial=request.POST.get("act") == "trial")):
        page = "import-trial" if job.kind == TRIAL else "job-detail"
        return redirect(page, access.project.slug, job.public_id)
    recent = Job.objects.filter(project=access.project, kind__in=(IMPORT, TRIAL)).select_related("asked_by")
    rows = [(job, _counts(job)) for job in recent[:IMPORTS_SHOWN]]
    context = {"form": form, "rows": rows, "tab": "import"}
    return render(request, "annotation/import.html", context, status=422 if form.errors else 200)


def _asked(access: Access, form: ImportForm, *, is_trial: bool) -> Job | None:
    """Return the job, or None with the reason on the form."""
    if not form.is_valid():
        return None
    try:
        return request_import(
            project=access.project,
            actor=access.user,
            images=form.given_images(),
            metadata=form.given_table("metadata"),
            captions=form.given_table("captions"),
            addresses=form.given_table("addresses"),
            is_trial=is_trial,
        )
    except Invalid as error:
        form.add_error(None, str(error.message))
        return None


@require_safe
@project_view(*MAY_IMPORT)
def import_trial(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Show how far a trial is, and what the import would come to."""
    job = job_of(access, job_id, TRIAL)
    failures = [
        (*told_place(failure.item), failure.reason) for failure in job.failures.all()[:FAILURES_SHOWN]
    ]
    given = [job.parameters[name] for name in GIVEN if name in job.parameters]
    context = progress_context(access, job) | {
        "given": list(dict.fromkeys(file.get("source") or file["name"] for file in given)),
        "has_addresses": "addresses" in job.parameters,
        "counts": _counts(job),
        "n_new": sum(n["would_be_added"] for _word, n in _counts(job)),
        "has_table": "metadata" in job.parameters,
        "failures": failures,
        "n_failures": job.items_failed,
        "crumbs": [{"label": _("Import"), "url": reverse("import", args=[access.project.slug])}],
    }
    return render(request, "annotation/import_trial.html", context)


@require_POST
@project_view(*MAY_IMPORT)
def import_tried(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponse:
    """Import what a trial tried."""
    trial = job_of(access, job_id, TRIAL)
    job = import_for_good(project=access.project, actor=access.user, trial=trial)
    return redirect("job-detail", access.project.slug, job.public_id)


@require_safe
@project_view(*MAY_IMPORT)
def import_errors(request: HttpRequest, access: Access, job_id: UUID) -> HttpResponseBase:
    """Send what an import or a trial refused, by file and line, as CSV."""
    job = job_of(access, job_id, IMPORT, TRIAL)
    failures = job.failures.values_list("item", "reason").iterator(chunk_size=2000)
    rows = ((*told_place(item), reason) for item, reason in failures)
    return csv_answer(f"{job.kind}-{job.public_id}-errors.csv", ["file", "line", "reason"], rows)


def _counts(job: Job) -> list[tuple[object, dict[str, int]]]:
    return [(word, job.result[name]) for name, word in PARTS if name in job.result]
