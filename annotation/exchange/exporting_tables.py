"""Judgments as tables and lines: long and wide CSV, JSON lines. Pure of HTTP; rows come one after the other."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from annotation.exchange.exporting import Export, ExportedJudgment, ExportRequest

LONG_COLUMNS = ("item_id", "rater_id", "round", "label", "caption_version", "duration_ms", "created_at")
KEY_COLUMNS = ("image_key", "caption_key")
MODE_COLUMNS = ("mode", "is_revision", "is_current", "guideline", "label_set")
EDIT_COLUMNS = ("edited_text", "edit_kinds")


def long_columns(request: ExportRequest) -> tuple[str, ...]:
    """Return the first line of the long table."""
    columns: tuple[str, ...] = LONG_COLUMNS
    if request.with_keys:
        columns += KEY_COLUMNS
    if request.with_mode:
        columns += MODE_COLUMNS
    return columns + EDIT_COLUMNS if request.with_edits else columns


def long_rows(export: Export) -> Iterator[tuple[object, ...]]:
    """Yield one row for each judgment, in the order of `long_columns`."""
    request = export.request
    for row in export.rows():
        cells: tuple[object, ...] = (
            row.item_id,
            export.rater_names[row.annotator_id],
            row.batch,
            row.outcome(request.outcome),
            row.caption_version,
            row.duration_ms,
            row.made_at.isoformat(),
        )
        if request.with_keys:
            cells += (row.image_key, row.caption_key)
        if request.with_mode:
            told = (str(row.is_revision).lower(), str(row.is_current).lower())
            cells += (row.mode, *told, row.guideline, row.schema)
        if request.with_edits:
            cells += (row.edited_text, " ".join(row.edited_kinds or []))
        yield cells


def wide_columns(export: Export) -> tuple[str, ...]:
    """Return the first line of the wide table: the item, then each rater."""
    return ("item_id", *_raters(export).values())


def wide_rows(export: Export) -> Iterator[tuple[object, ...]]:
    """Yield one row for each item: what each rater answered first, "" where they did not."""
    raters = list(_raters(export))
    for _version, rows in groupby(export.rows(by_item=True), key=lambda row: row.version_id):
        answers: dict[int, str] = {}
        item: object = None
        for row in rows:
            item = row.item_id
            answers.setdefault(row.annotator_id, row.outcome(export.request.outcome))
        yield (item, *(answers.get(rater, "") for rater in raters))


def _raters(export: Export) -> dict[int, str]:
    return dict(sorted(export.rater_names.items(), key=lambda pair: pair[1]))


def json_lines(export: Export) -> Iterator[str]:
    """Yield one line of JSON for each judgment, with everything that is known of it."""
    for row in export.rows():
        yield (
            json.dumps(judgment_as_json(row, export.rater_names[row.annotator_id]), ensure_ascii=False) + "\n"
        )


def judgment_as_json(row: ExportedJudgment, rater: str) -> dict[str, Any]:
    """Return a judgment as it stands on its line."""
    edit = None
    if row.edited_text is not None:
        edit = {"text": row.edited_text, "kinds": row.edited_kinds, "state": row.edited_state}
    return {
        "judgment_id": str(row.public_id),
        "item_id": str(row.item_id),
        "rater_id": rater,
        "round": row.batch,
        "round_id": str(row.batch_id),
        "round_purpose": row.purpose,
        "image_key": row.image_key,
        "image_id": str(row.image_id),
        "caption_key": row.caption_key,
        "caption_version": row.caption_version,
        "caption": row.text,
        "schema": row.schema,
        "guideline": row.guideline,
        "label": row.label,
        "meaning": row.meaning,
        "edit": edit,
        "note": row.note,
        "mode": row.mode,
        "is_revision": row.is_revision,
        "is_current": row.is_current,
        "is_gold": row.is_gold,
        "is_demo": row.is_demo,
        "duration_ms": row.duration_ms,
        "created_at": row.made_at.isoformat(),
        "received_at": row.received_at.isoformat(),
        "supersedes": str(row.supersedes) if row.supersedes else None,
    }
