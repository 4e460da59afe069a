"""The rules of a cleaning, made of the language classifier that comes with polyannot and of a tagger."""

from collections.abc import Collection, Mapping
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from ml_workers.cleaning.dropping import Classifier, Rule, language_rule, repetitive, too_short
from ml_workers.cleaning.tagging import HANTA, tagger_rule


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


def packaged_rules(languages: Collection[str] = ("en",), tagger: str = HANTA) -> Mapping[str, Rule]:
    """The rules by step; captions surely written in another language than these are dropped.

    Parts of speech are told by HanTa or by the spaCy model of that name. Raises TaggerUnavailable.
    """
    return {
        "language": language_rule(packaged_classifier(), languages),
        "repetition": repetitive,
        "parts_of_speech": tagger_rule(tagger, languages),
        "too_short": too_short,
    }
