"""Handing over: what somebody who left still had in hand moves on, in one act; what they did stays theirs.

What moves where is in docs/algorithms/assignment.md.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, AssignmentState, Judgment, Question, ReviewItem
from annotation.models.questions import QuestionState
from annotation.models.reviews import ReviewState
from annotation.working.closing import give_on
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event, append_events
from projects.models import Membership, Project, Role


@dataclass(frozen=True, slots=True)
class InHand:
    """What a person has in hand in a project.

    `n_untouched` images are leased and nothing of them is judged, `n_begun` are leased and partly judged, `n_kept`
    slots of re-annotations wait for them alone, `n_returned` judgments came back and wait for their answer,
    `n_questions` of theirs wait for an answer.
    """

    n_untouched: int
    n_begun: int
    n_kept: int
    n_returned: int
    n_questions: int

    @property
    def is_empty(self) -> bool:
        """Say whether nothing has to move on."""
        return not (self.n_untouched or self.n_begun or self.n_kept or self.n_returned or self.n_questions)


def _leased(project: Project, leaver: User) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        project=project, annotator=leaver, state=AssignmentState.LEASED
    ).order_by("pk")


def _begun(project: Project, leaver: User) -> QuerySet[Assignment]:
    return _leased(project, leaver).filter(Exists(Judgment.objects.filter(assignment=OuterRef("pk"))))


def _kept(project: Project, leaver: User) -> QuerySet[Assignment]:
    return Assignment.objects.filter(project=project, reserved_for=leaver, state=AssignmentState.OPEN)


def _returned(project: Project, leaver: User) -> QuerySet[ReviewItem]:
    return ReviewItem.objects.filter(
        project=project, judgment__annotator=leaver, state=ReviewState.RETURNED
    ).order_by("pk")


def _questions(project: Project, leaver: User) -> QuerySet[Question]:
    return Question.objects.filter(project=project, reader=leaver, state=QuestionState.OPEN).order_by("pk")


def in_hand(*, project: Project, person: User) -> InHand:
    """Return what a person has in hand; the counts that a handover moves on."""
    n_begun = _begun(project, person).count()
    return InHand(
        n_untouched=_leased(project, person).count() - n_begun,
        n_begun=n_begun,
        n_kept=_kept(project, person).count(),
        n_returned=_returned(project, person).count(),
        n_questions=_questions(project, person).count(),
    )


def leavers(project: Project) -> QuerySet[Membership]:
    """Return the ended or closed memberships of people who still have something in hand."""
    user = OuterRef("user")
    gone = Membership.objects.filter(Q(ended_at__isnull=False) | Q(user__is_active=False), project=project)
    return (
        gone.filter(
            Exists(Assignment.objects.filter(project=project, annotator=user, state=AssignmentState.LEASED))
            | Exists(
                Assignment.objects.filter(project=project, reserved_for=user, state=AssignmentState.OPEN)
            )
            | Exists(
                ReviewItem.objects.filter(
                    project=project, judgment__annotator=user, state=ReviewState.RETURNED
                )
            )
            | Exists(Question.objects.filter(project=project, reader=user, state=QuestionState.OPEN))
        )
        .select_related("user")
        .order_by("pk")
    )


def possible_successors(project: Project) -> QuerySet[User]:
    """Return the people who annotate in the project now."""
    running = Membership.objects.filter(
        project=project, ended_at=None, role__in=[Role.ANNOTATOR, Role.HEAD, Role.ADMIN]
    )
    return User.objects.filter(is_active=True, memberships__in=running).order_by("display_name", "pk")


def hand_over(*, project: Project, leaver: User, actor: User, successor: User | None = None) -> InHand:
    """Move on all that somebody who left has in hand; return what moved. Doing it again finds nothing.

    Leased images open for anybody, half judged ones as a whole; what they judged stays theirs and counts. Slots kept
    for them, and answers to their open questions, go to `successor`, or to anybody and nobody without one. Returned
    judgments go back to the head annotators: nobody else can revise another person's judgment. Raises Conflict while
    the person still works here, Invalid for a successor who does not.
    """
    with transaction.atomic():
        membership = _locked_members(project, leaver, successor).get(leaver.pk)
        if membership is None or (membership.ended_at is None and membership.user.is_active):
            raise Conflict(
                "still_here", _("This person still works here; end their work first. Nothing was moved.")
            )
        if successor is not None and not possible_successors(project).filter(pk=successor.pk).exists():
            raise Invalid("successor_missing", _("Choose somebody who works in this project."))
        moved = in_hand(project=project, person=leaver)
        _open_leased(project, leaver, actor)
        _give_kept(project, leaver, successor)
        _take_returned(project, leaver, actor)
        for question in _questions(project, leaver).select_for_update(no_key=True, of=("self",)):
            question.reader = successor
            question.save(update_fields=["reader"])
        append_event(actor=actor, act="work_handed_over", row=membership)
    return moved


def _locked_members(project: Project, leaver: User, successor: User | None) -> dict[int, Membership]:
    """Lock the memberships of both, by person.

    The successor claims nothing meanwhile: a slot would be kept for them of an image that they just got.
    """
    people = [person.pk for person in (leaver, successor) if person is not None]
    members = Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    return {row.user_id: row for row in members.filter(project=project, user__in=people).order_by("pk")}


def _open_leased(project: Project, leaver: User, actor: User) -> None:
    held = list(_leased(project, leaver).select_for_update(no_key=True, of=("self",)))
    give_on(held)
    append_events(actor=actor, act="image_given_on", rows=held, fields=["state"])


def _give_kept(project: Project, leaver: User, successor: User | None) -> None:
    """Give the slots kept for the leaver to the successor, one an image; what they cannot take waits for anybody."""
    kept = _kept(project, leaver)
    if successor is not None:
        had = Assignment.objects.filter(
            Q(annotator=successor) | Q(reserved_for=successor),
            batch=OuterRef("batch"),
            image=OuterRef("image"),
        )
        kept.filter(~Exists(had)).update(reserved_for=successor)
    kept.update(reserved_for=None)


def _take_returned(project: Project, leaver: User, actor: User) -> None:
    returned = list(_returned(project, leaver).select_for_update(no_key=True, of=("self",)))
    ReviewItem.objects.filter(pk__in=[item.pk for item in returned]).update(state=ReviewState.WAITING)
    append_events(actor=actor, act="review_taken_back", rows=returned, fields=["state"])
