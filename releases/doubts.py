"""What is doubtful before a release: possible personal data, what is out of date, people and rows that are gone."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.captions.staleness import StaleKind, stale_of
from annotation.models import Caption, CaptionChoice
from projects.models import Project
from releases.concerned import taken_down, withdrawn_before
from releases.findings import Finding, chosen
from releases.personal import counted, possible_personal_data


def out_of_date(project: Project) -> Iterator[Finding]:
    """Yield what the chosen captions have that speaks of an earlier text, model or verdict, by kind."""
    released = CaptionChoice.objects.filter(chosen(project)).values("version__caption")
    for kind in StaleKind:
        captions = Caption.objects.filter(pk__in=released).filter(
            pk__in=stale_of(project, kind).captions.order_by().values("pk")
        )
        if n := captions.count():
            yield Finding(
                f"stale_{kind.value}",
                n,
                False,
                ngettext(
                    "%(what)s of %(n)d chosen caption are out of date.",
                    "%(what)s of %(n)d chosen captions are out of date.",
                    n,
                )
                % {"n": n, "what": kind.label},
                "captions-stale",
                captions=captions,
            )


def personal_data(project: Project) -> Iterator[Finding]:
    """Yield chosen captions, and texts that go out verbatim, that may name or give an address of somebody."""
    rows = CaptionChoice.objects.filter(chosen(project)).values_list(
        "version__caption", "version__text", "version__caption__verbatim"
    )
    found: dict[int, set[str]] = defaultdict(set)
    for pk, text, verbatim in rows.iterator():
        # One by one: a text that stands there twice would look like a longer one.
        for told in {text, verbatim}:
            if kinds := possible_personal_data(told):
                found[pk].update(kinds)
    if found:
        counts = Counter(kind for told in found.values() for kind in told)
        yield Finding(
            "personal_data",
            len(found),
            False,
            ngettext(
                "%(n)d chosen caption may hold personal data (%(kinds)s).",
                "%(n)d chosen captions may hold personal data (%(kinds)s).",
                len(found),
            )
            % {"n": len(found), "kinds": counted(counts)},
            "captions",
            captions=Caption.objects.filter(pk__in=found),
        )
    texts = [project.description, *project.guidelines.values_list("text", flat=True)]
    verbatim_texts = [text for text in texts if set(possible_personal_data(text)) - {"name"}]
    if verbatim_texts:
        yield Finding(
            "personal_data_in_words",
            len(verbatim_texts),
            False,
            _("Guidelines or description, which are released word for word, hold an address or a number."),
            "guidelines",
        )


def gone(project: Project) -> Iterator[Finding]:
    """Yield people who withdrew, and images and captions of earlier releases that were taken down since."""
    people = sum(concern.people for concern in withdrawn_before(project))
    if people:
        yield Finding(
            "participants_withdrawn",
            people,
            False,
            ngettext(
                "%(n)d participant has withdrawn; nothing of theirs goes into this release.",
                "%(n)d participants have withdrawn; nothing of theirs goes into this release.",
                people,
            )
            % {"n": people},
            "release-takedowns",
        )
    rows = taken_down(project)
    if rows:
        numbers = sorted({release.number for row in rows for release in row.releases})
        yield Finding(
            "taken_down",
            len(rows),
            False,
            ngettext(
                "%(n)d image or caption of releases %(releases)s has been taken down since; a tombstone says so.",
                "%(n)d images or captions of releases %(releases)s have been taken down since; tombstones say so.",
                len(rows),
            )
            % {"n": len(rows), "releases": ", ".join(numbers)},
            "release-takedowns",
        )
