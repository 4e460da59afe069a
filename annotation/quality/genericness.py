"""Whether a caption is too generic: people see it with images that are not its own, a head annotator decides.

Rules in docs/algorithms/genericness.md. Answers are no judgments: they enter no verdict and no agreement.
"""

import random
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Caption,
    CaptionHub,
    CaptionVersion,
    CheckOrigin,
    DropReason,
    Fits,
    GenericnessAnswer,
    GenericnessCheck,
    GenericnessDecision,
    GenericnessQuestion,
    Image,
    ImageState,
)
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event, append_events
from projects.models import Project

IMAGES_PER_CHECK = 5
ANSWERS_WANTED = 2
MOST_CHECKS = 200
SEED = 20_240_501


def open_checks(
    *,
    project: Project,
    actor: User,
    n_hubs: int,
    n_baseline: int,
    n_images: int = IMAGES_PER_CHECK,
    answers_wanted: int = ANSWERS_WANTED,
    seed: int = SEED,
) -> list[GenericnessCheck]:
    """Open checks of the strongest hubs that were never checked, and of random captions to compare with.

    Both are asked mixed, so that nobody knows which is which. Raises Invalid for counts that make no sense and when
    there is nothing to check.
    """
    if min(n_hubs, n_baseline) < 0 or not 0 < n_hubs + n_baseline <= MOST_CHECKS:
        raise Invalid("checks_needed", _("Choose between 1 and %(most)d captions.") % {"most": MOST_CHECKS})
    unchecked = (
        CaptionVersion.objects.current()
        .filter(project=project, caption__drop_reason="", image__state=ImageState.ACTIVE)
        .filter(caption__genericness_checks=None)
    )
    hubs = list(unchecked.filter(pk__in=[hub.version_id for hub in suggested_hubs(project)]))
    place = {hub.version_id: number for number, hub in enumerate(suggested_hubs(project))}
    chosen = sorted(hubs, key=lambda version: place[version.pk])[:n_hubs]
    rest = sorted(set(unchecked.values_list("pk", flat=True)) - {version.pk for version in hubs})
    drawn = random.Random(seed).sample(rest, min(n_baseline, len(rest)))
    if not chosen and not drawn:
        raise Invalid("nothing_to_check", _("Every caption was checked already, or there is none."))
    with transaction.atomic():
        found = [_open(version, CheckOrigin.HUB, actor, n_images, answers_wanted, seed) for version in chosen]
        found += [
            _open(version, CheckOrigin.BASELINE, actor, n_images, answers_wanted, seed)
            for version in CaptionVersion.objects.filter(pk__in=drawn).order_by("pk")
        ]
        append_events(actor=actor, act="genericness_check_opened", rows=found, project=project)
    return found


def suspect(*, version: CaptionVersion, actor: User, seed: int = SEED) -> GenericnessCheck:
    """Open a check of one caption that somebody suspects; the open one where there is one already.

    Raises Conflict for a caption that is out of the pool.
    """
    if (there := version.caption.genericness_checks.filter(closed_at=None).first()) is not None:
        return there
    if version.caption.drop_reason:
        raise Conflict("caption_out", _("This caption is out of the pool; nothing was opened."))
    with transaction.atomic():
        check = _open(version, CheckOrigin.PERSON, actor, IMAGES_PER_CHECK, ANSWERS_WANTED, seed)
        append_event(actor=actor, act="genericness_check_opened", row=check)
    return check


def _open(
    version: CaptionVersion, origin: str, actor: User, n_images: int, answers_wanted: int, seed: int
) -> GenericnessCheck:
    """Write a check and its questions: a seeded draw of active images other than the caption's own."""
    draw = random.Random(f"{seed}-{version.pk}")
    others = Image.objects.filter(project=version.project_id, state=ImageState.ACTIVE).exclude(
        pk=version.image_id
    )
    candidates = list(others.order_by("pk").values_list("pk", flat=True))
    if len(candidates) < n_images or n_images < 1:
        raise Invalid(
            "too_few_images",
            _(
                "%(n)d other images are needed to show a caption with, %(there)d are there; nothing was opened."
            )
            % {"n": n_images, "there": len(candidates)},
        )
    check = GenericnessCheck.objects.create(
        project_id=version.project_id,
        image_id=version.image_id,
        caption_id=version.caption_id,
        version=version,
        origin=origin,
        seed=seed,
        answers_wanted=answers_wanted,
        opened_by=actor,
    )
    GenericnessQuestion.objects.bulk_create(
        GenericnessQuestion(
            project_id=version.project_id, check_row=check, image_id=image, place=draw.getrandbits(62)
        )
        for image in draw.sample(candidates, n_images)
    )
    return check


def suggested_hubs(project: Project) -> QuerySet[CaptionHub]:
    """Return the hubs of the newest search, the strongest first."""
    newest = CaptionHub.objects.filter(project=project).order_by("-job").values("job")[:1]
    return CaptionHub.objects.filter(project=project, job__in=newest).order_by("-occurrences", "pk")


def open_questions(project: Project, annotator: User) -> QuerySet[GenericnessQuestion]:
    """Return the questions that this person may still answer, in the order in which they are asked."""
    return (
        GenericnessQuestion.objects.filter(project=project, check_row__closed_at=None)
        .exclude(answers__annotator=annotator)
        .annotate(n_answers=Count("answers"))
        .filter(n_answers__lt=F("check_row__answers_wanted"))
        .order_by("place", "pk")
    )


def answer_question(*, question: GenericnessQuestion, annotator: User, fits: str) -> GenericnessAnswer:
    """Take one annotator's answer; the same answer sent twice counts once.

    Raises Invalid for an unknown answer, Conflict for a closed check and for another answer than the first.
    """
    if fits not in Fits.values:
        raise Invalid("answer_needed", _("Say yes, no or unsure."))
    with transaction.atomic():
        check = GenericnessCheck.objects.select_for_update(no_key=True).get(pk=question.check_row_id)
        there = GenericnessAnswer.objects.filter(question=question, annotator=annotator).first()
        if there is not None and there.fits == fits:
            return there
        if there is not None:
            raise Conflict("answered", _("You had answered this already; the first answer stays."))
        if check.closed_at is not None:
            raise Conflict(
                "check_closed", _("This caption was decided in the meantime; your answer is not needed.")
            )
        try:
            with transaction.atomic():
                answer = GenericnessAnswer.objects.create(
                    project_id=question.project_id, question=question, annotator=annotator, fits=fits
                )
        except IntegrityError as error:
            raise Conflict("answered", _("You had answered this already; the first answer stays.")) from error
        append_event(actor=annotator, act="genericness_answered", row=answer)
    return answer


def decide_check(
    *, check: GenericnessCheck, head: User, is_removed: bool, note: str = ""
) -> GenericnessDecision:
    """Conclude a check: take the caption out as too generic, or keep it.

    Raises Conflict when it was decided otherwise, when the caption is out for another reason, and for a removal before
    every image was answered for: the signal is human, never the machine's alone.
    """
    with transaction.atomic():
        locked = GenericnessCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
        standing = locked.decisions.filter(undone_at=None).first()
        if standing is not None and standing.is_removed == is_removed:
            return standing
        if standing is not None:
            raise Conflict("check_decided", _("This caption was decided otherwise; undo that first."))
        if is_removed:
            _remove(locked)
        decision = GenericnessDecision.objects.create(
            project_id=locked.project_id,
            check_row=locked,
            is_removed=is_removed,
            note=many_lines(note)[:300],
            decided_by=head,
        )
        locked.closed_at = timezone.now()
        locked.save(update_fields=["closed_at"])
        append_event(actor=head, act="genericness_decided", row=decision, fields=["is_removed"])
    return decision


def _remove(check: GenericnessCheck) -> None:
    unanswered = check.questions.filter(answers=None).count()
    if unanswered:
        raise Conflict(
            "answers_missing",
            _("People have not answered for %(n)d of its images yet; the caption stays until they have.")
            % {"n": unanswered},
        )
    changed = Caption.objects.filter(pk=check.caption_id, drop_reason=DropReason.NONE).update(
        drop_reason=DropReason.TOO_GENERIC
    )
    if not changed:
        raise Conflict(
            "caption_out", _("This caption is out of the pool for another reason; nothing was changed.")
        )


def undo_decision(*, check: GenericnessCheck, head: User) -> GenericnessCheck:
    """Take the standing decision back: a removed caption returns to the pool, the check is open again.

    Raises Conflict when nothing stands, or when another check of the caption was opened since.
    """
    with transaction.atomic():
        locked = GenericnessCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
        standing = locked.decisions.filter(undone_at=None).first()
        if standing is None:
            raise Conflict("nothing_to_undo", _("No decision stands; nothing was changed."))
        if GenericnessCheck.objects.filter(caption=locked.caption_id, closed_at=None).exists():
            raise Conflict("checked_again", _("This caption is being checked again; decide there."))
        if standing.is_removed:
            Caption.objects.filter(pk=locked.caption_id, drop_reason=DropReason.TOO_GENERIC).update(
                drop_reason=DropReason.NONE
            )
        standing.undone_by, standing.undone_at = head, timezone.now()
        standing.save(update_fields=["undone_by", "undone_at"])
        locked.closed_at = None
        locked.save(update_fields=["closed_at"])
        append_event(actor=head, act="genericness_decision_undone", row=standing, fields=["undone_at"])
    return locked


def counted(checks: QuerySet[GenericnessCheck]) -> QuerySet[GenericnessCheck]:
    """Annotate checks with their answers: `n_yes`, `n_no`, `n_unsure`, and `n_open` images without one."""
    answers = "questions__answers"
    return checks.annotate(
        n_yes=Count(answers, filter=Q(questions__answers__fits=Fits.YES), distinct=True),
        n_no=Count(answers, filter=Q(questions__answers__fits=Fits.NO), distinct=True),
        n_unsure=Count(answers, filter=Q(questions__answers__fits=Fits.UNSURE), distinct=True),
        n_open=Count("questions", filter=Q(questions__answers=None), distinct=True),
    )


def versions_of_text(project: Project, content_hash: str) -> Sequence[CaptionVersion]:
    """Return the captions that read so now, those in the pool first."""
    rows = CaptionVersion.objects.current().filter(project=project, content_hash=content_hash)
    return list(rows.select_related("caption").order_by("caption__drop_reason", "pk")[:20])
