"""A running study: how it stands, its pairs, what was declared."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from polyannot.kernel.errors import Missing
from polyannot.kernel.markdown import render_markdown
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from studies.access import declared_of, reports_of, study_of
from studies.drafting.contents import draft_choice
from studies.showing import drafted_pairs, frozen_pairs
from studies.taking.monitoring import standing_of
from studies.taking.saying import SMALLEST_CELL, background_counts
from studies.views.frames import study_page
from studies.views.recruiting import entry_link

# The forms in which the pre-registration is given out.
FORMS = {"json": "application/json", "md": "text/markdown; charset=utf-8"}


@require_safe
@project_view(Role.RESEARCHER)
def study_monitor(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show how a launched study stands; a draft is shown in its builder."""
    study = study_of(access, study_id)
    if study.is_draft:
        return redirect("study-edit", access.project.slug, study.public_id)
    link = entry_link(request, study)
    context: dict[str, Any] = {
        "standing": standing_of(study),
        "link": link,
        "backgrounds": background_counts(study),
        "smallest_cell": SMALLEST_CELL,
        "reports": reports_of(study),
    }
    return study_page(request, study, "monitor", **context)


@require_safe
@project_view(Role.RESEARCHER)
def study_pairs(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show the pairs: those that a draft would choose now, or those that a launched study froze."""
    study = study_of(access, study_id)
    if not study.is_draft:
        return study_page(request, study, "pairs", groups=frozen_pairs(study), choice=None)
    choice = draft_choice(study)
    return study_page(request, study, "pairs", groups=drafted_pairs(study, choice), choice=choice)


@require_safe
@project_view(Role.RESEARCHER)
def study_declared(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show the pre-registration and what was done otherwise."""
    study = study_of(access, study_id)
    declared = declared_of(study)
    return study_page(
        request,
        study,
        "declared",
        declared=declared,
        html=render_markdown(declared.markdown),
        deviations=study.deviations.all(),
    )


@require_safe
@project_view(Role.RESEARCHER)
def study_declared_file(request: HttpRequest, access: Access, study_id: UUID, form: str) -> HttpResponse:
    """Give out the pre-registration as JSON or Markdown."""
    study = study_of(access, study_id)
    declared = declared_of(study)
    if form not in FORMS:
        raise Missing("form_missing", _("The pre-registration is given out as json or md."))
    content = (
        json.dumps(declared.document, ensure_ascii=False, indent=2, sort_keys=True)
        if form == "json"
        else declared.markdown
    )
    response = HttpResponse(content, content_type=FORMS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="preregistration-{study.slug}.{form}"'
    return response
