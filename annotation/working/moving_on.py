"""Handing an image in and taking the next one in as few statements as it takes: the hot path of annotation.

This is the ordinary way alone: a production batch open to all, no gold, nothing asked of the annotator first, no
precedents to lay beside captions, no other image in hand. Everything else goes the way of assigning.py, and so does
whatever this way finds in its path. Both claim the same slot: tests/annotation/test_moving_on.py holds it.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from annotation.models import Assignment, Batch
from annotation.models.work import BatchPurpose, BatchTakers
from annotation.working.pacing import LONGEST_LEASE, SHORTEST_LEASE, lease_seconds, pace_of
from annotation.working.queueing import first_shown, open_slots, order_seed, pool_to_show
from polyannot.kernel.prepared import Prepared, execute
from projects.access import Access
from projects.history import append_event

# The pace is measured again at one image in so many; between, the last lease is scaled by the number of captions.
MEASURED_EVERY = 8
# With fewer open slots than this the general way decides whether one may be claimed ahead.
PLENTY = 100

# The person's membership is locked as in assigning.py, so that two tabs of one person come one after the other; first,
# as everywhere, so that nobody who holds it waits for somebody who waits for it.
GROUND = """\
SELECT a.id, a.position, a.lease_seconds, cardinality(a.version_ids), b.id, b.seed,
       a.annotator_id = %(annotator)s AND a.state = 'leased' AND b.closed_at IS NULL AND NOT a.is_gold
       AND b.purpose = %(production)s AND b.taken_by = %(anyone)s
       AND NOT s.compares_paraphrases
       AND NOT EXISTS (SELECT 1 FROM annotation_onboardingplan o
                        WHERE o.project_id = a.project_id AND (o.is_asked OR o.gold_percent > 0))
       AND NOT EXISTS (SELECT 1 FROM annotation_guideline g JOIN annotation_guideline mine ON mine.id = b.guideline_id
                        WHERE g.project_id = a.project_id AND g.is_major AND g.number <= mine.number
                          AND NOT EXISTS (SELECT 1 FROM annotation_guidelinereading r
                                            JOIN annotation_guideline rg ON rg.id = r.guideline_id
                                           WHERE r.project_id = a.project_id AND r.person_id = %(annotator)s
                                             AND rg.number >= g.number))
       AND NOT EXISTS (SELECT 1 FROM annotation_precedent p
                        WHERE p.project_id = a.project_id AND p.retired_at IS NULL)
  FROM annotation_assignment a
  JOIN annotation_batch b ON b.id = a.batch_id
  JOIN annotation_labelschema s ON s.id = b.schema_id
  JOIN projects_membership m ON m.project_id = a.project_id AND m.user_id = %(annotator)s
 WHERE a.public_id = %(assignment)s AND b.public_id = %(batch)s AND a.project_id = %(project)s
   FOR NO KEY UPDATE OF m, a
"""
# A statement of its own after the lock, so that it sees whatever was judged or undone before the lock was had. The
# locked row itself was read again when the lock was had.
HAND_IN = """\
UPDATE annotation_assignment a SET state = 'done', finished_at = %(now)s, lease_until = NULL
 WHERE a.id = %(id)s AND NOT EXISTS (
       SELECT 1 FROM annotation_captionversion v JOIN annotation_caption c ON c.id = v.caption_id
        WHERE v.id = ANY(a.version_ids) AND c.drop_reason = ''
          AND NOT EXISTS (SELECT 1 FROM annotation_judgment j
                           WHERE j.version_id = v.id AND j.annotator_id = a.annotator_id AND j.batch_id = a.batch_id
                             AND j.is_current AND j.label IS NOT NULL))
"""
LEASE = """\
UPDATE annotation_assignment
   SET state = 'leased', annotator_id = %(annotator)s, started_at = %(now)s, order_seed = %(seed)s,
       version_ids = %(versions)s, lease_seconds = %(lasts)s, lease_until = %(until)s
 WHERE id = %(id)s
"""
# What the slot was opened for, or what the image's first annotator in the batch was shown; see versions_to_show.
THESE = """\
SELECT v.id, v.public_id, v.text FROM annotation_captionversion v JOIN annotation_caption c ON c.id = v.caption_id
 WHERE v.id = ANY(%(versions)s) AND c.drop_reason = '' ORDER BY c.pool_rank, v.caption_id, v.id
"""

# With each image in hand the last of so many open slots, if there are so many.
in_hand = Prepared(
    lambda batch, annotator: Assignment.objects.filter(
        batch=batch, annotator=annotator, state="leased"
    ).values_list(
        "public_id",
        "position",
        Subquery(Assignment.objects.filter(batch=batch, state="open").values("pk")[PLENTY - 1 : PLENTY]),
    )[:2],
    batch=int,
    annotator=int,
)
next_slot = Prepared(
    lambda batch, annotator, position: (
        open_slots(
            batch=Batch(pk=batch, purpose=BatchPurpose.PRODUCTION, taken_by=BatchTakers.ANYONE),
            annotator=User(pk=annotator),
        )
        .filter(position__gt=position)
        .select_for_update(skip_locked=True, of=("self",))
        .values_list(
            "pk",
            "public_id",
            "image_id",
            "chosen_ids",
            "image__public_id",
            "image__width",
            "image__height",
            Subquery(first_shown(batch, OuterRef("image"))),
        )[:1]
    ),
    batch=int,
    annotator=int,
    position=int,
)


@lru_cache(maxsize=32)
def _pool(most: int) -> Prepared:
    return Prepared(lambda image: pool_to_show(image, most).values_list("pk", "public_id", "text"), image=int)


@dataclass(frozen=True, slots=True)
class FreshDesk:
    """An image just claimed, with nothing judged: captions (public id, text) in the annotator's own order."""

    assignment: UUID
    image: UUID
    width: int
    height: int
    captions: list[tuple[UUID, str]]


@dataclass(frozen=True, slots=True)
class _HandedIn:
    """The image just handed in, and its batch."""

    pk: int
    position: int
    lease_seconds: int
    n_captions: int
    batch: int
    batch_seed: int


def move_on(*, access: Access, batch: UUID, assignment: UUID, beside: UUID | None = None) -> FreshDesk | None:
    """Hand in the image of an assignment and claim the next ordinary one, in one transaction.

    `beside` names the image that the annotator works on now, when the one claimed is to lie ready for later: until they
    begin, it is theirs for the shortest lease. None when something out of the ordinary is in the way: the caller goes
    the general way, which hands in (once more, if it was done here, without harm), claims, or says what is wrong.
    """
    named = {
        "project": access.project.pk,
        "batch": batch,
        "assignment": assignment,
        "annotator": access.user.pk,
        "production": BatchPurpose.PRODUCTION.value,
        "anyone": BatchTakers.ANYONE.value,
        "now": timezone.now(),
    }
    with transaction.atomic():
        row = execute(GROUND, named).fetchone()
        if row is None or not row[-1]:
            return None
        handed_in = _HandedIn(*row[:-1])
        if execute(HAND_IN, {**named, "id": handed_in.pk}).rowcount == 0:
            return None
        done = Assignment(pk=handed_in.pk, project_id=access.project.pk)
        append_event(actor=access.user, act="image_finished", row=done)
        position = _place_of_next(handed_in, access, beside)
        return (
            None if position is None else _claimed(handed_in, access, position, is_ahead=beside is not None)
        )


def _place_of_next(handed_in: _HandedIn, access: Access, beside: UUID | None) -> int | None:
    """Return the position after which to look; None when the annotator's hands are not as expected."""
    held = in_hand.rows(batch=handed_in.batch, annotator=access.user.pk)
    if [public_id for public_id, *_more in held] != ([] if beside is None else [beside]):
        return None
    if beside is None:
        return handed_in.position
    position: int
    _public_id, position, last_of_plenty = held[0]
    return position if last_of_plenty is not None else None


def _claimed(handed_in: _HandedIn, access: Access, position: int, *, is_ahead: bool) -> FreshDesk | None:
    found = next_slot.first(batch=handed_in.batch, annotator=access.user.pk, position=position)
    if found is None:
        return None
    slot, slot_id, image, chosen, image_id, width, height, shown_before = found
    batch = Batch(pk=handed_in.batch, seed=handed_in.batch_seed)
    seed = order_seed(batch=batch, image_id=image, annotator=access.user)
    if (asked := chosen or shown_before) is not None:
        shown = execute(THESE, {"versions": asked}).fetchall()
    else:
        shown = _pool(access.project.captions_at_once).rows(image=image)
    random.Random(seed).shuffle(shown)
    lasts = _lease_of(access, slot, handed_in, len(shown))
    now = timezone.now()
    leased = {
        "id": slot,
        "annotator": access.user.pk,
        "now": now,
        "seed": seed,
        "versions": [pk for pk, _public_id, _text in shown],
        "lasts": lasts,
        "until": now + timedelta(seconds=SHORTEST_LEASE if is_ahead else lasts),
    }
    execute(LEASE, leased)
    captions = [(public_id, text) for _pk, public_id, text in shown]
    return FreshDesk(slot_id, image_id, width, height, captions)


def _lease_of(access: Access, slot: int, before: _HandedIn, n_captions: int) -> int:
    if slot % MEASURED_EVERY == 0 or not before.n_captions:
        pace = pace_of(annotator=access.user, project=access.project)
        return lease_seconds(pace=pace, n_captions=n_captions)
    scaled = before.lease_seconds * n_captions // before.n_captions
    return max(SHORTEST_LEASE, min(LONGEST_LEASE, scaled))
