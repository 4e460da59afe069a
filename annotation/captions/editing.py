"""Edits in the manner of a version tree: a child with kinds, checked on saving, seen by few until accepted."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import CaptionVersion, EditKind, FixItem, Judgment, VersionState
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event

# An edited caption of fewer words says too little to be judged (docs/algorithms/editing.md).
FEWEST_WORDS = 2
LONGEST_CAPTION = 1000
PLACEHOLDER = "<person>"
# Searched after every right placeholder has been taken out: a bracket at a letter, or a pair of brackets around a word
# or nothing. "I <3 you" and "5 > 4" are no placeholders.
MISSPELT_PLACEHOLDER = re.compile(
    r"<\s*/?\s*[^\W\d_][^<>]{0,19}>|<\s*/?\s*>|</?[^\W\d_]|[^\W\d_]/?>|<\s*person\b|\bperson\s*>",
    re.IGNORECASE,
)


def content_hash(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8: the key of its embeddings."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class WordChange:
    """A run of words that both texts share (`same`), or that one has alone (`removed`, `added`)."""

    kind: str
    words: str


def word_difference(before: str, after: str) -> list[WordChange]:
    """Return the word-level difference of two texts, in reading order; the browser's difference.js says the same.

    Kept is the longest common subsequence of the words; of several, the one that removes before it adds.
    """
    old, new = before.split(), after.split()
    common = _common_from(old, new)
    changes: list[tuple[str, list[str]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            kind, word, i, j = "same", old[i], i + 1, j + 1
        elif i < len(old) and (j == len(new) or common[i + 1][j] >= common[i][j + 1]):
            kind, word, i = "removed", old[i], i + 1
        else:
            kind, word, j = "added", new[j], j + 1
        if changes and changes[-1][0] == kind:
            changes[-1][1].append(word)
        else:
            changes.append((kind, [word]))
    return [WordChange(kind, " ".join(words)) for kind, words in changes]


def _common_from(old: Sequence[str], new: Sequence[str]) -> list[list[int]]:
    """Return how many words in order the ends old[i:] and new[j:] have in common, by i and j."""
    common = [[0] * (len(new) + 1) for _word in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            same = old[i] == new[j]
            common[i][j] = common[i + 1][j + 1] + 1 if same else max(common[i + 1][j], common[i][j + 1])
    return common


def checked_text(*, parent: CaptionVersion, text: str) -> str:
    """Return the edited text as it will be kept.

    Raises Invalid when it is empty, unchanged, too short or malformed, or the text that an earlier version had. A text
    that somebody else proposed is taken: annotators are blind to each other, and agreement on edits is measured by it.
    """
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
    if _had_earlier(parent, text):
        raise Invalid(
            "edit_earlier_text",
            _("The caption had this text before; nothing was saved. Ask a head annotator to go back to it."),
        )
    return text


def _had_earlier(version: CaptionVersion, text: str) -> bool:
    """Say whether one of the texts from which the version was made is this one."""
    ancestor = version.parent
    while ancestor is not None:
        if ancestor.text == text:
            return True
        ancestor = ancestor.parent
    return False


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
    *,
    parent: CaptionVersion,
    text: str,
    kinds: Sequence[str],
    author: User,
    is_gold: bool = False,
    is_demo: bool = False,
) -> CaptionVersion:
    """Add a proposed child version; proposing the same text again returns the one that is there. Raises Invalid.

    An edit made on a gold image is kept for its author and waits for nobody: it counts as not accepted.
    """
    text = checked_text(parent=parent, text=text)
    kinds = checked_kinds(kinds)
    with transaction.atomic():
        proposed = CaptionVersion.objects.filter(reverts_to=None).exclude(state=VersionState.WITHDRAWN)
        version, created = proposed.get_or_create(
            caption_id=parent.caption_id,
            content_hash=content_hash(text),
            author=author,
            defaults={
                "project_id": parent.project_id,
                "image_id": parent.image_id,
                "parent": parent,
                "text": text,
                "kinds": kinds,
                "state": VersionState.REJECTED if is_gold else VersionState.PROPOSED,
                "is_demo": is_demo,
            },
        )
        if created:
            append_event(actor=author, act="edit_proposed", row=version, fields=["text", "kinds"])
    return version


def decide_edit(*, version: CaptionVersion, reviewer: User, accept: bool) -> CaptionVersion:
    """Accept or reject an edit; an acceptance counts as a good on exactly this version by a second person.

    A text that its author made current (a revert, a find-and-fix) is confirmed by the acceptance. Raises Denied for the
    editor themselves, Conflict once it is released, its annotator or an undo took it back, or somebody else has decided
    otherwise.
    """
    state = VersionState.ACCEPTED if accept else VersionState.REJECTED
    with transaction.atomic():
        locked = CaptionVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=version.pk)
        if locked.state == state and locked.decided_by_id is not None:
            return locked
        _refuse_decision(locked, reviewer)
        if accept and _was_taken_back(locked):
            raise Conflict(
                "edit_taken_back", _("The annotator has taken this edit back meanwhile; nothing was changed.")
            )
        locked.state = state
        locked.decided_by = reviewer
        locked.decided_at = timezone.now()
        locked.save(update_fields=["state", "decided_by", "decided_at"])
        append_event(actor=reviewer, act="edit_decided", row=locked, fields=["state"])
    return locked


def _refuse_decision(version: CaptionVersion, reviewer: User) -> None:
    if version.is_base:
        raise Invalid("not_an_edit", _("This is the imported text, not an edit."))
    if version.author_id == reviewer.pk:
        raise Denied("own_edit", _("Somebody else has to decide on your own edit."))
    if version.state == VersionState.WITHDRAWN:
        raise Conflict("edit_withdrawn", _("This edit was taken back; nothing was decided."))
    if version.decided_by_id not in {None, reviewer.pk}:
        raise Conflict(
            "edit_decided", _("Somebody else has decided otherwise on this edit meanwhile; it stays so.")
        )
    if version.state == VersionState.ACCEPTED and version.released_in.exists():
        raise Conflict(
            "edit_released", _("This edit is in a release, which never changes; the decision stays.")
        )


def _was_taken_back(version: CaptionVersion) -> bool:
    """Say whether the version was proposed together with a judgment, and no judgment stands by it any more."""
    proposed = Judgment.objects.filter(edited_version=version)
    return proposed.exists() and not proposed.filter(is_current=True).exists()


def withdraw_decision(*, version: CaptionVersion, reviewer: User) -> CaptionVersion:
    """Take one's own decision on an edit back: it is again what its author had made it.

    Raises Denied, Conflict once it is released.
    """
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
        locked.state = _state_given_by_author(locked)
        locked.decided_by = None
        locked.decided_at = None
        locked.save(update_fields=["state", "decided_by", "decided_at"])
        append_event(actor=reviewer, act="edit_decision_withdrawn", row=locked, fields=["state"])
    return locked


def _state_given_by_author(version: CaptionVersion) -> VersionState:
    """Return accepted for a revert and for a fix that accepts, proposed for every other edit."""
    accepts = FixItem.objects.filter(made=version, fix__accepts=True).exists()
    return VersionState.ACCEPTED if version.reverts_to_id or accepts else VersionState.PROPOSED
