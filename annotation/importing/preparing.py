"""Before an import is planned: what files of other tools say becomes tables of images and captions, once."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from annotation.importing.reading_addresses import read_addresses
from annotation.importing.reading_coco import read_coco
from annotation.importing.reading_descriptions import MANIFESTS, read_manifest, read_sample, sample_base
from annotation.importing.reading_images import Found, SourceRefused, walk_source
from annotation.importing.records import Described, DescriptionRefused, stored_records
from polyannot.kernel.errors import Invalid
from projects.models import Job, StoredFile
from projects.storage import read_stored

# What one description may weigh; it is read whole.
LARGEST_DESCRIPTION = 512 * 1024 * 1024
# How descriptions lie in an archive.
FOLDER, SAMPLES, COCO, ADDRESSES = "imagefolder", "webdataset", "coco", "addresses"
BESIDE = frozenset({".json", ".txt"})


def prepare(job: Job) -> None:
    """Write tables of images and captions for what other tools' files say; tables that are there stay.

    Doing it twice gives the same. Raises Invalid where such a file cannot be read at all.
    """
    parameters = job.parameters
    try:
        said, name = _said(parameters)
    except (DescriptionRefused, SourceRefused) as error:
        raise Invalid("source_refused", str(error)) from error
    if said.images:
        parameters.setdefault("metadata", stored_records(name, said.images, source=name))
    if said.captions:
        parameters.setdefault("captions", stored_records(f"captions of {name}", said.captions, source=name))
    if "addresses" in parameters:
        parameters["images"] = dict(parameters["metadata"]) | {"kind": ADDRESSES}
    Job.objects.filter(pk=job.pk).update(parameters=parameters)


def _said(parameters: dict[str, Any]) -> tuple[Described, str]:
    """Return what the files say, and the name of the file that says it."""
    if (listed := parameters.get("addresses")) is not None:
        said = read_addresses(_content(listed))
        if not said.images:
            raise DescriptionRefused(_("The list holds no address."))
        return said, listed["name"]
    if (given := parameters.get("described")) is not None:
        read = read_coco if given["kind"] == COCO else _read_lines
        return read(_content(given)), given["name"]
    if (files := parameters.get("images")) is not None:
        return _of_archive(files), files["name"]
    return Described(), ""


def _content(parameter: Mapping[str, str]) -> bytes:
    stored = StoredFile.objects.get(sha256=parameter["sha256"])
    if stored.size > LARGEST_DESCRIPTION:
        raise DescriptionRefused(
            _("%(name)s is larger than %(n)d MiB; send it in parts.")
            % {"name": parameter["name"], "n": LARGEST_DESCRIPTION // 1024**2}
        )
    return read_stored(stored)


def _read_lines(content: bytes) -> Described:
    return read_manifest("", content)


def _of_archive(files: dict[str, Any]) -> Described:
    """Return what lies beside the pictures of an archive; `files` learns of which tool it is."""
    stored = StoredFile.objects.get(sha256=files["sha256"])
    names = [found.name for found in walk_source(files["kind"], stored)]
    kind = kind_of_archive(names)
    if not kind:
        return Described()
    wanted = frozenset(place for place, name in enumerate(names) if is_description(kind, name))
    walk = (found for found in walk_source(files["kind"], stored, wanted) if found.index in wanted)
    files["descriptions"] = kind
    if kind == SAMPLES:
        return _samples(names, walk)
    return _manifests(walk) if kind == FOLDER else _coco(walk, files)


def _manifests(walk: Iterable[Found]) -> Described:
    said = Described()
    for found in walk:
        try:
            said.add(read_manifest(found.name, _whole(found)))
        except DescriptionRefused as error:
            raise DescriptionRefused(f"{found.name}: {error}") from error
    return said


def _coco(walk: Iterable[Found], files: dict[str, Any]) -> Described:
    """Return what the COCO files among the JSON files say; others stay to be told as no pictures."""
    said, read = Described(), []
    for found in walk:
        try:
            said.add(read_coco(_whole(found), before=f"{found.name} "))
        except DescriptionRefused:
            continue
        read.append(found.name)
    files["coco_files"] = read
    return said


def _whole(found: Found) -> bytes:
    if found.content is None:
        raise DescriptionRefused(found.problem)
    return found.content


def _samples(names: Sequence[str], walk: Iterable[Found]) -> Described:
    pictures = {sample_base(name): name for name in names if not is_description(SAMPLES, name)}
    beside: dict[str, dict[str, bytes]] = {base: {} for base in pictures}
    for found in walk:
        beside[sample_base(found.name)][PurePosixPath(found.name).suffix.lower()] = _whole(found)
    said = Described()
    for base, picture in pictures.items():
        said.add(read_sample(picture, beside[base]))
    return said


def kind_of_archive(names: Sequence[str]) -> str:
    """Return of which tool the names speak: an image folder, samples, COCO captions, or nothing."""
    parts = [PurePosixPath(name) for name in names]
    if any(part.name in MANIFESTS for part in parts):
        return FOLDER
    described = {sample_base(name) for name in names if PurePosixPath(name).suffix.lower() in BESIDE}
    pictures = {sample_base(name) for name in names if PurePosixPath(name).suffix.lower() not in BESIDE}
    if described and described <= pictures:
        return SAMPLES
    return COCO if any(part.suffix.lower() == ".json" for part in parts) and pictures else ""


def is_description(kind: str, name: str) -> bool:
    """Say whether a file of such an archive describes pictures instead of being one."""
    part = PurePosixPath(name)
    if kind == FOLDER:
        return part.name in MANIFESTS
    if kind == SAMPLES:
        return part.suffix.lower() in BESIDE
    return kind == COCO and part.suffix.lower() == ".json"


def is_picture(files: Mapping[str, Any], name: str) -> bool:
    """Say whether a file of the source of pictures is to be looked at as one."""
    kind = files.get("descriptions", "")
    return name not in files["coco_files"] if kind == COCO else not is_description(kind, name)
