"""Judgments for use elsewhere: the page, and the file written while it is sent."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from annotation.exchange.exporting import begin_export, count_judgments, schemas_asked
from annotation.exchange.sending import file_of
from annotation.forms.exporting import ExportForm
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

MAY_EXPORT = (Role.HEAD, Role.RESEARCHER)
# The page says "more than" beyond this.
MOST_COUNTED = 10_000


@require_safe
@project_view(*MAY_EXPORT)
def judgments_export(request: HttpRequest, access: Access) -> HttpResponse:
    """Say what each file holds, and ask which one."""
    form = ExportForm(project=access.project, may_name=access.may_act_as(Role.ADMIN))
    return _page(request, access, form)


def _page(request: HttpRequest, access: Access, form: ExportForm) -> HttpResponse:
    schema = schemas_asked(access.project).first()
    context = {
        "form": form,
        "schema": schema,
        "categories": ",".join(label.key for label in schema.labels.all()) if schema else "",
        "n_judgments": count_judgments(access.project, None, MOST_COUNTED),
        "most_counted": MOST_COUNTED,
        "may_name": access.may_act_as(Role.ADMIN),
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "tab": "judgments",
    }
    status = 422 if form.errors else 200
    return render(request, "annotation/exchange/export.html", context, status=status)


@require_POST
@project_view(*MAY_EXPORT)
def judgments_export_file(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Note the export and send the file while it is written."""
    form = ExportForm(request.POST, project=access.project, may_name=access.may_act_as(Role.ADMIN))
    if not form.is_valid():
        return _page(request, access, form)
    try:
        export = begin_export(access=access, request=form.wanted)
    except Invalid as error:
        form.add_error(None, str(error.message))
        return _page(request, access, form)
    return file_of(request, access, export)
