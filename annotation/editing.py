"""Edits in the manner of a version tree: a child with kinds, checked on saving, seen by few until accepted."""

import difflib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import CaptionVersion, EditKind, VersionState
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event

# An edited caption of fewer words says too little to be judged (docs/algorithms/edits.md).
FEWEST_WORDS = 2
LONGEST_CAPTION = 1000
PLACEHOLDER = "<person>"
# Searched after every right placeholder has been taken out.
MISSPELT_PLACEHOLDER = re.compile(r"<\s*/?\s*[^<>]{0,20}>|<\s*person\b|\bperson\s*>", re.IGNORECASE)


def content_hash(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8: the key of its embeddings."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class WordChange:
    """A run of words that both texts share (`same`), or that one has alone (`removed`, `added`)."""

    kind: str
    words: str


def word_difference(before: str, after: str) -> list[WordChange]:
    """Return the word-level difference of two texts, in reading order."""
    old, new = before.split(), after.split()
    changes: list[WordChange] = []
    for step, a0, a1, b0, b1 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step == "equal":
            changes.append(WordChange("same", " ".join(old[a0:a1])))
            continue
        if a1 > a0:
            changes.append(WordChange("removed", " ".join(old[a0:a1])))
        if b1 > b0:
            changes.append(WordChange("added", " ".join(new[b0:b1])))
    return changes


def checked_text(*, parent: CaptionVersion, text: str) -> str:
    """Return the edited text as it will be kept. Raises Invalid when it is empty, unchanged, too short or malformed."""
    text = one_line(text)
    if not text:
        raise Invalid("edit_empty", _("The edited caption is empty; the caption was left as it is."))
    if text == parent.text:
        raise Invalid("edit_unchanged", _("The edited caption is the same as before; nothing was saved."))
    if len(text.split()) < FEWEST_WORDS:
        raise Invalid("edit_too_short", _("A caption needs at least %(n)d words.") % {"n": FEWEST_WORDS})
    if len(text) > LONGEST_CAPTION:
        raise Invalid("edit_too_long", _("A caption has at most %(n)d characters.") % {"n": LONGEST_CAPTION})
    if MISSPELT_PLACEHOLDER.search(text.replace(PLACEHOLDER, "")):
        raise Invalid(
            "placeholder_misspelt",
            _("Write the placeholder for a person exactly as %(placeholder)s.")
            % {"placeholder": PLACEHOLDER},
        )
    return text


def checked_kinds(kinds: Sequence[str]) -> list[str]:
    """Return the kinds in their fixed order, each once. Raises Invalid without one or for an unknown one."""
    unknown = set(kinds) - set(EditKind.values)
    if unknown or not kinds:
        raise Invalid(
            "edit_kind_needed",
            _("Say what the edit repairs: colour, number, object, person, location, other."),
        )
    return [kind for kind in EditKind.values if kind in kinds]


def kind_names(kinds: Sequence[str]) -> str:
    """Return what people call the kinds of an edit, separated by commas."""
    return ", ".join(str(EditKind(kind).label) for kind in kinds)


def propose_edit(
    *, parent: CaptionVersion, text: str, kinds: Sequence[str], author: User, is_demo: bool = False
) -> CaptionVersion:
    """Add a proposed child version; proposing the same text again returns the one that is there. Raises Invalid."""
    text = checked_text(parent=parent, text=text)
    kinds = checked_kinds(kinds)
    with transaction.atomic():
        version, created = CaptionVersion.objects.get_or_create(
            caption_id=parent.caption_id,
            content_hash=content_hash(text),
            author=author,
            defaults={
                "project_id": parent.project_id,
                "image_id": parent.image_id,
                "parent": parent,
                "text": text,
                "kinds": kinds,
                "state": VersionState.PROPOSED,
                "is_demo": is_demo,
            },
        )
        if created:
            append_event(actor=author, act="edit_proposed", row=version, fields=["text", "kinds"])
    return version


def decide_edit(*, version: CaptionVersion, reviewer: User, accept: bool) -> CaptionVersion:
    """Accept or reject an edit; an acceptance counts as a good on exactly this version by a second person.

    Raises Denied for the editor themselves, Conflict once somebody decided otherwise.
    """
    state = VersionState.ACCEPTED if accept else VersionState.REJECTED
    with transaction.atomic():
        locked = CaptionVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=version.pk)
        if locked.state == state:
            return locked
        if locked.is_base:
            raise Invalid("not_an_edit", _("This is the imported text, not an edit."))
        if locked.author_id == reviewer.pk:
            raise Denied("own_edit", _("Somebody else has to decide on your own edit."))
        if locked.state == VersionState.ACCEPTED and locked.released_in.exists():
            raise Conflict(
                "edit_released", _("This edit is in a release, which never changes; the decision stays.")
            )
        locked.state = state
        locked.decided_by = reviewer
        locked.decided_at = timezone.now()
        locked.save(update_fields=["state", "decided_by", "decided_at"])
        append_event(actor=reviewer, act="edit_decided", row=locked, fields=["state"])
    return locked


def withdraw_decision(*, version: CaptionVersion, reviewer: User) -> CaptionVersion:
    """Make an edit that the reviewer had decided on a proposal again. Raises Denied, Conflict once it is released."""
    with transaction.atomic():
        locked = CaptionVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=version.pk)
        if locked.state not in {VersionState.ACCEPTED, VersionState.REJECTED}:
            return locked
        if locked.decided_by_id != reviewer.pk:
            raise Denied(
                "decided_by_another", _("Somebody else decided on this edit; only they can take it back.")
            )
        if locked.released_in.exists():
            raise Conflict(
                "edit_released", _("This edit is in a release, which never changes; the decision stays.")
            )
        locked.state = VersionState.PROPOSED
        locked.decided_by = None
        locked.decided_at = None
        locked.save(update_fields=["state", "decided_by", "decided_at"])
        append_event(actor=reviewer, act="edit_decision_withdrawn", row=locked, fields=["state"])
    return locked
