"""The labels of a file: found in a set of labels that is there, or made into a new one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase, digits

from django.utils.translation import gettext as _

from annotation.models import LabelMeaning, MeasurementLevel
from annotation.rules.label_presets import IMP, GivenLabel
from annotation.rules.label_schemas import MOST_LABELS, RESERVED_KEYS
from polyannot.kernel.errors import Invalid
from polyannot.kernel.text import one_line

NOT_IN_KEYS = re.compile(r"[^a-z0-9_]+")
WORDS = {label.key: label for label in IMP}


def label_keys(labels: Sequence[GivenLabel], given: Iterable[str]) -> dict[str, str]:
    """Return the key of each of a file's labels that the set has: by key, by name, or by its number."""
    known = {label.name.casefold(): label.key for label in labels} | {
        label.key: label.key for label in labels
    }
    found = {}
    for text in given:
        key = known.get(text) or known.get(text.casefold()) or known.get(key_of(text))
        if key:
            found[text] = key
    return found


def key_of(text: str) -> str:
    """Return the key in the data of a file's label: small letters, digits and _; 3.0 is 3, -1 is minus_1."""
    number = _number(text)
    if number is not None and number == int(number):
        return f"minus_{-int(number)}" if number < 0 else str(int(number))
    return NOT_IN_KEYS.sub("_", text.casefold().replace("-", "minus_" if number is not None else "_")).strip(
        "_"
    )[:40]


def labels_of_file(given: Iterable[str], *, level: str, listed: str = "") -> list[GivenLabel]:
    """Return a new set's labels: as listed, one a line from the lowest to the highest, else as the file has them.

    A line is a label, or `label = name`, or `label = name (good)` with its meaning. Without a list whole numbers are
    ordered and gaps between them filled; good, bad and unsure keep their meaning; all other labels are neutral.
    Raises Invalid where an order is needed that nobody gave, or for too many labels.
    """
    lines = [one_line(line) for line in listed.splitlines() if one_line(line)]
    if lines:
        return _with_shortcuts([_listed(line) for line in lines])
    texts = sorted(set(given), key=str.casefold)
    if len(texts) > 3 * MOST_LABELS:
        raise Invalid(
            "labels_too_many",
            _("The file has %(n)d different labels: is the column of labels the right one?")
            % {"n": len(texts)},
        )
    numbers = [_number(text) for text in texts]
    if texts and all(number is not None for number in numbers):
        return _with_shortcuts(_graded([number for number in numbers if number is not None], level))
    if {text.casefold() for text in texts} <= set(WORDS):
        words = {text.casefold() for text in texts} | {"good", "bad"}
        return [label for label in IMP if label.key in words]
    if level != MeasurementLevel.NOMINAL:
        raise Invalid(
            "label_order_needed",
            _(
                "The file's labels are words: list them from the lowest to the highest, or choose labels without order."
            ),
        )
    return _with_shortcuts([GivenLabel(key_of(text), text[:80], "") for text in texts])


def _graded(numbers: Sequence[float], level: str) -> list[GivenLabel]:
    """Return grades in order; between the ends of whole ones none is missing, used or not."""
    grades: Iterable[float] = sorted(set(numbers))
    whole = all(number == int(number) for number in numbers)
    if level != MeasurementLevel.NOMINAL and whole and max(numbers) - min(numbers) < MOST_LABELS:
        grades = range(int(min(numbers)), int(max(numbers)) + 1)
    return [GivenLabel(key_of(f"{grade:g}"), f"{grade:g}", "") for grade in grades]


def _listed(line: str) -> GivenLabel:
    text, _sign, name = (part.strip() for part in line.partition("="))
    meaning = LabelMeaning.NEUTRAL
    if ending := re.search(r"\((good|bad|unsure|neutral)\)$", name or text):
        meaning = LabelMeaning(ending.group(1))
        text = text.removesuffix(ending.group(0)).strip()
        name = name.removesuffix(ending.group(0)).strip()
    return GivenLabel(key_of(text), (name or text)[:80], "", meaning)


def _with_shortcuts(labels: Sequence[GivenLabel]) -> list[GivenLabel]:
    """Return the labels with a key on the keyboard each: the last digit or a letter of the name, else the next free."""
    free = [key for key in digits[1:] + digits[0] + ascii_lowercase if key not in RESERVED_KEYS]
    made = []
    for label in labels:
        wished = [key for key in reversed(label.key) if key.isdigit()] + list(label.key)
        shortcut = next((key for key in wished if key in free), free[0] if free else "")
        if shortcut in free:
            free.remove(shortcut)
        made.append(GivenLabel(label.key, label.name, shortcut, label.meaning, label.color))
    return made


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e6 and "_" not in text else None


def told_labels(labels: Iterable[GivenLabel], used: Mapping[str, int]) -> list[dict[str, object]]:
    """Return what a page says of each label: its name, its meaning and how often the file has it."""
    return [
        {"key": label.key, "name": label.name, "meaning": str(label.meaning), "n": used.get(label.key, 0)}
        for label in labels
    ]
