"""What an endpoint answers, as a candidate: its text, and the reasons for which it is none. Pure."""

import json
import re

from django.utils.translation import gettext as _

from annotation.captions.editing import LONGEST_CAPTION
from annotation.importing.deciding import caption_text
from polyannot.kernel.text import many_lines

# Quotation marks that a model puts around its whole answer.
QUOTED = re.compile(r'^(?:"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»)$')
WORDS = re.compile(r"\w+")

Words = tuple[str, ...]


class AnswerUnusable(Exception):
    """An answer that is no candidate; the text says why, for a person."""


def words_of(text: str) -> Words:
    """Return the words by which two texts are the same: capitals and punctuation do not count."""
    return tuple(WORDS.findall(text.casefold()))


def answered_text(content: bytes) -> str:
    """Return the text of the first choice of a chat completion. Raises AnswerUnusable."""
    malformed = AnswerUnusable(_("The answer is not what the protocol says."))
    try:
        choice = json.loads(content)["choices"][0]
        text = choice["message"]["content"]
        ended = choice.get("finish_reason")
        (text or "").encode()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise malformed from error
    if ended == "length":
        raise AnswerUnusable(_("The answer was cut off by the endpoint."))
    if text is None:
        return ""
    if not isinstance(text, str):
        raise malformed
    return text


def candidate_text(answered: str) -> str:
    """Return the answer as the text of a caption. Raises AnswerUnusable for an empty, long or many-lined one."""
    lines = [line for line in many_lines(answered).split("\n") if line.strip()]
    text = caption_text(lines[0]) if lines else ""
    if (quoted := QUOTED.match(text)) is not None:
        text = next(part for part in quoted.groups() if part is not None).strip()
    if not words_of(text):
        raise AnswerUnusable(_("The answer is empty."))
    if len(lines) > 1:
        raise AnswerUnusable(_("The answer has more than one line."))
    if len(text) > LONGEST_CAPTION:
        raise AnswerUnusable(_("The answer has more than %(n)d characters.") % {"n": LONGEST_CAPTION})
    return text
