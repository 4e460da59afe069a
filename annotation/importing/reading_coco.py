"""COCO captions taken apart: which images there are, under which licence, and their captions.

Pure: bytes in, records out. Source of the format: cocodataset.org, "Data format", captions.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotation.importing.reading_descriptions import image_cells
from annotation.importing.records import Described, DescriptionRefused, Record, stem_of, text_of
from polyannot.kernel.text import one_line


def is_coco(value: object) -> bool:
    """Say whether a JSON value has the lists of COCO captions."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("images"), list)
        and isinstance(value.get("annotations"), list)
    )


def read_coco(content: bytes, *, before: str = "") -> Described:
    """Return the images and captions of a file; `before` goes before each place. Raises DescriptionRefused."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DescriptionRefused(_("The file is no JSON in UTF-8.")) from error
    if not is_coco(whole):
        raise DescriptionRefused(_("The file has no lists of images and annotations as COCO captions have."))
    said, keys = Described(), dict[str, str]()
    licences = _licences(whole.get("licenses"))
    for number, image in enumerate(whole["images"], start=1):
        record = _image(image, number, licences, before)
        said.images.append(record)
        if not record.problem:
            keys[text_of(image["id"])] = record.cells["key"]
    for number, annotation in enumerate(whole["annotations"], start=1):
        said.captions.append(_caption(annotation, number, keys, before))
    return said


def _licences(given: object) -> dict[str, dict[str, str]]:
    rows = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    return {
        text_of(row.get("id")): {"licence": text_of(row.get("name")), "licence_url": text_of(row.get("url"))}
        for row in rows
    }


def _image(image: object, number: int, licences: Mapping[str, Mapping[str, str]], before: str) -> Record:
    if not isinstance(image, dict):
        return Record(f"{before}image {number}", {}, _("This is no JSON object."))
    given_id, file = text_of(image.get("id")), text_of(image.get("file_name"))
    place = f"{before}image {given_id or number}"
    if not given_id or not file:
        return Record(place, {}, _("The image has no id or no file_name."))
    url = next((text_of(image[name]) for name in ("coco_url", "flickr_url") if image.get(name)), "")
    facts: dict[str, Any] = {
        **licences.get(text_of(image.get("license")), {}),
        **{name: image[name] for name in ("title", "author", "attribution") if image.get(name)},
        "source_url": url,
    }
    key = one_line(text_of(image.get("key"))) or stem_of(file)
    return Record(place, {"file": file, "key": key} | image_cells(facts))


def _caption(annotation: object, number: int, keys: Mapping[str, str], before: str) -> Record:
    if not isinstance(annotation, dict):
        return Record(f"{before}annotation {number}", {}, _("This is no JSON object."))
    given_id, image = text_of(annotation.get("id")), text_of(annotation.get("image_id"))
    place = f"{before}annotation {given_id or number}"
    if image not in keys:
        return Record(place, {}, _("The file lists no image with the id %(id)s.") % {"id": image[:40]})
    if not isinstance(annotation.get("caption"), str):
        return Record(place, {}, _("The annotation has no caption."))
    source_key = text_of(annotation.get("caption_id")) or given_id
    return Record(
        place, {"image_key": keys[image], "text": text_of(annotation["caption"]), "source_key": source_key}
    )
