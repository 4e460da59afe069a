"""A project's first page for those who steer it: progress to the target."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.models import Batch
from annotation.progress.progress import ACTIVE_DAYS, FEWEST_FINISHED, PACE_DAYS, CaptionStates, progress_of
from annotation.working.furthering import unfinished
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from projects.outlook import in_words, outlook_of


def _states(states: CaptionStates) -> list[tuple[str, int, str]]:
    """Return name, number and meaning of each state of a caption in the pool."""
    return [
        (_("Never shown"), states.never_shown, _("Waits in the pool; says nothing about the caption.")),
        (_("Shown, not judged"), states.shown, _("Somebody has it before them, or left it.")),
        (_("Waits"), states.waiting, _("For another annotator, or for a decision on an edit.")),
        (_("Undecided"), states.undecided, _("Annotators differ or are unsure; adjudication decides.")),
        (_("Bad"), states.bad, _("All called it bad, or it was adjudicated so.")),
        (_("Good"), states.good, _("Has a text that all called good, or that was adjudicated so.")),
    ]


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER, Role.ADMIN)
def project_home(request: HttpRequest, access: Access) -> HttpResponse:
    """Show how many images have enough good captions, and where the others stand."""
    project = access.project
    progress = progress_of(project)
    active = project.jobs.filter(state__in=["waiting", "running"]).order_by("-pk")[:5]
    flow, forecast = progress.flow, progress.forecast
    context = {
        "progress": progress,
        "stages": [
            (flow.imported, _("imported"), flow.imported - flow.cleaned),
            (flow.cleaned, _("after cleaning"), flow.cleaned - flow.in_pool),
            (flow.shown, _("shown"), 0),
            (flow.judged, _("judged"), 0),
            (flow.good, _("good"), 0),
            (flow.released, _("released"), 0),
        ],
        "n_further": unfinished(project).count(),
        "states": _states(progress.states),
        "jobs": [outlook_of(job) for job in active],
        "time_left": in_words(timedelta(days=forecast.days_left)) if forecast is not None else "",
        "has_batches": Batch.objects.filter(project=project).exists(),
        "may_open": access.may_act_as(Role.HEAD, Role.ADMIN),
        "pace_days": PACE_DAYS,
        "fewest": FEWEST_FINISHED,
        "active_days": ACTIVE_DAYS,
    }
    return render(request, "annotation/progress.html", context)
