"""What the pages of onboarding show: where one person stands, and where everybody does."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from annotation.models import (
    Guideline,
    GuidelineReading,
    KnownUse,
    OnboardingAnswer,
    OnboardingRun,
    OnboardingState,
)
from annotation.models.known_answers import ADMITTED_STATES
from annotation.rules.admission import last_major
from annotation.rules.gold import gold_scores
from annotation.rules.onboarding import Score, plan_of, score_of
from projects.models import Membership, Project, Role


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person is on the way in: `step` is read, begin, train, qualify, again, waits or free."""

    step: str
    run: OnboardingRun | None
    score: Score | None
    n_asked: int
    n_answered: int
    attempts_left: int
    changes: list[Guideline]


def standing_of(*, project: Project, person: User) -> Standing:
    """Return where a person stands; those whom the project asks nothing are free."""
    plan, since = plan_of(project), last_major(project)
    runs = OnboardingRun.objects.filter(project=project, person=person, guideline__number__gte=since)
    run = runs.order_by("-pk").first()
    used = runs.count()
    newest = project.guidelines.order_by("-number").first()
    has_read = GuidelineReading.objects.filter(person=person, guideline=newest).exists()
    step = _step(is_asked=plan.is_asked, run=run, has_read=has_read, used=used, most=plan.most_attempts)
    if not plan.is_asked and since and not _has_read_since(project, person, since):
        step = "read"
    asked = _asked(run)
    return Standing(
        step=step,
        run=run,
        score=qualification_score(run) if run else None,
        n_asked=len(asked),
        n_answered=run.answers.filter(known_answer__in=asked).count() if run else 0,
        attempts_left=max(0, plan.most_attempts - used),
        changes=changes_since_reading(project, person),
    )


def _has_read_since(project: Project, person: User, since: int) -> bool:
    return GuidelineReading.objects.filter(
        project=project, person=person, guideline__number__gte=since
    ).exists()


def _step(*, is_asked: bool, run: OnboardingRun | None, has_read: bool, used: int, most: int) -> str:
    if not is_asked or (run is not None and run.state in ADMITTED_STATES):
        return "free"
    if run is not None and run.state == OnboardingState.TRAINING:
        return "train"
    if run is not None and run.state == OnboardingState.QUALIFICATION:
        return "qualify"
    if run is not None and used >= most:
        return "waits"
    if run is not None:
        return "again"
    return "begin" if has_read else "read"


def _asked(run: OnboardingRun | None) -> list[int]:
    if run is None:
        return []
    return run.training_ids if run.state == OnboardingState.TRAINING else run.qualification_ids


def qualification_score(run: OnboardingRun) -> Score | None:
    """Return the score of an ended attempt; none is told while it runs."""
    if run.state not in {OnboardingState.PASSED, OnboardingState.FAILED}:
        return None
    answers = run.answers.filter(stage=KnownUse.QUALIFICATION)
    return score_of(answers.filter(is_right=True).count(), answers.count())


def changes_since_reading(project: Project, person: User) -> list[Guideline]:
    """Return the versions published since the last one that the person confirmed, or since they joined."""
    last = (
        GuidelineReading.objects.filter(project=project, person=person)
        .order_by("-guideline__number")
        .values_list("guideline__number", flat=True)
        .first()
    )
    versions = project.guidelines.order_by("-number")
    if last is not None:
        return list(versions.filter(number__gt=last))
    member = Membership.objects.filter(project=project, user=person).first()
    return list(versions.filter(number__gt=1, published_at__gt=member.joined_at)) if member else []


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One annotator as the head annotators see them on their way in, and on gold."""

    person: User
    step: str
    state: str
    attempts: int
    score: Score | None
    pass_percent: int | None
    last_at: datetime | None
    gold: Score | None
    may_be_waved: bool


def people_rows(project: Project) -> list[PersonRow]:
    """Return everybody who annotates in the project, those on their way in first."""
    since, plan, golds = last_major(project), plan_of(project), gold_scores(project)
    members = Membership.objects.filter(project=project, ended_at=None, role=Role.ANNOTATOR)
    runs = OnboardingRun.objects.filter(project=project, guideline__number__gte=since).order_by("pk")
    newest = {run.person_id: run for run in runs}
    attempts = Counter(run.person_id for run in runs)
    right = Counter[int]()
    counted = Counter[int]()
    for run_id, is_right in OnboardingAnswer.objects.filter(
        run__in=newest.values(), stage=KnownUse.QUALIFICATION
    ).values_list("run", "is_right"):
        counted[run_id] += 1
        right[run_id] += is_right
    rows = []
    for member in members.select_related("user"):
        run = newest.get(member.user_id)
        is_in = run is not None and run.state in ADMITTED_STATES
        rows.append(
            PersonRow(
                person=member.user,
                step="free" if is_in else "on_the_way" if run else "not_begun",
                state=run.get_state_display() if run else "",
                attempts=attempts[member.user_id],
                score=score_of(right[run.pk], counted[run.pk]) if run else None,
                pass_percent=run.pass_percent if run else None,
                last_at=(run.ended_at or run.started_at) if run else None,
                gold=golds.get(member.user_id),
                may_be_waved=plan.is_asked and not is_in,
            )
        )
    return sorted(rows, key=lambda row: (row.step == "free", str(row.person)))
