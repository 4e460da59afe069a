"""Searching the captions of a project: what a filter says, and which captions it names.

The rules and their parameters are explained in docs/algorithms/editing.md.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from urllib.parse import parse_qsl, urlencode

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.models import Caption, CaptionVersion, Difficulty, Judgment, VersionState
from annotation.models.machine import DifficultyRun
from annotation.progress.tallying import settle_tallies
from annotation.progress.verdicts import Verdict
from projects.access import Access
from projects.models import Project, Role

WORD = re.compile(r"\w+")
# The server's word parser takes what stands in angle brackets for markup and drops it.
NOT_WORDS = re.compile(r"[<>]")
# Up to so many captions with a text are named one by one to the rest of the search.
FEW = 2000
IN_POOL, ANY_REASON = "in_pool", "dropped"


class VersionShape(models.TextChoices):
    """What has become of the text of a caption."""

    IMPORTED = "imported", _("As imported")
    CHANGED = "changed", _("Changed since the import")
    PROPOSED = "proposed", _("An edit waits for a decision")
    UNCONFIRMED = "unconfirmed", _("Changed, waits for a second person")
    REVERTED = "reverted", _("Went back to an earlier text")


@dataclass(frozen=True, slots=True)
class CaptionFilter:
    """What somebody looks for; an empty field asks nothing.

    `q` are words (each begins a word of the text) or, with `exact`, a run of characters in either case. `drop` is
    "in_pool", "dropped" or a reason.
    """

    q: str = ""
    exact: bool = False
    source: str = ""
    licence: str = ""
    shape: str = ""
    kind: str = ""
    label: str = ""
    verdict: str = ""
    drop: str = ""
    level: str = ""
    image: str = ""

    @property
    def query(self) -> str:
        """Return the filter as it stands in an address, in a fixed order."""
        given = {name: "1" if value is True else value for name, value in asdict(self).items() if value}
        return urlencode(given)


def filter_of(query: str) -> CaptionFilter:
    """Return the filter that stands in an address; names that are none are passed over."""
    return given_filter(dict(parse_qsl(query)))


def given_filter(values: Mapping[str, object]) -> CaptionFilter:
    """Return the filter from checked values under the names of its fields."""
    known: dict[str, str] = {
        field.name: str(values.get(field.name) or "")
        for field in fields(CaptionFilter)
        if field.name != "exact"
    }
    return CaptionFilter(exact=bool(values.get("exact")), **known)


def captions_found(access: Access, wanted: CaptionFilter) -> QuerySet[Caption]:
    """Return the captions of the project that fit, among what the person may know of.

    Texts are searched in the versions that the person may see; labels speak of any version, a verdict and a difficulty
    of the text that stands now. Only head annotators may ask for labels; others find nothing by them.
    """
    found: QuerySet[Caption] = Caption.objects.filter(project=access.project)
    for name in ("source", "licence"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    if wanted.image:
        found = found.filter(image__key=wanted.image)
    found = _dropped(found, wanted.drop)
    for condition in _conditions(access, wanted):
        found = found.filter(condition)
    return found


def _conditions(access: Access, wanted: CaptionFilter) -> list[Q]:
    """Return what is asked of the versions of a caption."""
    sees_all = access.may_act_as(Role.HEAD)
    conditions: list[Q] = []
    versions = CaptionVersion.objects.filter(project=access.project)
    if wanted.q:
        seen = versions if sees_all else versions.standing()
        conditions.append(_holds_text(seen, wanted))
    if wanted.shape:
        conditions.append(_shaped(wanted.shape, sees_all=sees_all))
    if wanted.kind:
        edited = versions if sees_all else versions.standing()
        conditions.append(Q(pk__in=edited.filter(kinds__contains=[wanted.kind]).values("caption")))
    if wanted.label:
        judged = Judgment.objects.current().filter(project=access.project, label=wanted.label)
        conditions.append(Q(pk__in=judged.values("caption")) if sees_all else Q(pk=None))
    if wanted.verdict:
        conditions.append(Q(pk__in=_with_words(access.project, wanted.verdict).values("caption")))
    if wanted.level:
        conditions.append(Q(pk__in=_of_level(access.project, wanted.level).values("version__caption")))
    return conditions


def _dropped(found: QuerySet[Caption], drop: str) -> QuerySet[Caption]:
    if drop == IN_POOL:
        return found.filter(drop_reason="")
    if drop == ANY_REASON:
        return found.exclude(drop_reason="")
    return found.filter(drop_reason=drop) if drop else found


def _holds_text(versions: QuerySet[CaptionVersion], wanted: CaptionFilter) -> Q:
    """Return the captions with the text: by their ids where they are few, which the server cannot foresee."""
    found = _with_text(versions, wanted).values_list("caption", flat=True)
    few = list(found[: FEW + 1])
    return Q(pk__in=few) if len(few) <= FEW else Q(pk__in=found)


def _with_text(versions: QuerySet[CaptionVersion], wanted: CaptionFilter) -> QuerySet[CaptionVersion]:
    words = WORD.findall(wanted.q)
    if wanted.exact or not words or NOT_WORDS.search(wanted.q):
        return versions.filter(text__icontains=wanted.q)
    asked = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    return versions.annotate(words=SearchVector("text", config="simple")).filter(words=asked)


def _shaped(shape: str, *, sees_all: bool) -> Q:
    versions = CaptionVersion.objects.filter(caption=OuterRef("pk"))
    accepted = versions.filter(state=VersionState.ACCEPTED)
    if shape == VersionShape.IMPORTED:
        return ~Q(Exists(accepted))
    if shape == VersionShape.PROPOSED:
        return Q(Exists(versions.filter(state=VersionState.PROPOSED))) if sees_all else Q(pk=None)
    if shape == VersionShape.UNCONFIRMED:
        return Q(Exists(accepted.current().filter(decided_by=None)))
    if shape == VersionShape.REVERTED:
        return Q(Exists(accepted.current().filter(reverts_to__isnull=False)))
    return Q(Exists(accepted))


def _with_words(project: Project, verdict: str) -> QuerySet[CaptionVersion]:
    """Return the standing texts with this verdict, by the stored tallies; a text that nobody touched has none."""
    settle_tallies(project)
    standing = CaptionVersion.objects.filter(project=project).current()
    if verdict == Verdict.NOT_JUDGED:
        return standing.filter(Q(tally=None) | Q(tally__verdict=verdict))
    return standing.filter(tally__verdict=verdict)


def _of_level(project: Project, level: str) -> QuerySet[Difficulty]:
    last = DifficultyRun.objects.filter(project=project).order_by("-pk").values("pk")[:1]
    standing = CaptionVersion.objects.filter(project=project).current()
    return Difficulty.objects.filter(run__in=last, level=level, version__in=standing.values("pk"))


def sources_of(project: Project) -> list[str]:
    """Return the sources of the project's captions, by name."""
    return list(
        Caption.objects.filter(project=project).order_by("source").values_list("source", flat=True).distinct()
    )


def licences_of(project: Project) -> list[str]:
    """Return the licences of the project's captions, by name, without the unknown."""
    named = Caption.objects.filter(project=project).exclude(licence="").order_by("licence")
    return list(named.values_list("licence", flat=True).distinct())
