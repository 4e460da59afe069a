"""Texts that may hold personal data: e-mail addresses, telephone numbers, handles, names. Hints for a person to judge.

Patterns over letters of the Latin script; what they find and miss is told in docs/algorithms/releases.md.
"""

import re
from collections.abc import Mapping

EMAIL, PHONE, HANDLE, NAME = "e-mail", "phone", "handle", "name"
UPPER, LOWER = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ÿ"
WORD = rf"[{UPPER}][{LOWER}]+(?:['’-][{UPPER}{LOWER}]+)*"
# Words that begin a sentence far more often than a name.
OPENERS = (
    "A An The This That These Those My Our Your His Her Its Their In On At By For From With Without Under Over Near Of"
    " And But Or If When While Where After Before As Like Just Even Not No One Two Three Four Five Some Many Most All"
    " Both Every Each Old Young New Little Big Happy Good Great What Who How Why There Here It She He They We You Say"
).split()
PATTERNS = {
    EMAIL: re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    # 8 to 15 digits, as numbers with an area or country code have; a date is none.
    PHONE: re.compile(r"(?<![\w.,-])(?!\d{4}-\d\d-\d\d)(?:\+|\()?\d(?:[\s./()-]{0,2}\d){7,14}(?![\w-])"),
    HANDLE: re.compile(r"(?<![\w@.])@[A-Za-z_]\w{2,}"),
    NAME: re.compile(
        rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Professor)\.?\s+{WORD}"
        rf"|\b(?:named|called|nicknamed)\s+{WORD}"
        rf"|\b(?!(?:{'|'.join(OPENERS)})\b){WORD}(?:\s+(?:[{UPPER}]\.|van|von|de|der|da|del|bin))*\s+{WORD}"
    ),
}
# A text of more words than so few, with at least this share of them in capitals, is a headline: they say nothing in it.
HEADLINE, FEWEST_OF_HEADLINE = 0.6, 5


def possible_personal_data(text: str) -> tuple[str, ...]:
    """Return which kinds of personal data a text may hold, in the order e-mail, phone, handle, name."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    capitals = sum(word[0].isupper() for word in words)
    is_headline = len(words) > FEWEST_OF_HEADLINE and capitals / len(words) >= HEADLINE
    return tuple(
        kind
        for kind, pattern in PATTERNS.items()
        if pattern.search(text) and not (kind == NAME and is_headline)
    )


def counted(kinds: Mapping[str, int]) -> str:
    """Return counts by kind in words: e-mail 1, name 12."""
    return ", ".join(f"{kind} {kinds[kind]}" for kind in PATTERNS if kinds.get(kind))
