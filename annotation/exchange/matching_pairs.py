"""Finding the captions that a file means: by our own id, by the caption's key, or by the image's key and the text."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from annotation.exchange.reading_judgments import PairNames
from annotation.importing.deciding import caption_text
from annotation.models import CaptionVersion, Image, VersionState
from projects.models import Project

AT_ONCE = 5000
# Looking for what somebody may have meant takes time; beyond so many misses the file has another problem.
MOST_SUGGESTIONS = 50
MOST_COMPARED = 20_000

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A caption version of the project, by row ids; `state` is whether it is imported, proposed or accepted."""

    pk: int
    caption: int
    image: int


@dataclass
class PairsFound:
    """What became of the pairs that a file names: the version of each, or why there is none.

    `can_be_made` are those whose image is known while no caption of it has the text; by image key and text.
    """

    versions: dict[PairNames, FoundVersion] = field(default_factory=dict)
    reasons: dict[PairNames, str] = field(default_factory=dict)
    can_be_made: dict[PairNames, str] = field(default_factory=dict)


def find_pairs(project: Project, pairs: Iterable[PairNames]) -> PairsFound:
    """Return the versions that a file's pairs name; a few queries for thousands of pairs."""
    found = PairsFound()
    wanted = list(dict.fromkeys(pairs))
    _by_public_id(project, wanted, found)
    _by_caption_key(project, _left(wanted, found), found)
    _by_text(project, [pair for pair in _left(wanted, found) if pair.image_key and pair.text], found)
    _explain(project, _left(wanted, found), found)
    return found


def _left(wanted: Sequence[PairNames], found: PairsFound) -> list[PairNames]:
    return [pair for pair in wanted if pair not in found.versions]


def _in_pieces(names: Iterable[Name]) -> Iterator[list[Name]]:
    whole = list(names)
    for start in range(0, len(whole), AT_ONCE):
        yield whole[start : start + AT_ONCE]


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in {32, 36} else None
    except ValueError:
        return None


def _by_public_id(project: Project, wanted: Sequence[PairNames], found: PairsFound) -> None:
    ids = {public_id: pair for pair in wanted if (public_id := _as_uuid(pair.item_id)) is not None}
    for piece in _in_pieces(ids):
        versions = CaptionVersion.objects.filter(project=project, public_id__in=piece)
        for public_id, *row in versions.values_list("public_id", "pk", "caption_id", "image_id"):
            found.versions[ids[public_id]] = FoundVersion(*row)
    again = {
        public_id: version
        for pair, version in found.versions.items()
        if (public_id := _as_uuid(pair.item_id))
    }
    for pair in wanted:
        if (public_id := _as_uuid(pair.item_id)) in again:
            found.versions[pair] = again[public_id]


def _caption_key(pair: PairNames) -> str:
    return pair.caption_key or ("" if _as_uuid(pair.item_id) else pair.item_id)


def _by_caption_key(project: Project, wanted: Sequence[PairNames], found: PairsFound) -> None:
    named: dict[str, list[PairNames]] = defaultdict(list)
    for pair in wanted:
        if key := _caption_key(pair):
            named[key].append(pair)
    for piece in _in_pieces(named):
        versions = CaptionVersion.objects.filter(project=project, caption__key__in=piece).order_by("pk")
        by_key: dict[str, list[FoundVersion]] = defaultdict(list)
        for key, *row in versions.values_list("caption__key", "pk", "caption_id", "image_id"):
            by_key[key].append(FoundVersion(*row))
        for key, rows in by_key.items():
            for pair in named[key]:
                if pair.caption_version < len(rows):
                    found.versions[pair] = rows[pair.caption_version]


def image_names(key: str) -> tuple[str, ...]:
    """Return the keys that a file's name of an image may stand for: itself, then without its ending."""
    return tuple(dict.fromkeys((key, PurePosixPath(key).stem)))


def _by_text(project: Project, wanted: Sequence[PairNames], found: PairsFound) -> None:
    """Find by image and text; the imported text wins over an accepted edit that reads alike."""
    for piece in _in_pieces(wanted):
        keys = {name for pair in piece for name in image_names(pair.image_key)}
        images = dict(Image.objects.filter(project=project, key__in=keys).values_list("key", "pk"))
        texts: dict[tuple[int, str], FoundVersion] = {}
        versions = CaptionVersion.objects.filter(
            project=project,
            image__in=images.values(),
            state__in=[VersionState.BASE, VersionState.ACCEPTED],
        )
        for text, *row in versions.order_by("pk").values_list("text", "pk", "caption_id", "image_id"):
            version = FoundVersion(*row)
            texts.setdefault((version.image, text), version)
        for pair in piece:
            key = next((name for name in image_names(pair.image_key) if name in images), "")
            if key and (here := texts.get((images[key], caption_text(pair.text)))):
                found.versions[pair] = here
            elif key:
                found.can_be_made[pair] = key


def _explain(project: Project, lost: Sequence[PairNames], found: PairsFound) -> None:
    """Say of each pair that is not there why, and of the first ones what may have been meant."""
    image_keys: list[str] = []
    caption_keys: list[str] = []
    for place, pair in enumerate(lost):
        is_suggested = place < MOST_SUGGESTIONS
        if is_suggested and not image_keys:
            image_keys = list(project.images.values_list("key", flat=True)[:MOST_COMPARED])
            caption_keys = list(project.captions.values_list("key", flat=True)[:MOST_COMPARED])
        if pair in found.can_be_made:
            found.reasons[pair] = _no_text(project, found.can_be_made[pair], pair, is_suggested=is_suggested)
        elif pair.image_key and pair.text:
            near = _nearest(image_names(pair.image_key)[-1], image_keys) if is_suggested else ""
            found.reasons[pair] = _("No image has the key %(key)s.%(near)s Import the image first.") % {
                "key": pair.image_key,
                "near": near,
            }
        else:
            near = _nearest(_caption_key(pair), caption_keys) if is_suggested else ""
            found.reasons[pair] = _("No caption is known as %(key)s.%(near)s") % {
                "key": pair.told(),
                "near": near,
            }


def _no_text(project: Project, key: str, pair: PairNames, *, is_suggested: bool) -> str:
    near = ""
    if is_suggested:
        texts = CaptionVersion.objects.filter(project=project, image__key=key).values_list("text", flat=True)
        near = _nearest(caption_text(pair.text), list(texts[:MOST_COMPARED]))
    return _("The image %(key)s has no caption with this text.%(near)s") % {"key": key, "near": near}


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return " " + _("Perhaps this: %(name)s.") % {"name": close[0][:120].rstrip(".")} if close else ""
