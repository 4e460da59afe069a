"""COCO captions, Karpathy's split and the lists of what is relevant: all with one set of whole numbers as ids.

An image's number is its place in the release from 1 on, a caption's likewise over all images; the public ids stand
beside them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from releases.rows import Snapshot, image_file, image_path

WORDS = re.compile(r"[\w<>]+(?:['’-]\w+)*")
SPLIT = "test"

Numbered = tuple[int, Mapping[str, Any], list[tuple[int, Mapping[str, Any]]]]


def numbered(snapshot: Snapshot) -> Iterator[Numbered]:
    """Yield each image with its number and its numbered captions."""
    last = 0
    for number, image in enumerate(snapshot["images"], start=1):
        captions = list(enumerate(image["captions"], start=last + 1))
        last += len(captions)
        yield number, image, captions


def coco(snapshot: Snapshot, canary: str) -> dict[str, Any]:
    """Return the release as COCO captions; `file_name` names a file under images/ where its bytes are released."""
    licences = sorted({(image["licence"], image["licence_url"]) for image in snapshot["images"]})
    numbers = {licence: number for number, licence in enumerate(licences, start=1)}
    return {
        "info": {
            "description": snapshot["project"]["name"],
            "version": snapshot["number"],
            "date_created": snapshot["frozen"],
            "canary": canary,
            "contains_demo": snapshot["project"]["is_demo"],
        },
        "licenses": [{"id": numbers[row], "name": row[0], "url": row[1]} for row in licences],
        "images": [
            {
                "id": number,
                "file_name": image_file(image),
                "width": image["width"],
                "height": image["height"],
                "license": numbers[image["licence"], image["licence_url"]],
                "coco_url": image["source_url"],
                "date_captured": "",
                "image_id": image["id"],
                "key": image["key"],
                "is_included": bool(image_path(image)),
            }
            for number, image, _captions in numbered(snapshot)
        ],
        "annotations": [
            {
                "id": caption_number,
                "image_id": number,
                "caption": caption["text"],
                "caption_id": caption["id"],
                "difficulty": (caption["difficulty"] or {}).get("level"),
            }
            for number, _image, captions in numbered(snapshot)
            for caption_number, caption in captions
        ],
    }


def karpathy(snapshot: Snapshot, canary: str) -> dict[str, Any]:
    """Return the release in the form of Karpathy's splits; everything is in the split `test`."""
    return {
        "dataset": f"{snapshot['project']['name']} {snapshot['number']}",
        "canary": canary,
        "images": [
            {
                "filepath": "images",
                "filename": image_file(image),
                "imgid": number,
                "cocoid": number,
                "split": SPLIT,
                "sentids": [caption_number for caption_number, _caption in captions],
                "sentences": [
                    {
                        "raw": caption["text"],
                        "tokens": WORDS.findall(caption["text"].lower()),
                        "imgid": number,
                        "sentid": caption_number,
                    }
                    for caption_number, caption in captions
                ],
            }
            for number, image, captions in numbered(snapshot)
        ],
    }


def relevant(snapshot: Snapshot, canary: str) -> dict[str, Any]:
    """Return what is relevant to what, both ways, as retrieval benchmarks read it; JSON makes the keys texts."""
    return {
        "canary": canary,
        "i2t": {
            str(number): [caption_number for caption_number, _caption in captions]
            for number, _image, captions in numbered(snapshot)
        },
        "t2i": {
            str(caption_number): [number]
            for number, _image, captions in numbered(snapshot)
            for caption_number, _caption in captions
        },
    }
