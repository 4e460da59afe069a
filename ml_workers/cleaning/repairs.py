"""Repairs: what is taken out of a text or mended in it, each step from text to text.

No step drops a caption; one that leaves nothing is dropped later as too short. Placeholders of persons are hidden from
all steps behind a character that no text uses, and come back as `<person>`.
"""

import re
from collections.abc import Callable

import ftfy

PERSON = "<person>"
# Stands for a person's placeholder while the steps work; a private character, so no step takes it for markup.
HIDDEN_PERSON = "\ue000"

_PLACEHOLDER = re.compile(r"(?:<|&lt;)\s*persons?\s*(?:>|&gt;)", re.IGNORECASE)
_TAG = re.compile(r"<(?:!--.*?--|/?[a-zA-Z][^<>]*)>", re.DOTALL)
_BREAK = re.compile(r"<\s*/?\s*(?:br|p|div|li|tr|td|h[1-6])\b[^<>]*>", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_ENDINGS = r"(?:com|net|org|info|biz|io|edu|gov|tv|co|us|uk|de|fr|nl|eu|ru|ca|au)"
_DOMAIN = re.compile(
    rf"(?<![\w@.])(?:[a-z0-9][a-z0-9-]*\.)+{_ENDINGS}(?![\w-])(?:/\S*)?",
    re.IGNORECASE,
)
_TAGS_AT_END = re.compile(r"(?:\s*#[^\W\d_][\w-]*)+\s*$")
_HASHTAG = re.compile(r"(?<!\w)#(?=[^\W\d_])")
# What parts a title, without the spaces around it: a text of many spaces is then searched once and not once for each.
_SEPARATOR = re.compile(r"(?<=\s)(?:--|::|>>|\|\||[-–—|•·»:])(?=\s)|\|")
_SPACES = re.compile(r"\s+")
_BEFORE_POINT = re.compile(r"\s+([,;!?]|\.(?!\.))(?=\s|$)")

# Words of which a title's first or last part is taken for the name of a site (ours); parts of at most this many words.
SITE_WORDS = frozenset(
    "123rf alamy bigstock blogspot canstockphoto depositphotos deviantart dreamstime etsy facebook flickr fotolia"
    " fotosearch freepik gettyimages imgur instagram istock istockphoto pexels photobucket pinterest pixabay reddit"
    " shutterstock tripadvisor tumblr twitter unsplash vectorstock wikimedia wikipedia wordpress youtube zazzle".split()
)
SITE_PHRASES = (
    "getty images", "adobe stock", "stock photo", "stock image", "stock vector", "stock illustration", "stock footage",
    "stock video", "stock picture", "stock clip", "royalty free", "royalty-free", "royalty - free", "free download",
    "desktop wallpaper", "hd wallpaper", "photo gallery", "national geographic",
)  # fmt: skip
MOST_SITE_WORDS = 5
# What agencies put behind a title, also without a mark before it: stock photo, royalty-free stock vectors, a number.
_WARES = r"(?:photo(?:graph(?:y|s)?|s)?|pictures?|images?|vectors?|illustrations?|footage|videos?|clips?|clip ?art)"
_AGENCY_END = re.compile(
    rf"(?<=[\s,;:|–—-])"
    rf"(?:royalty\s?-?\s?free(?:\s(?:stock\s)?{_WARES}){{0,2}}|(?:free\s)?stock(?:\s{_WARES}){{1,2}})"
    r"[\s#:–—-]*\d*[\s.!?]*$",
    re.IGNORECASE,
)
_BETWEEN = " \t\r\n,;:|–—-"
# After such a word the phrase is the end of a sentence.
_WANTS_MORE = frozenset(
    "a an the this that these those my your his her its our their some any no every each of in on at by for from with"
    " as to into about like and or than is are was were be".split()
)


def hide_placeholders(text: str) -> str:
    """Put a hidden character in the place of every placeholder of a person, `<PERSON>` of CC12M among them."""
    return _PLACEHOLDER.sub(HIDDEN_PERSON, text)


def show_placeholders(text: str) -> str:
    """Bring the placeholders back, all as `<person>`."""
    return text.replace(HIDDEN_PERSON, PERSON)


def repair_encoding(text: str) -> str:
    """Mend text that was decoded wrongly, entities, ligatures and control characters (ftfy); quotes stay curled."""
    return ftfy.fix_text(text, uncurl_quotes=False, unescape_html=True, explain=False)


def strip_html(text: str) -> str:
    """Take out tags and comments; a tag that begins a new line becomes a space."""
    return _TAG.sub("", _BREAK.sub(" ", text))


def strip_links(text: str) -> str:
    """Take out web addresses and bare names of hosts."""
    return _DOMAIN.sub(" ", _LINK.sub(" ", text))


def strip_hashtags(text: str) -> str:
    """Take out the hashtags that end a text; one inside it loses its `#`, so that the sentence stays whole."""
    shorter = _TAGS_AT_END.sub("", text)
    return _HASHTAG.sub("", shorter if shorter.strip() else text)


def names_a_site(part: str) -> bool:
    """Say whether a part of a title names a site: few words, and one of them, a phrase or a host is known (ours)."""
    told = part.casefold().strip(" .,!")
    words = re.findall(r"[\w-]+", told)
    if not 0 < len(words) <= MOST_SITE_WORDS:
        return False
    return (
        bool(_DOMAIN.search(told)) or any(word in SITE_WORDS for word in words)
        or any(phrase in told for phrase in SITE_PHRASES)
    )  # fmt: skip


def _without_agency(text: str) -> str:
    if (found := _AGENCY_END.search(text)) is None:
        return text
    before = text[: found.start()].rstrip(_BETWEEN)
    last = before[before.rfind(" ") + 1 :].casefold()
    return before if before and last not in _WANTS_MORE else text


def strip_site_names(text: str) -> str:
    """Take parts that name a site off the front and the back of a title; the last part that is left stays.

    So goes what an agency puts behind it, *stock photo #12345*, unless the words before need an end.
    """
    text = _without_agency(text)
    parts = [part for part in _SEPARATOR.split(text) if part.strip()]
    between = [found.group() for found in _SEPARATOR.finditer(text)]
    if len(parts) < 2 or len(between) != len(parts) - 1:
        return text
    first, last = 0, len(parts)
    while last - first > 1 and names_a_site(parts[last - 1]):
        last -= 1
    while last - first > 1 and names_a_site(parts[first]):
        first += 1
    if (first, last) == (0, len(parts)):
        return text
    kept = parts[first]
    for place in range(first + 1, last):
        kept += between[place - 1] + parts[place]
    return kept.strip()


def tidy_spaces(text: str) -> str:
    """One space between words, none before a comma, a full stop and their like."""
    return _BEFORE_POINT.sub(r"\1", _SPACES.sub(" ", text)).strip()


REPAIRS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("encoding", repair_encoding),
    ("html", strip_html),
    ("site_names", strip_site_names),
    ("hashtags", strip_hashtags),
    ("links", strip_links),
    ("spaces", tidy_spaces),
)
