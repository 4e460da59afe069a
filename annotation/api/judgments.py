"""Judgments as the browser sends them: a list in JSON, each item taken exactly once and answered by itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from annotation.access import assignment_of, batch_of, slot_of
from annotation.api.desks import desk_as_json
from annotation.models.work import JudgmentMode
from annotation.working.assigning import finish_assignment, renew_leases, take_back
from annotation.working.judging import GivenEdit, GivenJudgment, Place, record_at
from annotation.working.moving_on import FreshDesk, move_on
from polyannot.kernel.errors import Conflict, Denied, DomainError, Invalid
from projects.access import Access

# A browser sends its waiting judgments in portions of at most this many.
MOST_AT_ONCE = 200
SENT_MODES = frozenset({JudgmentMode.KEY, JudgmentMode.POINTER, JudgmentMode.REST_BAD})
LARGEST_SEQUENCE = 2**62


@dataclass(frozen=True, slots=True)
class SentJudgment:
    """One judgment with the assignment it was made in."""

    assignment_id: UUID
    given: GivenJudgment


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says to have judged, the items, the assignment whose lease is to last, and the one to lay the next beside."""

    annotator: str
    items: list[Any]
    holding: str
    beside: UUID | None


def read_envelope(body: bytes) -> Envelope:
    """Return what a browser sent. Raises Invalid for anything that is no such list."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("not_json", _("This is not JSON; nothing was saved.")) from error
    items = told.get("judgments") if isinstance(told, dict) else None
    if not isinstance(items, list) or len(items) > MOST_AT_ONCE:
        raise Invalid(
            "judgments_needed",
            _("Send a list of at most %(n)d judgments; nothing was saved.") % {"n": MOST_AT_ONCE},
        )
    return Envelope(
        str(told.get("annotator", "")), items, str(told.get("holding") or ""), _uuid(told.get("beside"))
    )


def _uuid(told: Any) -> UUID | None:
    try:
        return UUID(told)
    except (TypeError, ValueError, AttributeError):
        return None


def read_item(item: Any) -> SentJudgment:
    """Return one judgment of the list. Raises Invalid when a part is missing or of the wrong kind."""
    try:
        mode = item["mode"]
        if mode not in SENT_MODES:
            raise ValueError(mode)
        made_at = parse_datetime(item["made_at"])
        if made_at is None:
            raise ValueError(item["made_at"])
        sequence = int(item["sequence"])
        if not 0 <= sequence <= LARGEST_SEQUENCE:
            raise ValueError(sequence)
        return SentJudgment(
            assignment_id=UUID(item["assignment"]),
            given=GivenJudgment(
                public_id=UUID(item["id"]),
                version_public_id=UUID(item["version"]),
                label=None if item["label"] is None else str(item["label"]),
                sequence=sequence,
                made_at=made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC),
                duration_ms=int(item.get("duration_ms", 0)),
                mode=mode,
                note=str(item.get("note") or ""),
                edit=_edit(item.get("edit")),
            ),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise Invalid(
            "judgment_malformed", _("A part of this judgment is missing; it was not saved.")
        ) from error


def _edit(told: Mapping[str, Any] | None) -> GivenEdit | None:
    if told is None:
        return None
    kinds = told["kinds"]
    if not isinstance(kinds, list):
        raise TypeError(kinds)
    return GivenEdit(text=str(told["text"]), kinds=[str(kind) for kind in kinds])


def take_judgments(*, access: Access, batch: UUID, body: bytes) -> dict[str, Any]:
    """Take a list of judgments in the order of their sequence numbers; answer what became of each.

    `batch` is the public id of a batch of the project. Where the last item hands an image in and the browser names the
    image that is judged now, the answer may hold the one after it (`ahead`). Raises Invalid for a list that cannot be
    read, Conflict when somebody else has signed in since. A refused item changes nothing and does not hold up the
    others.
    """
    told = read_envelope(body)
    if told.annotator != str(access.user.public_id):
        raise Conflict(
            "another_annotator",
            _(
                "Somebody else has signed in here. These judgments are kept in this browser for their annotator."
            ),
        )
    if not told.items and told.holding:
        _renew(access, batch, told.holding)
    taken_back: dict[UUID, UUID] = {}
    results, following = [], None
    for number, item in enumerate(items := sorted(told.items, key=_place), start=1):
        if number == len(items) and told.beside is not None:
            following = _moved_on(access, batch, item, told.beside)
        results.append(_take(access, batch, item, taken_back) if following is None else _saved(item))
    return {"results": results, "ahead": desk_as_json(following) if following else None}


def _is_hand_in(item: Any) -> bool:
    return isinstance(item, dict) and item.get("finish") is True


def _saved(item: Any) -> dict[str, Any]:
    return {"id": str(item.get("id", "")), "state": "saved"}


def _moved_on(access: Access, batch: UUID, item: Any, beside: UUID) -> FreshDesk | None:
    """Hand in and lay the next image beside the one in work; None where the item is no such, or the way is longer."""
    assignment = _uuid(item.get("assignment")) if _is_hand_in(item) else None
    if assignment is None:
        return None
    return move_on(access=access, batch=batch, assignment=assignment, beside=beside)


def _place(item: Any) -> int:
    sequence = item.get("sequence") if isinstance(item, dict) else None
    return sequence if isinstance(sequence, int) else LARGEST_SEQUENCE


def _take(access: Access, batch: UUID, item: Any, taken_back: dict[UUID, UUID]) -> dict[str, Any]:
    public_id = str(item.get("id", "")) if isinstance(item, dict) else ""
    try:
        if _is_hand_in(item):
            _hand_in(access, item, taken_back)
            return _saved(item)
        sent = read_item(item)
        place = Place(access.project.pk, batch, taken_back.get(sent.assignment_id, sent.assignment_id))
        try:
            record_at(place=place, annotator=access.user, given=sent.given)
        except Denied as refusal:
            if refusal.code != "assignment_of_another":
                raise
            taken_back[sent.assignment_id] = _taken_back(access, batch, sent.assignment_id)
            again = replace(place, assignment=taken_back[sent.assignment_id])
            record_at(place=again, annotator=access.user, given=sent.given)
    except DomainError as error:
        return {"id": public_id, "state": "refused", "code": error.code, "message": str(error.message)}
    return _saved(item)


def _hand_in(access: Access, item: Mapping[str, Any], taken_back: Mapping[UUID, UUID]) -> None:
    """Hand an image in that the annotator has left for the next one already."""
    named = _uuid(item.get("assignment"))
    if named is None:
        raise Invalid("assignment_malformed", _("There is no such image in this batch."))
    assignment = assignment_of(access, taken_back.get(named, named))
    finish_assignment(assignment=assignment, annotator=access.user)


def _taken_back(access: Access, batch: UUID, public_id: UUID) -> UUID:
    """Return the assignment in which a person goes on whose lease ran out while they were offline."""
    in_batch = batch_of(access, batch)
    slot = slot_of(in_batch, public_id)
    mine = take_back(slot=slot, batch=in_batch, annotator=access.user)
    if mine is None:
        raise Conflict(
            "image_given_away",
            _(
                "You were away for long, and others have judged this image since; this judgment was not taken."
            ),
        )
    return mine.public_id


def _renew(access: Access, batch: UUID, public_id: str) -> None:
    """Hold the leases of the person on as long as they hold the image that they name."""
    in_batch, named = batch_of(access, batch), _uuid(public_id)
    if named is None:
        raise Invalid("assignment_malformed", _("There is no such image in this batch."))
    slot = slot_of(in_batch, named)
    if slot.annotator_id == access.user.pk:
        renew_leases(batch=in_batch, annotator=access.user)
