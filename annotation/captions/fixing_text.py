"""What a find-and-fix does to one text. Pure, and literal: a pattern of somebody's own could not be bounded in time."""

import re
from dataclasses import dataclass

from polyannot.kernel.text import one_line


@dataclass(frozen=True, slots=True)
class TextFix:
    """What is found, literally, and what is put in its place.

    A whole word has no letter, digit or underscore before or after it. Where case does not matter, the replacement is
    put in as it is written, but begins with a capital where it takes the place of the text's capitalised first word.
    """

    pattern: str
    replacement: str
    is_whole_word: bool = True
    is_case_sensitive: bool = True

    def __post_init__(self) -> None:
        if not self.pattern:
            raise ValueError("nothing to look for")

    def applied(self, text: str) -> str:
        """Return the text with every place changed, on one line with single spaces; takes linear time."""
        return one_line(self._compiled().sub(self._put, text))

    def finds(self, text: str) -> bool:
        """Say whether anything in the text is found."""
        return self._compiled().search(text) is not None

    def _put(self, found: "re.Match[str]") -> str:
        begins = found.start() == 0 and not self.is_case_sensitive
        if begins and found[0][:1].isupper() and not self.pattern[:1].isupper():
            return self.replacement[:1].upper() + self.replacement[1:]
        return self.replacement

    def _compiled(self) -> "re.Pattern[str]":
        literal = re.escape(self.pattern)
        if self.is_whole_word:
            literal = rf"(?<!\w){literal}(?!\w)"
        return re.compile(literal, 0 if self.is_case_sensitive else re.IGNORECASE)
