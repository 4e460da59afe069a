"""What to know before a release that is asked to hold free text or what participants said of themselves."""

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.models import Project
from releases.demographics import said_people
from releases.extras import Extras
from releases.findings import Finding
from releases.free_text import free_texts
from releases.judged import SMALLEST_CELL
from releases.personal import counted, possible_personal_data


def extras_asked_for(project: Project, extras: Extras) -> Iterator[Finding]:
    """Yield what the parts that were asked for would bring, and which texts may hold personal data."""
    if extras.free_text:
        yield from _free_text(project)
    if extras.demographics:
        yield from _demographics(project)


def _free_text(project: Project) -> Iterator[Finding]:
    texts = tuple(free_texts(project))
    yield Finding(
        "free_text",
        len(texts),
        False,
        ngettext(
            "%(n)d text goes out word for word as somebody wrote it at work.",
            "%(n)d texts go out word for word as somebody wrote them at work.",
            len(texts),
        )
        % {"n": len(texts)},
        "release-new",
        texts=texts or None,
    )
    found = [(text, kinds) for text in texts if (kinds := possible_personal_data(text.text))]
    if found:
        counts = Counter(kind for _text, kinds in found for kind in kinds)
        yield Finding(
            "free_text_personal",
            len(found),
            False,
            ngettext(
                "%(n)d of these texts may hold personal data (%(kinds)s).",
                "%(n)d of these texts may hold personal data (%(kinds)s).",
                len(found),
            )
            % {"n": len(found), "kinds": counted(counts)},
            "release-new",
            texts=tuple(text for text, _kinds in found),
        )


def _demographics(project: Project) -> Iterator[Finding]:
    people = said_people(project).count()
    if people:
        told = ngettext(
            "What %(n)d participant was asked about themselves goes out as counts; none stands for fewer than %(least)d"
            " people.",
            "What %(n)d participants were asked about themselves goes out as counts; none stands for fewer than"
            " %(least)d people.",
            people,
        )
    else:
        told = _("No participant has said anything of themselves: there are no counts to go out.")
    yield Finding("demographics", people, False, told % {"n": people, "least": SMALLEST_CELL}, "studies")
