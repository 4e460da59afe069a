"""What all pages of one study share: its name, its tabs, its state."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studies.models import Study

DRAFT_TABS = (
    ("study-edit", _("Design and consent")),
    ("study-pairs", _("Pairs")),
    ("study-sets", _("Sets")),
    ("study-texts", _("Texts")),
    ("study-launch", _("Launch")),
    ("study-results", _("Results")),
)
RUNNING_TABS = (
    ("study", _("Monitor")),
    ("study-recruiting", _("Recruiting")),
    ("study-results", _("Results")),
    ("study-pairs", _("Pairs")),
    ("study-sets", _("Sets")),
    ("study-texts", _("Texts")),
    ("study-declared", _("Pre-registration")),
)
# Pages that belong to a tab without being it.
INSIDE = {"study-text": "study-texts", "study-links": "study-recruiting"}
# A page that lies before the launch of a draft and beside the monitor of a running study.
BESIDE_LAUNCH = "study-test-link"


def study_page(
    request: HttpRequest, study: Study, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a page of one study."""
    match = request.resolver_match
    here = match.url_name if match and match.url_name else ""
    here = INSIDE.get(here, here)
    if here == BESIDE_LAUNCH:
        here = "study-launch" if study.is_draft else "study"
    project = study.project
    shared = {
        "study": study,
        "crumbs": [{"label": _("Studies"), "url": reverse("studies", args=[project.slug])}],
        "tabs": [
            {
                "label": label,
                "url": reverse(name, args=[project.slug, study.public_id]),
                "is_current": name == here,
            }
            for name, label in (DRAFT_TABS if study.is_draft else RUNNING_TABS)
            if name != "study-sets" or not study.is_graded
        ],
        "has_pilot": study.is_draft and study.participants.filter(is_simulated=True).exists(),
    }
    return render(request, f"studies/{template}.html", shared | context, status=status)
