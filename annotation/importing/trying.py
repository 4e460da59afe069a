"""What an import would come to: the same decisions as the import itself makes, and nothing is written."""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from annotation.importing.deciding import GivenCaption, Known, KnownCaption, decide_captions, read_captions
from annotation.importing.describing import read_descriptions, without_image
from annotation.importing.images import KeyedFile, Refusal, key_taken, looked_at
from annotation.importing.pictures import PictureRefused
from annotation.importing.reading_rows import Row
from annotation.models import Image
from projects.models import Project

# New captions that a trial shows, so that one sees whether the columns were understood.
EXAMPLES = 5
ROWS_AT_ONCE = 5_000


class Coming(Known):
    """What a project would hold while an import goes on: what is there, and what came so far."""

    def __init__(self, project: Project, image_keys: Iterable[str]) -> None:
        """Take the keys of the images that would come; those that are there already are looked up."""
        super().__init__(project)
        self._images = {key: -place for place, key in enumerate(image_keys, start=1)}
        self._captions: dict[str, KnownCaption] = {}

    def images(self, keys: Iterable[str]) -> dict[str, int]:
        """Return ids of images; those that would come have numbers below 0."""
        asked = list(keys)
        there = super().images(asked)
        return {key: self._images[key] for key in asked if key in self._images} | there

    def captions(self, keys: Iterable[str]) -> dict[str, KnownCaption]:
        """Return captions; those that would come have 0 as id."""
        asked = list(keys)
        return {key: self._captions[key] for key in asked if key in self._captions} | super().captions(asked)

    def keep(self, image_id: int, given: GivenCaption) -> None:
        """Count a caption as there from now on."""
        self._captions[given.key] = KnownCaption(0, image_id, given.verbatim)


@dataclass(slots=True)
class TriedCaptions:
    """What the captions of a table would come to."""

    given: int = 0
    new: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    examples: list[dict[str, str]] = field(default_factory=list)


def try_captions(*, known: Coming, rows: Iterable[Row], default_source: str) -> TriedCaptions:
    """Say what a table of captions would come to, with the first new captions as examples."""
    tried = TriedCaptions()
    each = iter(rows)
    while part := list(islice(each, ROWS_AT_ONCE)):
        given, refused = read_captions(part, default_source)
        decided = decide_captions(known, given)
        for image_id, caption in decided.new:
            known.keep(image_id, caption)
        tried.given += len(part)
        tried.new += len(decided.new)
        tried.refused += sorted([*refused, *decided.refused])
        tried.examples += [
            {"image": row.image_key, "text": row.text, "source": row.source}
            for _image, row in decided.new[: EXAMPLES - len(tried.examples)]
        ]
    return tried


def try_images(*, project: Project, files: Iterable[KeyedFile]) -> list[Refusal]:
    """Look at each picture, one after the other, and return what would be refused, with the reason."""
    refused: list[Refusal] = []
    hashes: dict[str, tuple[str, str]] = {}
    for file in files:
        try:
            content, _examined = looked_at(file)
        except PictureRefused as error:
            refused.append((file.found.name, str(error)))
        else:
            hashes[file.key] = (file.found.name, hashlib.sha256(content).hexdigest())
    there = stored_hashes(project, hashes)
    taken = [(key, name) for key, (name, sha256) in hashes.items() if there.get(key, sha256) != sha256]
    return refused + [(name, key_taken(key)) for key, name in taken]


def stored_hashes(project: Project, keys: Iterable[str]) -> Mapping[str, str]:
    """Return the SHA-256 of the project's images by key."""
    images = Image.objects.filter(project=project, key__in=list(keys))
    return dict(images.values_list("key", "file__sha256"))


def try_descriptions(
    *, project: Project, rows: Iterator[Row], coming: Container[str]
) -> list[tuple[int, str]]:
    """Return the rows of a table of images that would be refused, with the reason."""
    wanted, refused = read_descriptions(rows)
    there = set(stored_hashes(project, wanted))
    there |= {key for key in wanted if key in coming}
    return refused + without_image(wanted, there)
