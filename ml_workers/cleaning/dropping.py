"""Rules by which a repaired caption is dropped; each gives the reason in words, or nothing for one that stays."""

import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Protocol

from ml_workers.cleaning.repairs import PERSON

FEWEST_WORDS = 5
# A caption of at least so many content words is a list of keywords where so large a share of them repeats (ours).
REPEATED_SHARE = 0.4
FEWEST_CONTENT_WORDS = 5
# A sentence has function words; from this share of them on, repeats make no list of keywords (ours).
SENTENCE_SHARE = 0.2
# A language is told with at least this probability and from at least so many letters (ours): short texts are guesses.
LANGUAGE_CERTAINTY = 0.95
FEWEST_LETTERS = 25

_WORD = re.compile(rf"{PERSON}|[^\W_]+(?:[-'’.][^\W_]+)*")
FUNCTION_WORDS = frozenset(
    "a about after all an and are as at be been but by for from had has have he her his how i if in into is it its"
    " me my no not of off on or our out over she so than that the their them then there these they this those to"
    " under up was we were what when where which while who with you your".split()
)
CONTENT_TAGS = ("NN", "NP", "VV", "VB", "VD", "VH", "VM", "AJ")

Rule = Callable[[str], str]


class Classifier(Protocol):
    """What tells the language of a text."""

    def classify(self, text: str) -> tuple[str, float]:
        """The code of the language and its probability."""


class Tagger(Protocol):
    """What tells the parts of speech that a word may be."""

    def tag_word(self, word: str) -> list[tuple[str, float]]:
        """Tags of the British National Corpus with log-probabilities, the likeliest first."""


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits, with hyphens and apostrophes inside; `<person>` is one."""
    return _WORD.findall(text)


def too_short(text: str, fewest: int = FEWEST_WORDS) -> str:
    """Why a caption has too few words (IMP: at least 5), or nothing."""
    n = len(words_of(text))
    return f"{n} word{'' if n == 1 else 's'}, fewer than {fewest}" if n < fewest else ""


def repetitive(text: str, most: float = REPEATED_SHARE, fewest: int = FEWEST_CONTENT_WORDS) -> str:
    """Why a caption is a list of keywords, or nothing: content words that are repeats, of all content words."""
    words = [word.casefold() for word in words_of(text)]
    # Several persons are no repetition: their placeholder stands for different names.
    content = [word for word in words if word not in FUNCTION_WORDS and word != PERSON]
    if len(content) < fewest or len(words) - len(content) >= SENTENCE_SHARE * len(words):
        return ""
    counts = Counter(content)
    repeats = len(content) - len(counts)
    if repeats < most * len(content):
        return ""
    word, times = counts.most_common(1)[0]
    return f"{repeats} of {len(content)} content words are repeats, “{word}” comes {times} times"


def language_rule(classifier: Classifier, allowed: Collection[str]) -> Rule:
    """The rule that drops a caption surely written in another language than the allowed ones (codes of ISO 639-1)."""

    def other_language(text: str) -> str:
        plain = text.replace(PERSON, " ")
        if sum(character.isalpha() for character in plain) < FEWEST_LETTERS:
            return ""
        language, certainty = classifier.classify(plain)
        if language in allowed or certainty < LANGUAGE_CERTAINTY:
            return ""
        return f"language {language}, certainty {certainty:.2f}"

    return other_language


def speech_rule(tagger: Tagger) -> Rule:
    """The rule that drops a caption in which no word can be a noun, a verb or an adjective; one of them is enough."""

    @lru_cache(maxsize=100_000)
    def carries_content(word: str) -> bool:
        tags = tagger.tag_word(word)
        return bool(tags) and tags[0][0].startswith(CONTENT_TAGS)

    def empty_of_content(text: str) -> str:
        words = words_of(text)
        if PERSON in words or any(carries_content(word.lower()) for word in words):
            return ""
        return "no noun, verb or adjective"

    return empty_of_content
