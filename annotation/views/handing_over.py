"""Handing over what somebody who left had in hand: counts first, then one act."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotation.forms.batches import HandoverForm
from annotation.working.handing_over import hand_over, in_hand, possible_successors
from projects.access import Access, membership_of
from projects.http import project_view
from projects.models import Role


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def handover(request: HttpRequest, access: Access, user_id: UUID) -> HttpResponse:
    """Show what a person has in hand, and move it on once they have left."""
    membership = membership_of(access, user_id)
    leaver = membership.user
    people = possible_successors(access.project).exclude(pk=leaver.pk)
    form = HandoverForm(request.POST if request.method == "POST" else None, people=people)
    if request.method == "POST" and form.is_valid():
        successor = form.cleaned_data["successor"]
        hand_over(project=access.project, leaver=leaver, actor=access.user, successor=successor)
        messages.success(
            request,
            _("What %(name)s had in hand has moved on; what they did stays theirs.") % {"name": leaver},
        )
        return redirect("batches", access.project.slug)
    context = {
        "leaver": leaver,
        "is_gone": membership.ended_at is not None or not leaver.is_active,
        "held": in_hand(project=access.project, person=leaver),
        "form": form,
        "crumbs": [{"label": _("Batches"), "url": reverse("batches", args=[access.project.slug])}],
    }
    return render(request, "annotation/handover.html", context, status=422 if form.errors else 200)
