"""Onboarding: a newcomer's way from the guidelines to their first batch; and where everybody stands, for heads."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import known_answer_of, onboarding_run_of
from annotation.forms.known_answers import ConfirmReadingForm, OnboardingAnswerForm, PlanForm
from annotation.models import OnboardingAnswer, OnboardingRun
from annotation.rules.known_answers import waits
from annotation.rules.onboarding import (
    begin_run,
    change_plan,
    confirm_reading,
    experienced_outside,
    give_answer,
    next_question,
    plan_of,
    wave_through,
    wave_through_experienced,
)
from annotation.rules.onboarding_showing import people_rows, standing_of
from annotation.working.showing import original_texts
from polyannot.kernel.errors import Invalid
from projects.access import Access, membership_of
from projects.http import project_view
from projects.models import Role


@require_GET
@never_cache
@project_view(Role.ANNOTATOR)
def onboarding(request: HttpRequest, access: Access) -> HttpResponse:
    """Show where the person is on the way in; a training answer just given is shown with its feedback first."""
    standing = standing_of(project=access.project, person=access.user)
    context: dict[str, Any] = {"standing": standing, "plan": plan_of(access.project)}
    run = standing.run
    if run is not None and (answer := _just_answered(request, run)) is not None:
        context |= {"answer": answer, "known": answer.known_answer} | _pair(answer.known_answer)
        return render(request, "annotation/onboarding/feedback.html", context)
    if run is not None and (known := next_question(run)) is not None:
        return render(
            request, "annotation/onboarding/question.html", context | {"known": known} | _pair(known)
        )
    return render(request, "annotation/onboarding/standing.html", context)


def _just_answered(request: HttpRequest, run: OnboardingRun) -> OnboardingAnswer | None:
    """Return the training answer that the address names, where it is of this attempt."""
    try:
        known = UUID(request.GET.get("answered", ""))
    except ValueError:
        return None
    answers = run.answers.filter(stage="training", known_answer__public_id=known)
    return answers.select_related("known_answer__version__image", "known_answer__schema").first()


def _pair(known: Any) -> dict[str, Any]:
    version = known.version
    return {
        "version": version,
        "labels": list(known.schema.labels.all()),
        "original": original_texts([version]).get(version.caption_id, ""),
    }


@require_POST
@project_view(Role.ANNOTATOR)
def onboarding_read(request: HttpRequest, access: Access) -> HttpResponse:
    """Take the person's word that they have read the guidelines, and go on."""
    form = ConfirmReadingForm(request.POST)
    if not form.is_valid():
        raise Invalid("number_needed", _("Say which version you have read."))
    confirm_reading(project=access.project, person=access.user, number=form.cleaned_data["number"])
    if plan_of(access.project).is_asked:
        return redirect("onboarding", access.project.slug)
    messages.success(request, _("Thank you; your batches are open."))
    return redirect("annotate-home", access.project.slug)


@require_POST
@project_view(Role.ANNOTATOR)
def onboarding_begin(request: HttpRequest, access: Access) -> HttpResponse:
    """Begin an attempt."""
    begin_run(project=access.project, person=access.user)
    return redirect("onboarding", access.project.slug)


@require_POST
@project_view(Role.ANNOTATOR)
def onboarding_answer(request: HttpRequest, access: Access, run_id: UUID) -> HttpResponse:
    """Take one answer; a training answer is answered with feedback."""
    run = onboarding_run_of(access, run_id)
    form = OnboardingAnswerForm(request.POST)
    if not form.is_valid():
        raise Invalid("label_needed", _("Choose one of the labels."))
    known = known_answer_of(access, form.cleaned_data["known"], run=run)
    answer = give_answer(run=run, person=access.user, known=known, label=form.cleaned_data["label"])
    onward = redirect("onboarding", access.project.slug)
    if answer.stage == "training":
        onward["Location"] += f"?answered={known.public_id}"
    return onward


@require_http_methods(["GET", "POST"])
@project_view(Role.HEAD, Role.ADMIN)
def onboarding_people(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what is asked of newcomers and where everybody stands; change what is asked."""
    form = PlanForm(request.POST or None, instance=plan_of(access.project))
    if request.method == "POST" and form.is_valid():
        change_plan(project=access.project, actor=access.user, values=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("guideline-onboarding", access.project.slug)
    plan = plan_of(access.project)
    uses = access.project.known_answers.in_use()
    context = {
        "form": form,
        "plan": plan,
        "n_experienced": experienced_outside(access.project).count() if plan.is_asked else 0,
        "rows": people_rows(access.project),
        "n_training": uses.filter(use="training").count(),
        "n_qualification": uses.filter(use="qualification").count(),
        "n_gold": uses.filter(use="gold").count(),
        "n_waiting": uses.filter(waits(), use__in=["training", "qualification"]).count(),
    }
    return render(request, "annotation/onboarding/people.html", context, status=422 if form.errors else 200)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def onboarding_wave_experienced(request: HttpRequest, access: Access) -> HttpResponse:
    """Let everybody go on who has judged in the project before."""
    n = wave_through_experienced(project=access.project, head=access.user)
    told = ngettext("%(n)d person may go on.", "%(n)d people may go on.", n) % {"n": n}
    messages.success(request, told)
    return redirect("guideline-onboarding", access.project.slug)


@require_POST
@project_view(Role.HEAD, Role.ADMIN)
def onboarding_wave(request: HttpRequest, access: Access, person_id: UUID) -> HttpResponse:
    """Let somebody claim without a pass."""
    member = membership_of(access, person_id)
    wave_through(project=access.project, person=member.user, head=access.user)
    messages.success(request, _("%(name)s may work in every batch now.") % {"name": member.user})
    return redirect("guideline-onboarding", access.project.slug)
