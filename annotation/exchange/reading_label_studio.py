"""Taking a JSON export of Label Studio apart: tasks one after the other, and in each what its annotations say.

Written against exports of version 1.23; the form of `completions`, which older versions wrote, is read too.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.translation import gettext as _

PIECE = 1 << 20
LONGEST_TASK = 16 << 20
SPACES = re.compile(r"[\s,]*")
# Label Studio puts this before the name of an uploaded file.
UPLOAD_MARK = re.compile(r"^[0-9a-f]{8}-")
LABEL_TYPES = ("choices", "rating", "number")
KINDS = "kinds"
TEXTS = ("text", "caption")


class NoTaskList(ValueError):
    """The file is no JSON list of tasks; the text says why, for a person."""


def list_elements(source: IO[bytes]) -> Iterator[Any]:
    """Yield the elements of a JSON list, holding one of them in memory. Raises NoTaskList."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    waiting, is_end = "", False

    def more() -> None:
        nonlocal waiting, is_end
        piece = source.read(PIECE)
        is_end = not piece
        try:
            waiting += decode(piece, is_end)
        except UnicodeDecodeError as error:
            raise NoTaskList(_("The file is not in UTF-8.")) from error

    more()
    waiting = waiting.lstrip()
    if not waiting.startswith("["):
        raise NoTaskList(_("The file is no JSON list of tasks; export it from Label Studio as JSON."))
    place = 1
    decoder = json.JSONDecoder()
    while True:
        place = _past_spaces(waiting, place)
        if place < len(waiting) and waiting[place] == "]":
            return
        try:
            element, place = decoder.raw_decode(waiting, place)
        except ValueError as error:
            if is_end or len(waiting) - place > LONGEST_TASK:
                raise NoTaskList(
                    _("The JSON breaks off or is damaged, near: %(text)s")
                    % {"text": waiting[place : place + 60]}
                ) from error
            waiting, place = waiting[place:], 0
            more()
            continue
        yield element


def _past_spaces(text: str, place: int) -> int:
    found = SPACES.match(text, place)
    return found.end() if found else place


def annotations_of(
    task: Any, number: int, label_control: str
) -> Iterator[tuple[str, Mapping[str, str] | str]]:
    """Yield the place of each annotation with its named values, or with the reason why it cannot be read."""
    where = _("task %(n)d") % {"n": number}
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        yield where, _("This is no task with data.")
        return
    pair = _pair_values(task["data"])
    given = task.get("annotations", task.get("completions", []))
    for place, annotation in enumerate(given if isinstance(given, list) else [], start=1):
        told = f"{where}, " + _("annotation %(n)d") % {"n": place}
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result", []), list):
            yield told, _("This is no annotation with a result.")
        else:
            yield told, pair | _answer_values(annotation, label_control)


def _pair_values(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what a task's data says about the pair: our own names first, else the picture's file name."""
    values = {name: str(data[name]) for name in ("item_id", "image_key", "caption_key") if data.get(name)}
    if "image_key" not in values and data.get("image"):
        values["image_key"] = file_name(str(data["image"]))
    values["caption"] = next((str(data[name]) for name in TEXTS if data.get(name)), "")
    return values


def file_name(address: str) -> str:
    """Return the name of the picture at an address, without what Label Studio puts before an uploaded one."""
    parts = urlsplit(address)
    path = parse_qs(parts.query).get("d", [parts.path])[0]
    return UPLOAD_MARK.sub("", PurePosixPath(unquote(path)).name)


def _answer_values(annotation: Mapping[str, Any], label_control: str) -> dict[str, str]:
    results = [result for result in annotation.get("result", []) if isinstance(result, dict)]
    label = _label_result(results, label_control)
    meta = label.get("meta") if label else None
    meta = meta if isinstance(meta, dict) else {}
    values = {
        "rater_id": str(meta.get("rater_id") or annotation.get("rater_id") or _person(annotation)),
        "label": "" if annotation.get("was_cancelled") else _label(label),
        "is_skip": str(bool(annotation.get("was_cancelled"))).lower(),
        "round": str(meta.get("round", "")),
        "mode": str(meta.get("mode", "")),
        "is_revision": str(meta.get("is_revision", "")).lower(),
        "note": str(meta.get("note", "")),
        "created_at": str(annotation.get("created_at") or ""),
        "duration_ms": _lead_time(annotation.get("lead_time")),
        "edited_text": _first_text(results),
        "edit_kinds": " ".join(_kinds(results)),
    }
    if annotation.get("ground_truth") and meta.get("known_answer"):
        values["label"] = ""
    return values


def _person(annotation: Mapping[str, Any]) -> str:
    """Return who completed an annotation: the e-mail address or name where there is one, else the number."""
    person = annotation.get("completed_by")
    if isinstance(person, dict):
        for name in ("email", "username", "id"):
            if person.get(name):
                return str(person[name])
        return ""
    return "" if person is None else str(person)


def _label_result(results: Sequence[Mapping[str, Any]], control: str) -> Mapping[str, Any] | None:
    fitting = [result for result in results if result.get("type") in LABEL_TYPES]
    named = [result for result in fitting if result.get("from_name") == (control or "label")]
    if named or control:
        return named[0] if named else None
    return next((result for result in fitting if result.get("from_name") != KINDS), None)


def _label(result: Mapping[str, Any] | None) -> str:
    value = result.get("value") if result else None
    if not result or not isinstance(value, dict):
        return ""
    answer = value.get(str(result["type"]))
    if isinstance(answer, list):
        return str(answer[0]) if len(answer) == 1 else ""
    return "" if answer is None else str(answer)


def _first_text(results: Sequence[Mapping[str, Any]]) -> str:
    for result in results:
        value = result.get("value")
        if result.get("type") == "textarea" and isinstance(value, dict):
            texts = value.get("text")
            return str(texts[0]) if isinstance(texts, list) and texts else str(texts or "")
    return ""


def _kinds(results: Sequence[Mapping[str, Any]]) -> list[str]:
    for result in results:
        value = result.get("value")
        if result.get("from_name") == KINDS and isinstance(value, dict):
            return [str(kind) for kind in value.get("choices") or []]
    return []


def _lead_time(seconds: object) -> str:
    return str(seconds * 1000) if isinstance(seconds, int | float) else ""
