"""What the pages of captions show: rows of a search, the versions of one caption, their judgments and history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation.access import visible_versions
from annotation.captions.editing import WordChange, kind_names, word_difference
from annotation.captions.history import Names
from annotation.models import Adjudication, Caption, CaptionVersion, Judgment, Label, VersionState
from annotation.progress.verdicts import with_verdict
from projects.access import Access
from projects.models import Role


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the captions found: those before or after a caption, and whether there are more on either side."""

    captions: Sequence[Caption]
    total: int
    has_before: bool
    has_after: bool

    @property
    def last(self) -> Caption | None:
        """Return the last caption of the part."""
        return self.captions[-1] if self.captions else None


def page_of(found: QuerySet[Caption], *, size: int, before: int | None, after: int | None) -> Page:
    """Return the captions next after one row id, or next before one; the first without either."""
    total = found.count()
    asked = found.select_related("image")
    if before is not None:
        rows = list(asked.filter(pk__lt=before).order_by("-pk")[: size + 1])
        return Page(rows[:size][::-1], total, len(rows) > size, True)
    if after is not None:
        asked = asked.filter(pk__gt=after)
    rows = list(asked.order_by("pk")[: size + 1])
    return Page(rows[:size], total, after is not None, len(rows) > size)


@dataclass(frozen=True, slots=True)
class FoundCaption:
    """A caption of a search with the text that stands, and how many others of its versions the person may see."""

    caption: Caption
    standing: Any
    n_edits: int
    n_waiting: int


def found_captions(access: Access, captions: Sequence[Caption]) -> list[FoundCaption]:
    """Return the rows of a page of the search."""
    versions: dict[int, list[Any]] = {caption.pk: [] for caption in captions}
    for version in with_verdict(visible_versions(access).filter(caption__in=captions)).order_by("pk"):
        versions[version.caption_id].append(version)
    return [
        FoundCaption(
            caption=caption,
            standing=standing_of(versions[caption.pk]),
            n_edits=len(versions[caption.pk]) - 1,
            n_waiting=sum(version.state == VersionState.PROPOSED for version in versions[caption.pk]),
        )
        for caption in captions
        if versions[caption.pk]
    ]


def standing_of(versions: Sequence[Any]) -> Any:
    """Return the text that stands among the versions of one caption, given by age."""
    accepted = [version for version in versions if version.state == VersionState.ACCEPTED]
    return accepted[-1] if accepted else base_of(versions)


def base_of(versions: Sequence[Any]) -> Any:
    """Return the text that annotators are given among the versions of one caption, given by age."""
    return next((version for version in versions if version.state == VersionState.BASE), versions[0])


@dataclass(frozen=True, slots=True)
class Said:
    """A label that somebody gave to a version, as its set of labels calls it."""

    row: Judgment | Adjudication
    label: Label | None


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """One version of a caption in its tree: how deep, what it changes, what was said about it."""

    version: Any
    depth: int
    changes: Sequence[WordChange]
    kinds: str
    is_standing: bool
    judgments: Sequence[Said]
    finals: Sequence[Said]
    author: str
    decider: str
    twins: int

    @property
    def is_waiting(self) -> bool:
        """Say whether a second person may still decide on it."""
        return self.version.decided_by_id is None and self.version.state in {
            VersionState.PROPOSED,
            VersionState.ACCEPTED,
        }


def version_tree(access: Access, caption: Caption) -> list[ShownVersion]:
    """Return the versions that the person may see, each after its parent; judgments for head annotators only.

    A version whose parent the person may not see stands below the nearest one that they may.
    """
    asked = with_verdict(visible_versions(access).filter(caption=caption))
    versions = list(asked.select_related("author", "decided_by", "parent", "reverts_to").order_by("pk"))
    standing = standing_of(versions) if versions else None
    names = Names(access)
    sees_judgments = access.may_act_as(Role.HEAD)
    judgments = _judgments(caption) if sees_judgments else {}
    finals = _finals(caption) if sees_judgments else {}
    seen = {version.pk for version in versions}
    children: dict[int | None, list[Any]] = {}
    for version in versions:
        children.setdefault(_nearest(version, seen), []).append(version)
    shown: list[ShownVersion] = []
    waiting = [(version, 0) for version in reversed(children.get(None, []))]
    while waiting:
        version, depth = waiting.pop()
        shown.append(
            ShownVersion(
                version=version,
                depth=min(depth, 4),
                changes=word_difference(version.parent.text, version.text) if version.parent else [],
                kinds=kind_names(version.kinds),
                is_standing=version is standing,
                judgments=judgments.get(version.pk, ()),
                finals=finals.get(version.pk, ()),
                author=names.of(version.author),
                decider=names.of(version.decided_by),
                twins=sum(other.text == version.text for other in versions) - 1,
            )
        )
        waiting += [(child, depth + 1) for child in reversed(children.get(version.pk, []))]
    return shown


def _nearest(version: CaptionVersion, seen: set[int]) -> int | None:
    parent = version.parent
    while parent is not None and parent.pk not in seen:
        parent = parent.parent
    return parent.pk if parent is not None else None


def _judgments(caption: Caption) -> dict[int, list[Said]]:
    rows = Judgment.objects.current().filter(caption=caption)
    return _said(rows.select_related("annotator", "batch", "edited_version").order_by("pk"))


def _finals(caption: Caption) -> dict[int, list[Said]]:
    rows = Adjudication.objects.filter(version__caption=caption, is_current=True)
    return _said(rows.select_related("adjudicator").order_by("pk"))


def _said(rows: Iterable[Judgment | Adjudication]) -> dict[int, list[Said]]:
    """Return what was said by version, with the label as its set of labels calls it."""
    listed = list(rows)
    labels = Label.objects.filter(schema__in={row.schema_id for row in listed})
    known = {(label.schema_id, label.key): label for label in labels}
    found: dict[int, list[Said]] = {}
    for row in listed:
        found.setdefault(row.version_id, []).append(Said(row, known.get((row.schema_id, row.label or ""))))
    return found
