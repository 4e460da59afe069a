"""The demo's content as rows: photographs with their licences, candidate captions, and what a careful person says."""

import csv
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class DemoCaption:
    """A candidate caption and the answer that a careful annotator gives; the answer is used by the script alone."""

    image_key: str
    caption_key: str
    text: str
    source: str
    expected: str
    edit_text: str
    edit_kind: str


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of a table in this folder."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def captions() -> list[DemoCaption]:
    """Return all captions in the order of the file."""
    return [
        DemoCaption(
            row["image_key"],
            row["caption_key"],
            row["text"],
            row["source"],
            row["expected"],
            row["edit_text"],
            row["edit_kind"],
        )
        for row in rows_of("captions.csv")
    ]
