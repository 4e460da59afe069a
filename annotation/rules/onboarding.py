"""Onboarding: reading, training with feedback, a qualification with a pass mark; and letting somebody through.

States and who moves them are in docs/algorithms/onboarding-and-gold.md; the table's constraints hold them. Answers
given here are no judgments.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Guideline,
    GuidelineReading,
    Judgment,
    KnownAnswer,
    KnownUse,
    OnboardingAnswer,
    OnboardingPlan,
    OnboardingRun,
    OnboardingState,
)
from annotation.models.known_answers import ADMITTED_STATES, RUNNING_STATES
from annotation.rules.admission import admitted_runs, last_major
from annotation.rules.known_answers import is_right, not_by, waits
from measures.proportions import wilson
from polyannot.kernel.errors import Conflict, Denied, Invalid
from projects.history import append_event
from projects.models import Membership, Project, Role

CHANGEABLE = (
    "is_asked",
    "n_training",
    "n_qualification",
    "pass_percent",
    "most_attempts",
    "gold_percent",
)


@dataclass(frozen=True, slots=True)
class Score:
    """Right answers out of n, with a 95% Wilson interval."""

    n: int
    n_right: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Return the share of right answers, in [0, 1]."""
        return self.n_right / self.n


def score_of(n_right: int, n: int) -> Score | None:
    """Return the score, None without an answer."""
    if n == 0:
        return None
    interval = wilson(n_right, n)
    return Score(n=n, n_right=n_right, low=interval.low, high=interval.high)


def plan_of(project: Project) -> OnboardingPlan:
    """Return what the project asks; a project that never said anything asks nothing."""
    return OnboardingPlan.objects.filter(project=project).first() or OnboardingPlan(project=project)


def change_plan(*, project: Project, actor: User, values: Mapping[str, object]) -> OnboardingPlan:
    """Write what the project asks; runs that have begun keep their pairs and pass mark.

    `values` holds checked values under names of CHANGEABLE; other names raise KeyError.
    """
    if unknown := set(values) - set(CHANGEABLE):
        raise KeyError(", ".join(sorted(unknown)))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        plan = plan_of(project)
        changed = [name for name in CHANGEABLE if name in values and getattr(plan, name) != values[name]]
        if not plan.seed:
            plan.seed = 1 + secrets.randbelow(2**31)
        for name in changed:
            setattr(plan, name, values[name])
        plan.save()
        if changed:
            append_event(actor=actor, act="onboarding_plan_changed", row=plan, fields=changed)
    return plan


def confirm_reading(*, project: Project, person: User, number: int) -> GuidelineReading:
    """Take somebody's word that they have read the guidelines. Raises Conflict when a newer version is in force."""
    newest = project.guidelines.order_by("-number").first()
    if newest is None or newest.number != number:
        raise Conflict("guidelines_moved_on", _("A newer version was published; it is shown now."))
    with transaction.atomic():
        reading, is_new = GuidelineReading.objects.get_or_create(
            person=person, guideline=newest, defaults={"project": project}
        )
        if is_new:
            append_event(actor=person, act="guidelines_read", row=reading)
    return reading


def attempts_used(project: Project, person: User) -> int:
    """Count the attempts begun since the last major change of the guidelines."""
    return OnboardingRun.objects.filter(
        project=project, person=person, guideline__number__gte=last_major(project)
    ).count()


def begin_run(*, project: Project, person: User) -> OnboardingRun:
    """Begin an attempt; while one runs, that one is returned, unless the guidelines have changed in between.

    Qualification pairs not asked of the person before come first. Raises Conflict before the guidelines were read,
    once the person has passed, when the attempts are used up, or when there are no pairs.
    """
    plan = plan_of(project)
    guideline = project.guidelines.order_by("-number").first()
    if not plan.is_asked or guideline is None:
        raise Conflict("onboarding_not_asked", _("This project asks for no onboarding."))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        runs = OnboardingRun.objects.filter(project=project, person=person)
        running = runs.select_related("guideline").filter(state__in=RUNNING_STATES).first()
        if running is not None and running.guideline.number >= last_major(project):
            return running
        if running is not None:
            _end(running, person, OnboardingState.FAILED)
        used = _must_be_free_to_begin(project, person, guideline, plan)
        seed = secrets.randbelow(2**31)
        training = _drawn(project, person, KnownUse.TRAINING, plan.n_training, seed)
        asked = _drawn(project, person, KnownUse.QUALIFICATION, plan.n_qualification, seed)
        if not asked:
            raise Conflict(
                "onboarding_unready",
                _("No qualification pairs are there for you yet; ask a head annotator to choose some."),
            )
        run = OnboardingRun.objects.create(
            project=project,
            person=person,
            guideline=guideline,
            attempt=used + 1,
            state=OnboardingState.TRAINING if training else OnboardingState.QUALIFICATION,
            pass_percent=plan.pass_percent,
            seed=seed,
            training_ids=training,
            qualification_ids=asked,
        )
        append_event(actor=person, act="onboarding_begun", row=run)
    return run


def _must_be_free_to_begin(project: Project, person: User, guideline: Guideline, plan: OnboardingPlan) -> int:
    """Return how many attempts were used. Raises Conflict."""
    if OnboardingRun.objects.filter(admitted_runs(project, person, last_major(project))).exists():
        raise Conflict("onboarding_passed", _("You have passed already; go on to your batches."))
    if not GuidelineReading.objects.filter(person=person, guideline=guideline).exists():
        raise Conflict("guidelines_unread", _("Read the guidelines first, and say so below them."))
    used = attempts_used(project, person)
    if used >= plan.most_attempts:
        raise Conflict("attempts_used", _("All attempts are used; a head annotator decides how you go on."))
    return used


def _drawn(project: Project, person: User, use: str, n: int, seed: int) -> list[int]:
    """Return up to n pairs in a seeded order: those never asked of the person first.

    None that they made, and none of an image that is being judged and may still come to them.
    """
    before = OnboardingAnswer.objects.filter(run__person=person, known_answer=OuterRef("pk"))
    pairs = list(
        KnownAnswer.objects.in_use()
        .filter(not_by(person), ~waits(), project=project, use=use)
        .annotate(was_asked=Exists(before))
        .order_by("pk")
        .values_list("was_asked", "pk")
    )
    random.Random(f"{seed}:{use}").shuffle(pairs)
    return [pk for _was_asked, pk in sorted(pairs, key=lambda pair: pair[0])[:n]]


def next_question(run: OnboardingRun) -> KnownAnswer | None:
    """Return the pair that waits for an answer in the running stage; None once the run has ended."""
    asked: Sequence[int] = {
        OnboardingState.TRAINING: run.training_ids,
        OnboardingState.QUALIFICATION: run.qualification_ids,
    }.get(OnboardingState(run.state), [])
    answered = set(run.answers.values_list("known_answer_id", flat=True))
    waiting = next((pk for pk in asked if pk not in answered), None)
    rows = KnownAnswer.objects.select_related("version__image", "version__caption", "schema")
    return rows.get(pk=waiting) if waiting is not None else None


def give_answer(*, run: OnboardingRun, person: User, known: KnownAnswer, label: str) -> OnboardingAnswer:
    """Take a newcomer's label of the pair that waits; the same pair again changes nothing.

    The last training answer opens the qualification, its last answer decides. Raises Denied, Conflict, Invalid.
    """
    if run.person_id != person.pk:
        raise Denied("run_of_another", _("This is somebody else's onboarding."))
    with transaction.atomic():
        locked = OnboardingRun.objects.select_for_update(no_key=True, of=("self",)).get(pk=run.pk)
        given = locked.answers.filter(known_answer=known).first()
        if given is not None:
            return given
        waiting = next_question(locked)
        if waiting is None or waiting.pk != known.pk:
            raise Conflict("question_moved_on", _("Another pair waits for you; it is shown now."))
        if not known.schema.labels.filter(key=label).exists():
            raise Invalid("label_unknown", _("Choose one of the labels."))
        answer = OnboardingAnswer.objects.create(
            project_id=locked.project_id,
            run=locked,
            known_answer=known,
            stage=locked.state,
            label=label,
            is_right=is_right(known, label),
        )
        _move_on(locked, person)
    return answer


def _move_on(run: OnboardingRun, person: User) -> None:
    if next_question(run) is not None:
        return
    if run.state == OnboardingState.TRAINING:
        run.state = OnboardingState.QUALIFICATION
        run.save(update_fields=["state"])
        append_event(actor=person, act="onboarding_qualification", row=run, fields=["state"])
        return
    answers = run.answers.filter(stage=KnownUse.QUALIFICATION)
    n, n_right = answers.count(), answers.filter(is_right=True).count()
    has_passed = 100 * n_right >= run.pass_percent * n
    _end(run, person, OnboardingState.PASSED if has_passed else OnboardingState.FAILED)


def _end(run: OnboardingRun, person: User, state: OnboardingState) -> None:
    run.state, run.ended_at = state, timezone.now()
    run.save(update_fields=["state", "ended_at"])
    append_event(actor=person, act=f"onboarding_{state}", row=run, fields=["state"])


def wave_through(*, project: Project, person: User, head: User) -> OnboardingRun:
    """Let somebody claim without a pass; the history keeps who did it. Raises Denied, Conflict."""
    guideline = project.guidelines.order_by("-number").first()
    if person.pk == head.pk:
        raise Denied("own_onboarding", _("Somebody else has to wave you through."))
    if guideline is None:
        raise Conflict("guidelines_missing", _("The project has no guidelines yet."))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if OnboardingRun.objects.filter(admitted_runs(project, person, last_major(project))).exists():
            raise Conflict("onboarding_passed", _("This person may claim already."))
        runs = OnboardingRun.objects.filter(project=project, person=person)
        run = runs.filter(state__in=RUNNING_STATES).first() or OnboardingRun(
            project=project,
            person=person,
            attempt=attempts_used(project, person) + 1,
            pass_percent=plan_of(project).pass_percent,
            seed=0,
        )
        run.guideline, run.state = guideline, OnboardingState.WAIVED
        run.ended_at, run.waived_by = timezone.now(), head
        run.save()
        append_event(actor=head, act="onboarding_waived", row=run, fields=["state"])
    return run


def experienced_outside(project: Project) -> QuerySet[User]:
    """Return the annotators who have judged here and may not claim: those whom a late start would stop."""
    judged = Judgment.objects.current().filter(project=project, annotator=OuterRef("pk"))
    admitted = OnboardingRun.objects.filter(
        project=project,
        person=OuterRef("pk"),
        state__in=ADMITTED_STATES,
        guideline__number__gte=last_major(project),
    )
    members = Membership.objects.filter(project=project, ended_at=None, role=Role.ANNOTATOR)
    return User.objects.filter(
        Exists(judged), ~Exists(admitted), pk__in=members.values("user"), is_active=True
    ).order_by("pk")


def wave_through_experienced(*, project: Project, head: User) -> int:
    """Let everybody go on who has judged here before; return how many. One event each."""
    with transaction.atomic():
        people = list(experienced_outside(project).exclude(pk=head.pk))
        for person in people:
            wave_through(project=project, person=person, head=head)
    return len(people)
