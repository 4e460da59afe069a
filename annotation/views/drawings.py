"""Giving out the drawings of what models found."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from annotation.machine.drawings import FORMS, contents, drawing_of
from projects.access import Access
from projects.http import project_view
from projects.models import Role


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER, Role.ADMIN)
def machine_drawing(
    request: HttpRequest, access: Access, job_id: UUID, drawing_name: str, drawing_form: str
) -> HttpResponse:
    """Give out a drawing as SVG, PDF, PNG, or its data as CSV."""
    drawing = drawing_of(access.project, job_id, drawing_name)
    response = HttpResponse(contents(drawing, drawing_form), content_type=FORMS[drawing_form])
    response.headers["Content-Disposition"] = f'attachment; filename="{drawing.name}.{drawing_form}"'
    return response
