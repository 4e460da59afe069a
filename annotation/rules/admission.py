"""Who may claim: what a project asks of people before they judge in production, looked up once a claim.

Two things are asked: to have read the guidelines since their last major change, and, where the project trains its
newcomers, to have passed since then (docs/algorithms/onboarding-and-gold.md).
"""

from dataclasses import dataclass

from django.db.models import Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Batch, Guideline, GuidelineReading, OnboardingPlan, OnboardingRun
from annotation.models.known_answers import ADMITTED_STATES
from annotation.models.work import BatchPurpose
from polyannot.kernel.errors import Denied
from projects.models import Membership, Project, Role


@dataclass(frozen=True, slots=True)
class Demands:
    """What a batch asks of whoever claims: `since` is the number of the last major guidelines, 0 for none."""

    since: int
    is_onboarding_asked: bool
    gold_percent: int
    seed: int


def demands_of(batch: Batch) -> Demands:
    """Return what the batch asks; one query. A calibration batch asks nothing: it is to show where people stand."""
    major = (
        Guideline.objects.filter(
            project=OuterRef("project"), is_major=True, number__lte=OuterRef("guideline__number")
        )
        .order_by("-number")
        .values("number")[:1]
    )
    plan = OnboardingPlan.objects.filter(project=OuterRef("project"))
    found = (
        Batch.objects.filter(pk=batch.pk)
        .annotate(
            since=Subquery(major),
            is_asked=Subquery(plan.values("is_asked")[:1]),
            gold=Subquery(plan.values("gold_percent")[:1]),
            plan_seed=Subquery(plan.values("seed")[:1]),
        )
        .values_list("since", "is_asked", "gold", "plan_seed")
        .get()
    )
    if batch.purpose == BatchPurpose.CALIBRATION:
        return Demands(0, False, 0, 0)
    since, is_asked, gold, seed = found
    is_production = batch.purpose == BatchPurpose.PRODUCTION
    return Demands(since or 0, bool(is_asked), (gold or 0) if is_production else 0, seed or 0)


def last_major(project: Project) -> int:
    """Return the number of the last major version of the guidelines, 0 when there has been none."""
    return int(project.guidelines.filter(is_major=True).aggregate(last=Max("number"))["last"] or 0)


def admitted_runs(project: Project, person: User, since: int) -> Q:
    """Keep the runs that let a person claim under guidelines whose last major version is `since`."""
    return Q(project=project, person=person, state__in=ADMITTED_STATES, guideline__number__gte=since)


def what_is_missing(*, demands: Demands, project: Project, annotator: User) -> str:
    """Return "onboarding", "reading", or "" when the person may claim. Heads and admins, who make the rules, may."""
    if not demands.is_onboarding_asked and not demands.since:
        return ""
    members = Membership.objects.filter(project=project, user=annotator, ended_at=None)
    if members.exclude(role=Role.ANNOTATOR).exists():
        return ""
    if demands.is_onboarding_asked:
        runs = OnboardingRun.objects.filter(admitted_runs(project, annotator, demands.since))
        return "" if runs.exists() else "onboarding"
    read = GuidelineReading.objects.filter(
        project=project, person=annotator, guideline__number__gte=demands.since
    )
    return "" if read.exists() else "reading"


def must_be_admitted(*, demands: Demands, project: Project, annotator: User) -> None:
    """Raise Denied while something is asked of the person before they may claim."""
    missing = what_is_missing(demands=demands, project=project, annotator=annotator)
    if missing == "onboarding":
        raise Denied(
            "onboarding_needed",
            _("This project trains and tests newcomers first; go on with your onboarding, then come back."),
        )
    if missing:
        raise Denied(
            "guidelines_unread",
            _("The guidelines have changed in a way that matters; read them and say so, then come back."),
        )
