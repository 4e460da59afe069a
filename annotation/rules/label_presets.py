"""Sets of labels to begin from: IMP, similarity of paraphrases, and empty nominal and ordinal ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.models import LabelColor, LabelMeaning, MeasurementLevel


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """One label as it is to be: `description` says when it is the right answer."""

    key: str
    name: str
    shortcut: str
    meaning: str = LabelMeaning.NEUTRAL
    color: str = LabelColor.PLAIN
    description: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of labels to begin from."""

    name: str | Promise
    told: str | Promise
    level: str
    allows_edits: bool
    compares_paraphrases: bool
    labels: Sequence[GivenLabel]


# The labels of IMP (C.4); the shortcut is the key on the keyboard.
IMP = (
    GivenLabel("good", "Good", "g", LabelMeaning.GOOD, LabelColor.GOOD),
    GivenLabel("bad", "Bad", "b", LabelMeaning.BAD, LabelColor.BAD),
    GivenLabel("unsure", "Unsure", "u", LabelMeaning.UNSURE, LabelColor.UNSURE),
)

# Similarity after the protocol of SemEval's semantic textual similarity; the anchor sentences are our own.
SIMILARITY = (
    GivenLabel("0", "Unrelated", "0", description="They speak of different things."),
    GivenLabel("1", "Same topic", "1", description="They share a subject and say different things about it."),
    GivenLabel(
        "2", "Some shared", "2", description="They share some details, yet tell two different things."
    ),
    GivenLabel(
        "3",
        "Roughly the same",
        "3",
        description="The core is the same; something important differs or is missing.",
    ),
    GivenLabel("4", "Nearly the same", "4", description="They agree in all but details that hardly matter."),
    GivenLabel("5", "The same", "5", description="They mean the same; only the words differ."),
)

PRESETS: dict[str, Preset] = {
    "imp": Preset(
        _("Good, bad, unsure"),
        _("Does the caption fit the image? With repairs. These labels decide what is released."),
        MeasurementLevel.NOMINAL,
        True,
        False,
        IMP,
    ),
    "similarity": Preset(
        _("Similarity 0 to 5"),
        _(
            "How near is a paraphrase to its original? Six grades in order, each with a sentence that anchors it."
        ),
        MeasurementLevel.ORDINAL,
        False,
        True,
        SIMILARITY,
    ),
    "nominal": Preset(
        _("Own labels without order"),
        _("Kinds, styles, topics: any two are equally far apart."),
        MeasurementLevel.NOMINAL,
        False,
        False,
        (),
    ),
    "ordinal": Preset(
        _("Own grades in order"),
        _("From the lowest to the highest: neighbours are nearer than ends."),
        MeasurementLevel.ORDINAL,
        False,
        False,
        (),
    ),
}
