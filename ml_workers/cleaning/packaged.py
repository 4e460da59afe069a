"""The language classifier and the tagger that come with polyannot, and the rules made of them."""

from collections.abc import Collection, Mapping
from typing import Any

from HanTa.HanoverTagger import HanoverTagger
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from ml_workers.cleaning.dropping import (
    Classifier,
    Rule,
    Tagger,
    language_rule,
    repetitive,
    speech_rule,
    too_short,
)

ENGLISH = "morphmodel_en.pgz"


class _Identified:
    """A classifier with plain floats."""

    def __init__(self, identifier: Any) -> None:
        self._identifier = identifier

    def classify(self, text: str) -> tuple[str, float]:
        language, certainty = self._identifier.classify(text)
        return str(language), float(certainty)


def packaged_classifier() -> Classifier:
    """The classifier of 97 languages (py3langid)."""
    return _Identified(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))


def packaged_tagger() -> Tagger:
    """The tagger of English words (HanTa)."""
    tagger: Tagger = HanoverTagger(ENGLISH)
    return tagger


def packaged_rules(languages: Collection[str] = ("en",)) -> Mapping[str, Rule]:
    """The rules by step; captions surely written in another language than these are dropped.

    The tagger knows English alone, so where other languages stay too, no caption is dropped for its parts of speech.
    """
    return {
        "language": language_rule(packaged_classifier(), languages),
        "repetition": repetitive,
        "parts_of_speech": speech_rule(packaged_tagger()) if set(languages) == {"en"} else _stays,
        "too_short": too_short,
    }


def _stays(_text: str) -> str:
    return ""
