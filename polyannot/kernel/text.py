"""Text as polyannot keeps it: Unicode NFC, no control characters, single spaces; the verbatim form is kept beside."""

import re
import unicodedata

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SPACES = re.compile(r"\s+")


def one_line(text: str) -> str:
    """Return the text in NFC on one line with single spaces and without control characters."""
    return SPACES.sub(" ", CONTROL.sub("", unicodedata.normalize("NFC", text))).strip()


def many_lines(text: str) -> str:
    """Return the text in NFC without control characters, line breaks kept as \\n."""
    return (
        CONTROL.sub("", unicodedata.normalize("NFC", text)).replace("\r\n", "\n").replace("\r", "\n").strip()
    )
