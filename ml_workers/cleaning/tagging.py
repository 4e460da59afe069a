"""What tells parts of speech: HanTa, which comes with polyannot, or a spaCy model that is named instead."""

from collections.abc import Callable, Collection
from typing import Any

from HanTa.HanoverTagger import HanoverTagger

from ml_workers.cleaning.dropping import Rule, Tagger, speech_rule, words_of
from ml_workers.cleaning.repairs import PERSON

HANTA = "HanTa"
ENGLISH, ENGLISH_MODEL = "en", "morphmodel_en.pgz"
# Universal parts of speech of nouns, verbs and adjectives; an auxiliary is a verb here as it is for HanTa.
CONTENT = frozenset({"NOUN", "PROPN", "VERB", "AUX", "ADJ"})
# What a cleaning does not ask a spaCy model for.
LEFT_OUT = ("parser", "ner", "lemmatizer")


class TaggerUnavailable(ValueError):
    """A named tagger cannot be had here; the message says what happened and what to do."""


def tagger_rule(tagger: str, languages: Collection[str]) -> Rule:
    """The rule that drops a caption without a noun, verb or adjective, by HanTa or by the spaCy model of that name.

    A tagger knows one language, so where others stay too, it drops nothing. Raises TaggerUnavailable.
    """
    if tagger == HANTA:
        return speech_rule(_hanta()) if set(languages) == {ENGLISH} else _stays
    pipeline = spacy_pipeline(tagger)
    return spacy_rule(pipeline) if set(languages) == {str(pipeline.lang)} else _stays


def _hanta() -> Tagger:
    tagger: Tagger = HanoverTagger(ENGLISH_MODEL)
    return tagger


def _stays(_text: str) -> str:
    return ""


def spacy_pipeline(model: str) -> Any:
    """The spaCy model of that name or in that folder. Raises TaggerUnavailable."""
    try:
        import spacy  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise TaggerUnavailable(
            f"SPACY_MODEL names {model}, and spaCy is not installed here: install polyannot with its extra `spacy`."
        ) from error
    try:
        pipeline = spacy.load(model, exclude=LEFT_OUT)
        tells = pipeline("A dog runs fast.").has_annotation("POS")
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise TaggerUnavailable(
            f"The spaCy model {model} cannot be loaded here: {reason}. Install it, or name its folder in SPACY_MODEL."
        ) from error
    if not tells:
        raise TaggerUnavailable(
            f"The spaCy model {model} tells no parts of speech: name another in SPACY_MODEL."
        )
    return pipeline


def spacy_rule(pipeline: Callable[[str], Any]) -> Rule:
    """The rule by a spaCy pipeline, which looks at words in their sentence; a placeholder counts as a noun."""

    def empty_of_content(text: str) -> str:
        if PERSON in words_of(text) or any(token.pos_ in CONTENT for token in pipeline(text)):
            return ""
        return "no noun, verb or adjective"

    return empty_of_content
