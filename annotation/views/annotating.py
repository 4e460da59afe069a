"""The annotator's own page: what waits for them, and one button to go on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotation.models import ReviewItem
from annotation.models.reviews import ReviewState
from annotation.rules.onboarding_showing import standing_of
from annotation.waiting import new_answers
from annotation.working.own_batches import open_batches
from projects.access import Access
from projects.http import project_view
from projects.models import Role


@project_view(Role.ANNOTATOR)
def annotate_home(request: HttpRequest, access: Access) -> HttpResponse:
    """List the open batches with the annotator's own progress, the feedback that waits, and where to go on."""
    batches = open_batches(project=access.project, annotator=access.user)
    waiting = [outlook for outlook in batches if outlook.n_left]
    next_up = max(waiting, key=lambda outlook: (outlook.is_in_work, outlook.is_begun), default=None)
    returned = ReviewItem.objects.filter(
        project=access.project, judgment__annotator=access.user, state=ReviewState.RETURNED
    )
    guideline = access.project.guidelines.order_by("-number").first()
    context = {
        "batches": batches,
        "next_up": next_up,
        "n_returned": returned.count(),
        "n_new_feedback": returned.filter(seen_at=None).count(),
        "n_new_answers": new_answers(access),
        "guideline": guideline,
        "standing": standing_of(project=access.project, person=access.user)
        if access.role == Role.ANNOTATOR
        else None,
    }
    return render(request, "annotation/annotate.html", context)
