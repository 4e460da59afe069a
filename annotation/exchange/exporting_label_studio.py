"""Judgments in the form of Label Studio: a task a pair, an annotation a rater, and the labeling config that fits them.

Label Studio takes a rater only by the e-mail address of one of its own accounts, so who judged stands in the `meta` of
the first result, where it is kept and comes back with an export.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID
from xml.sax.saxutils import quoteattr

from annotation.exchange.exporting import Export, ExportedJudgment
from annotation.models import (
    Assignment,
    AssignmentState,
    CaptionVersion,
    EditKind,
    Judgment,
    KnownAnswer,
    Label,
    LabelMeaning,
    LabelSchema,
)

# Names of the controls in the labeling config, and of the pair's parts.
IMAGE, TEXT = "image", "text"
LABEL, EDIT, KINDS = "label", "caption", "kinds"


@dataclass(frozen=True, slots=True)
class ExportedPair:
    """A pair as a task names it."""

    version_id: int
    item_id: UUID
    image_id: UUID
    image_key: str
    caption_key: str
    text: str


def label_studio_file(export: Export, image_address: Callable[[ExportedPair], str]) -> Iterator[str]:
    """Yield the text of a JSON list of tasks, a task a line."""
    before = "[\n"
    for task in label_studio_tasks(export, image_address):
        yield before + json.dumps(task, ensure_ascii=False)
        before = ",\n"
    yield "[\n]\n" if before.startswith("[") else "\n]\n"


def label_studio_tasks(
    export: Export, image_address: Callable[[ExportedPair], str]
) -> Iterator[dict[str, Any]]:
    """Yield a task for each judged pair, then for each pair that was only skipped."""
    skipped, known = skipped_pairs(export), _known_labels(export)
    for version_id, rows in groupby(export.rows(by_item=True), key=lambda row: row.version_id):
        judgments = list(rows)
        raters = {row.annotator_id for row in judgments}
        skippers = [rater for rater in skipped.pop(version_id, []) if rater not in raters]
        task = _task(export, _pair(judgments[0]), judgments, skippers, image_address)
        if version_id in known:
            task["annotations"].append(_known_answer(known[version_id]))
        yield task
    if skipped:
        yield from _only_skipped(export, skipped, image_address)


def skipped_pairs(export: Export) -> dict[int, list[int]]:
    """Return by version who was shown it with an image that they skipped, in the order of the skips."""
    images = Assignment.objects.filter(project=export.project, state=AssignmentState.SKIPPED, is_gold=False)
    if export.request.batch:
        images = images.filter(batch=export.request.batch)
    else:
        images = images.filter(batch__schema=export.schema)
    found: dict[int, list[int]] = defaultdict(list)
    for version_ids, annotator in images.order_by("pk").values_list("version_ids", "annotator").iterator():
        for version_id in version_ids:
            if annotator in export.rater_names and annotator not in found[version_id]:
                found[version_id].append(annotator)
    return found


def _known_labels(export: Export) -> dict[int, str]:
    """Return the right label of each pair that has a known one in this set of labels."""
    answers = KnownAnswer.objects.in_use().filter(project=export.project, schema=export.schema)
    return dict(answers.values_list("version", "label"))


def _known_answer(label: str) -> dict[str, Any]:
    """Return a known label as ground truth; it is nobody's judgment, and is no rating when it comes back."""
    result = _choices(LABEL, [label]) | {"meta": {"known_answer": True}}
    return {"result": [result], "was_cancelled": False, "ground_truth": True, "rater_id": "known_answer"}


def _only_skipped(
    export: Export, skipped: dict[int, list[int]], image_address: Callable[[ExportedPair], str]
) -> Iterator[dict[str, Any]]:
    judged = Judgment.objects.filter(project=export.project, version__in=list(skipped), is_current=True)
    answered = set(judged.values_list("version_id", "annotator_id"))
    columns = ("pk", "public_id", "image__public_id", "image__key", "caption__key", "text")
    versions = CaptionVersion.objects.filter(pk__in=list(skipped)).order_by("pk").values_list(*columns)
    for row in versions.iterator():
        pair = ExportedPair(*row)
        raters = [who for who in skipped[pair.version_id] if (pair.version_id, who) not in answered]
        if raters:
            yield _task(export, pair, [], raters, image_address)


def _pair(row: ExportedJudgment) -> ExportedPair:
    return ExportedPair(row.version_id, row.item_id, row.image_id, row.image_key, row.caption_key, row.text)


def _task(
    export: Export,
    pair: ExportedPair,
    judgments: list[ExportedJudgment],
    skippers: list[int],
    image_address: Callable[[ExportedPair], str],
) -> dict[str, Any]:
    names = export.rater_names
    answers = [_annotation(row, names[row.annotator_id]) for row in judgments if row.label is not None]
    return {
        "data": {
            IMAGE: image_address(pair),
            TEXT: pair.text,
            "item_id": str(pair.item_id),
            "image_key": pair.image_key,
            "caption_key": pair.caption_key,
        },
        "annotations": answers + [_skip(names[rater]) for rater in skippers],
        "predictions": [],
    }


def _annotation(row: ExportedJudgment, rater: str) -> dict[str, Any]:
    results = [_choices(LABEL, [str(row.label)]) | {"meta": _meta(row, rater)}]
    if row.edited_text is not None:
        if row.edited_text:
            results.append(_result(EDIT, "textarea", {"text": [row.edited_text]}))
        results.append(_choices(KINDS, list(row.edited_kinds or [])))
    return {
        "unique_id": str(row.public_id),
        "result": results,
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": row.duration_ms / 1000,
        "created_at": row.made_at.isoformat(),
        "updated_at": row.received_at.isoformat(),
    }


def _meta(row: ExportedJudgment, rater: str) -> dict[str, Any]:
    """Return what Label Studio has no place for; it keeps the `meta` of a result as it is."""
    meta: dict[str, Any] = {"rater_id": rater, "round": row.batch, "mode": row.mode}
    if row.is_revision:
        meta["is_revision"] = True
    if row.note:
        meta["note"] = row.note
    return meta


def _skip(rater: str) -> dict[str, Any]:
    """Return a skip: no rating. Its rater stands beside, since a skip has no result that could carry the name."""
    return {"result": [], "was_cancelled": True, "ground_truth": False, "rater_id": rater}


def _choices(control: str, chosen: list[str]) -> dict[str, Any]:
    return _result(control, "choices", {"choices": chosen})


def _result(control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": control, "from_name": control, "to_name": IMAGE, "type": kind, "value": value}


def labeling_config(schema: LabelSchema) -> str:
    """Return the labeling config that shows these tasks and takes these labels; answers hold the labels' keys."""
    lines = [
        "<View>",
        f'  <Image name="{IMAGE}" value="${IMAGE}"/>',
        f'  <Text name="{TEXT}" value="${TEXT}"/>',
        f'  <Choices name="{LABEL}" toName="{IMAGE}" choice="single" required="true" showInline="true">',
    ]
    labels = list(schema.labels.all())
    for label in labels:
        name, key, hotkey = (quoteattr(word) for word in (label.name, label.key, label.shortcut))
        lines.append(f"    <Choice value={name} alias={key} hotkey={hotkey}/>")
    lines.append("  </Choices>")
    good = next((label for label in labels if label.meaning == LabelMeaning.GOOD), None)
    if schema.allows_edits and good is not None:
        lines += _edit_controls(good)
    return "\n".join([*lines, "</View>", ""])


def _edit_controls(good: Label) -> list[str]:
    """Return the controls of an edit; some versions look for the choice by its value, some by its alias."""
    chosen = quoteattr(good.key if "," in good.name else f"{good.name},{good.key}")
    shown = f'visibleWhen="choice-selected" whenTagName="{LABEL}" whenChoiceValue={chosen}'
    kinds = [f"      <Choice value={quoteattr(kind.value)}/>" for kind in EditKind]
    return [
        f"  <View {shown}>",
        f'    <TextArea name="{EDIT}" toName="{IMAGE}" maxSubmissions="1" rows="2"/>',
        f'    <Choices name="{KINDS}" toName="{IMAGE}" choice="multiple" showInline="true">',
        *kinds,
        "    </Choices>",
        "  </View>",
    ]
