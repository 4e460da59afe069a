"""Importing files through the browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from annotation.forms.images import ImportForm
from annotation.importing.requesting import IMPORT, request_import
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Job, Role

IMPORTS_SHOWN = 10


@project_view(Role.HEAD, Role.ADMIN)
def import_files(request: HttpRequest, access: Access) -> HttpResponse:
    """Explain the formats, take files, and list what earlier imports came to."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound:
        job = _asked(access, form)
        if job is not None:
            return redirect("job-detail", access.project.slug, job.public_id)
    recent = Job.objects.filter(project=access.project, kind=IMPORT).select_related("asked_by")[
        :IMPORTS_SHOWN
    ]
    rows = [(job, _counts(job)) for job in recent]
    context = {"form": form, "rows": rows, "tab": "import"}
    return render(request, "annotation/import.html", context, status=422 if form.errors else 200)


def _asked(access: Access, form: ImportForm) -> Job | None:
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
        )
    except Invalid as error:
        form.add_error(None, str(error.message))
        return None


def _counts(job: Job) -> list[tuple[object, dict[str, int]]]:
    words = (("images", _("images")), ("captions", _("captions")))
    return [(word, job.result[name]) for name, word in words if name in job.result]
