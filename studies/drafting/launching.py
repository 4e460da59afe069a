"""Launching a study, pausing and closing it; launching freezes pairs, texts, rules and seed."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event
from studies.design.choosing import DesignError
from studies.drafting.approving import fingerprint_of, is_approved, needs_approval
from studies.drafting.building import MOST_PARTICIPANTS, locked_draft
from studies.drafting.candidates import DraftChoice
from studies.drafting.contents import draft_choice
from studies.drafting.laying_out import lay_out
from studies.drafting.piloting import delete_pilot
from studies.drafting.plans import drafted_plan
from studies.drafting.preregistering import freeze
from studies.drafting.tabling import set_problems
from studies.drafting.trying import delete_test_runs
from studies.drafting.wording import empty_texts, missing_consent_fields
from studies.models import Deviation, Study, StudyState
from studies.taking.platforms import recruiting_problems
from studies.taking.reaching import note_target


@dataclass(frozen=True)
class Readiness:
    """What stands between a draft and its launch; all empty means it may be launched."""

    missing_fields: tuple[str, ...]
    empty_texts: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Say whether the study may be launched."""
        return not (self.missing_fields or self.empty_texts or self.problems)


def readiness(study: Study, choice: DraftChoice) -> Readiness:
    """Return what is still missing; `choice` is the draft's."""
    problems = list(choice.problems)
    if not problems:
        try:
            drafted_plan(study, choice)
        except DesignError as error:
            problems.append(str(error))
        problems += set_problems(study, choice)
    problems += recruiting_problems(study)
    return Readiness(tuple(missing_consent_fields(study)), tuple(empty_texts(study)), tuple(problems))


def launch_study(*, study: Study, actor: User | None) -> Study:
    """Freeze pairs, texts, rules and seed, write the pre-registration and open the link.

    A simulated pilot and test runs are deleted. Raises Conflict when it was launched before, Invalid while something
    that an ethics board asks for is empty, the numbers do not fit, or a second person has yet to approve.
    """
    with transaction.atomic():
        draft = locked_draft(study)
        choice = draft_choice(draft)
        ready = readiness(draft, choice)
        if not ready.is_ready:
            raise Invalid(
                "study_not_ready",
                _("The study cannot be launched yet: %(what)s") % {"what": "; ".join(_missing(ready))},
            )
        fingerprint = fingerprint_of(draft, choice)
        if needs_approval(draft.project) and not is_approved(draft, fingerprint, launcher=actor):
            raise Invalid(
                "study_not_approved",
                _("Somebody else has to read and approve the draft as it stands before it is launched."),
            )
        delete_pilot(study=draft, actor=actor)
        delete_test_runs(study=draft, actor=actor)
        plan = lay_out(draft, choice)
        draft.state = StudyState.LAUNCHED
        draft.launched_at = timezone.now()
        draft.target_participants = plan.participants
        draft.save(update_fields=["state", "launched_at", "target_participants"])
        freeze(draft, plan, choice)
        append_event(actor=actor, act="study_launched", row=draft, fields=["state", "seed"])
    return draft


def label_of(name: str) -> str:
    """Return what people call a field of a study."""
    field = Study._meta.get_field(name)
    return str(getattr(field, "verbose_name", name))


def _missing(ready: Readiness) -> list[str]:
    names = [label_of(name) for name in ready.missing_fields]
    texts = [_("the text %(kind)s is empty") % {"kind": kind} for kind in ready.empty_texts]
    empty = [_("empty: %(names)s") % {"names": ", ".join(names)}] if names else []
    return [*empty, *texts, *ready.problems]


def pause_study(*, study: Study, actor: User | None) -> None:
    """Let nobody new begin; those who have begun go on. Raises Conflict unless it is launched."""
    _move(study, actor, StudyState.LAUNCHED, StudyState.PAUSED, "study_paused")


def resume_study(*, study: Study, actor: User | None) -> None:
    """Let new people begin again. Raises Conflict unless it is paused."""
    _move(study, actor, StudyState.PAUSED, StudyState.LAUNCHED, "study_resumed")


def close_study(*, study: Study, actor: User | None) -> None:
    """Let nobody new begin any more; those who have begun may finish. Raises Conflict unless it is open or paused."""
    with transaction.atomic():
        changed = Study.objects.filter(
            pk=study.pk, state__in=[StudyState.LAUNCHED, StudyState.PAUSED]
        ).update(state=StudyState.CLOSED, closed_at=timezone.now())
        _settle(study, changed, actor, "study_closed")
        note_target(study)


def _move(study: Study, actor: User | None, before: str, after: str, act: str) -> None:
    with transaction.atomic():
        changed = Study.objects.filter(pk=study.pk, state=before).update(state=after)
        _settle(study, changed, actor, act)


def _settle(study: Study, changed: int, actor: User | None, act: str) -> None:
    if not changed:
        raise Conflict("study_moved_on", _("The study is in another state by now; nothing was changed."))
    append_event(actor=actor, act=act, row=study, fields=["state"])
    study.refresh_from_db(fields=["state", "closed_at"])


def extend_study(*, study: Study, participants: int, why: str, actor: User | None) -> None:
    """Ask for more or fewer participants than declared; the change is logged as a deviation.

    Raises Invalid without a reason, for less than one participant or more than MOST_PARTICIPANTS, Conflict for a draft
    or a closed study.
    """
    if participants < 1:
        raise Invalid("participants_too_few", _("A study needs at least one participant."))
    if participants > MOST_PARTICIPANTS:
        raise Invalid(
            "participants_too_many",
            _("A study has at most %(n)d participants; nothing was changed.") % {"n": MOST_PARTICIPANTS},
        )
    with transaction.atomic():
        row = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        if row.state not in {StudyState.LAUNCHED, StudyState.PAUSED}:
            raise Conflict("study_not_running", _("Only a running study can be extended."))
        told = _("Participants: %(before)d, now %(after)d. %(why)s")
        text = told % {"before": row.target_participants, "after": participants, "why": why.strip()}
        note_deviation(study=row, text=text if why.strip() else "", actor=actor)
        row.target_participants = participants
        row.target_reached_at = None
        row.save(update_fields=["target_participants", "target_reached_at"])
    study.refresh_from_db(fields=["target_participants", "target_reached_at"])


def note_deviation(*, study: Study, text: str, actor: User | None) -> Deviation:
    """Log a departure from what was declared; it is printed with the results and cannot be removed.

    Raises Invalid for an empty text, Conflict before launch.
    """
    text = many_lines(text)
    if not text:
        raise Invalid("deviation_empty", _("Say what was done otherwise, and why."))
    if study.state == StudyState.DRAFT:
        raise Conflict("study_not_launched", _("A draft has declared nothing yet; change the draft instead."))
    with transaction.atomic():
        deviation = Deviation.objects.create(study=study, text=text, author=actor)
        append_event(actor=actor, act="deviation_noted", row=deviation, project=study.project)
    return deviation
