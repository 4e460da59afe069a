"""What changed between two releases, read from their frozen snapshots."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db.models import Q

from annotation.models import DropReason, ImageState
from projects.models import Project
from projects.storage import read_stored
from releases.models import Release

TAKEN_DOWN = "(taken down)"


@dataclass(frozen=True, slots=True)
class CaptionChange:
    """One caption that differs: its key, what happened, and both texts or levels."""

    caption_key: str
    image_key: str
    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two releases, oldest first."""

    older: str
    newer: str
    n_unchanged: int
    changes: tuple[CaptionChange, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def count(self, kind: str) -> int:
        """Count the changes of one kind: added, removed, text or difficulty."""
        return sum(change.kind == kind for change in self.changes)


def _captions(release: Release) -> dict[str, dict[str, Any]]:
    snapshot = json.loads(read_stored(release.snapshot))
    return {
        caption["caption_key"]: {
            "image_key": image["key"],
            "text": caption["text"],
            "level": (caption["difficulty"] or {}).get("level", ""),
        }
        for image in snapshot["images"]
        for caption in image["captions"]
    }


def _taken_down(project: Project) -> set[str]:
    """Return the keys of the captions whose text is to be shown no more."""
    gone = Q(drop_reason=DropReason.TAKEN_DOWN) | Q(image__state=ImageState.RETIRED)
    return set(project.captions.filter(gone).values_list("key", flat=True))


def compare_releases(*, older: Release, newer: Release) -> Comparison:
    """Return captions added, removed and changed, and those whose difficulty moved.

    The text of a caption that was taken down since is not shown.
    """
    before, after = _captions(older), _captions(newer)
    changes = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        image = (new or old or {})["image_key"]
        if old is None or new is None:
            kind = "added" if old is None else "removed"
            changes.append(
                CaptionChange(key, image, kind, (old or {}).get("text", ""), (new or {}).get("text", ""))
            )
            continue
        if old["text"] != new["text"]:
            changes.append(CaptionChange(key, image, "text", old["text"], new["text"]))
        if old["level"] != new["level"]:
            changes.append(CaptionChange(key, image, "difficulty", old["level"], new["level"]))
    changed = {change.caption_key for change in changes}
    hidden = _taken_down(newer.project)
    changes = [
        replace(change, before=bool(change.before) * TAKEN_DOWN, after=bool(change.after) * TAKEN_DOWN)
        if change.caption_key in hidden
        else change
        for change in changes
    ]
    return Comparison(
        older=older.number,
        newer=newer.number,
        n_unchanged=len((before.keys() & after.keys()) - changed),
        changes=tuple(changes),
    )


def compare_in_order(one: Release, other: Release) -> Comparison:
    """Compare two releases, the one with the lower number first, whichever is asked about."""
    older, newer = sorted((one, other), key=lambda release: (release.major, release.minor, release.patch))
    return compare_releases(older=older, newer=newer)
