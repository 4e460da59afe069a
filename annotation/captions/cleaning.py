"""Asking for a cleaning of a project's candidate captions (IMP C.3; docs/algorithms/cleaning.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Caption, ImageState
from annotation.models.cleaning import STEPS
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

KIND = "cleaning"
STEP_NAMES = tuple(step.value for step in STEPS)
# Stand for all sources, and for none of them: then near-duplicates alone are looked for.
ALL_SOURCES, NO_SOURCE = "*", "-"
LANGUAGES = ("en",)
# Shared of all word 3-grams of two captions from which on they say the same (ours).
LEAST_JACCARD = 0.6
# What tells parts of speech where the settings name no spaCy model.
HANTA = "HanTa"
KNOWN = ("sources", "without", "languages", "least_jaccard", "tagger")


@dataclass(frozen=True, slots=True)
class CaptionSource:
    """A source of captions in the pool, how many there are, and whether it is taken for titles of web pages."""

    name: str
    n: int
    is_web: bool


def caption_sources(project: Project) -> list[CaptionSource]:
    """Return the sources of the captions that a cleaning looks at, by name.

    Titles of web pages are captions with the address of a page that no corpus search brought in (ours).
    """
    rows = (
        captions_to_look_at(project)
        .order_by("source")
        .values("source")
        .annotate(n=Count("pk"), n_web=Count("pk", filter=~Q(source_url="") & Q(neighbour_similarity=None)))
    )
    return [CaptionSource(row["source"], row["n"], 2 * row["n_web"] > row["n"]) for row in rows]


def captions_to_look_at(project: Project) -> Any:
    """Return the captions in the pools of active and reserve images; paraphrases are graded and not cleaned."""
    states = [ImageState.ACTIVE, ImageState.RESERVE]
    return Caption.objects.in_pool().filter(project=project, paraphrase_of=None, image__state__in=states)


def _refused(message: str) -> Invalid:
    return Invalid("job_parameters", message)


def _listed(value: object) -> list[str]:
    """Return names given as a list or separated by commas, each once."""
    given = value.split(",") if isinstance(value, str) else list(value or ())  # type: ignore[call-overload]
    return list(dict.fromkeys(str(name).strip() for name in given if str(name).strip()))


def completed_cleaning(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a cleaning. Raises Invalid.

    `sources` are those that are cleaned: empty for titles of web pages (IMP), `*` for all, `-` for none; the others
    take part in near-duplicates alone. `without` names steps to leave out, `languages` those that stay (ISO 639-1), and
    `least_jaccard` the similarity from which on two captions say the same. The `tagger` is that of the settings.
    """
    if unknown := set(parameters) - set(KNOWN):
        raise _refused(
            _("This job takes the parameters %(known)s, not %(unknown)s.")
            % {"known": ", ".join(KNOWN), "unknown": ", ".join(sorted(unknown))}
        )
    without = _listed(parameters.get("without"))
    if wrong := set(without) - set(STEP_NAMES):
        raise _refused(
            _("There is no step %(wrong)s; there are %(known)s.")
            % {"wrong": ", ".join(sorted(wrong)), "known": ", ".join(STEP_NAMES)}
        )
    languages = _listed(parameters.get("languages")) or list(LANGUAGES)
    if any(len(code) != 2 or not code.isalpha() or code != code.lower() for code in languages):
        raise _refused(_("Languages are codes of two small letters, such as en, de."))
    return {
        "sources": _listed(parameters.get("sources")),
        "without": [step for step in STEP_NAMES if step in without],
        "languages": languages,
        "least_jaccard": _jaccard(parameters.get("least_jaccard", LEAST_JACCARD)),
        "tagger": _tagger(parameters.get("tagger")),
    }


def _tagger(given: object) -> str:
    """Return HanTa or the spaCy model of the settings; another one, as an earlier job had, is refused."""
    tagger: str = settings.SPACY_MODEL or HANTA
    if given and given != tagger:
        raise _refused(
            _(
                "Parts of speech are told by %(tagger)s, as the settings say; ask anew without naming a tagger."
            )
            % {"tagger": tagger}
        )
    return tagger


def _jaccard(value: object) -> float:
    try:
        least = float(str(value))
    except ValueError:
        least = 0.0
    if not 0 < least <= 1:
        raise _refused(_("least_jaccard lies above 0 and not above 1."))
    return round(least, 3)


def chosen_sources(project: Project, named: Sequence[str]) -> list[str]:
    """Return the sources that a cleaning cleans, by name. Raises Invalid for one of which nothing is in the pools."""
    there = caption_sources(project)
    if list(named) in ([ALL_SOURCES], [NO_SOURCE]):
        return [source.name for source in there if named[0] == ALL_SOURCES]
    if not named:
        return [source.name for source in there if source.is_web]
    if unknown := sorted(set(named) - {source.name for source in there}):
        raise _refused(
            _("No caption in the pools is of the source %(unknown)s; there are %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(source.name for source in there)}
        )
    return sorted(named)


def check_cleaning(project: Project, parameters: Parameters) -> None:
    """Raise Invalid unless captions of the named sources are in the pools of the project."""
    chosen_sources(project, parameters["sources"])


def ask_for_cleaning(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Clean the candidate captions that nobody works with; all of it can be undone. Raises Invalid."""
    complete = completed_cleaning(parameters)
    chosen_sources(project, complete["sources"])
    return enqueue(kind=KIND, project=project, parameters=complete, asked_by=actor)
