"""Where participants come from: what a platform's link says, and the code with which it gets its people back.

Prolific's words are those of its public documentation; any other platform is described by the names of its parameters
and by the address to return to. See docs/guide/researcher.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

from studies.models import Participant, ParticipantState, Recruiting, Study

# Nobody's id is longer; what is, was not put there by a platform.
MOST_ID = 120
# Signs of a template whose gap nobody filled: {{%PROLIFIC_PID%}}, ${workerId}, [id].
TEMPLATE_SIGNS = frozenset("{}[]<>%$")
# What platforms send while a researcher looks at the study.
PREVIEW_IDS = frozenset({"ASSIGNMENT_ID_NOT_AVAILABLE", "preview"})


@dataclass(frozen=True)
class PlatformMap:
    """Under which names a platform passes its ids, and where it wants its people back."""

    person: str
    study: str = ""
    session: str = ""
    return_url: str = ""


@dataclass(frozen=True)
class PlatformVisit:
    """The ids that a platform sent somebody with; the session is Prolific's submission."""

    person: str
    study: str = ""
    session: str = ""


PROLIFIC = PlatformMap(
    "PROLIFIC_PID", "STUDY_ID", "SESSION_ID", "https://app.prolific.com/submissions/complete?cc={code}"
)


def platform_of(study: Study) -> PlatformMap | None:
    """Return the platform that recruits for the study; None for links that the researcher gives out."""
    if study.recruiting == Recruiting.PROLIFIC:
        return PROLIFIC
    if study.recruiting == Recruiting.OTHER:
        return PlatformMap(
            study.id_parameter, study.study_parameter, study.session_parameter, study.return_url
        )
    return None


def visit_from(query: Mapping[str, str], study: Study) -> PlatformVisit | None:
    """Return what the link says; None without an id, or where the platform only shows a preview.

    Other parameters are ignored. An open link that somebody gave to Prolific as it is keeps Prolific's ids too.
    """
    if study.recruiting == Recruiting.LINKS:
        return None
    names = platform_of(study) or PROLIFIC

    def told(name: str) -> str:
        return (query.get(name, "") if name else "").strip()

    person = told(names.person)
    if is_preview(person):
        return None
    return PlatformVisit(person, told(names.study)[:MOST_ID], told(names.session)[:MOST_ID])


def is_preview(person: str) -> bool:
    """Say whether this is nobody's id: missing, a template's gap that was not filled, or a platform's stand-in."""
    return (
        not person or len(person) > MOST_ID or person in PREVIEW_IDS or not TEMPLATE_SIGNS.isdisjoint(person)
    )


def entry_query(study: Study) -> str:
    """Return what follows the study's address in the link for the platform, with the platform's own gaps."""
    if study.recruiting == Recruiting.PROLIFIC:
        names = (PROLIFIC.person, PROLIFIC.study, PROLIFIC.session)
        return "?" + "&".join(f"{name}={{{{%{name}%}}}}" for name in names)
    names_told = platform_of(study)
    if names_told is None:
        return ""
    return "?" + "&".join(
        f"{name}=..." for name in (names_told.person, names_told.study, names_told.session) if name
    )


def code_for(study: Study, participant: Participant) -> str:
    """Return the code that this person's outcome has on the platform, empty where the study has none.

    Whom a declared rule leaves out gets a code of their own only where the study has one; it never decides about pay.
    """
    if participant.state == ParticipantState.DECLINED:
        return study.declined_code
    if participant.is_excluded and study.attention_code:
        return study.attention_code
    return study.completion_code


def return_address(study: Study, person: str, code: str) -> str:
    """Return where the platform wants its people back; empty without an address or a code."""
    names = platform_of(study)
    template = study.return_url or (names.return_url if names else "")
    if not code or not is_address(template):
        return ""
    return template.replace("{code}", quote(code, safe="")).replace("{pid}", quote(person, safe=""))


def is_address(text: str) -> bool:
    """Say whether a page may lead there: an address of the web, nothing that a browser would run."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.netloc)


def recruiting_problems(study: Study) -> list[str]:
    """Return what is missing for the way of recruiting that the study names, in words; empty when nothing is."""
    problems = []
    if study.recruiting == Recruiting.PROLIFIC and not study.completion_code:
        problems.append(_("Prolific needs a completion code; without one nobody can be paid."))
    if study.recruiting == Recruiting.OTHER and not study.id_parameter:
        problems.append(_("Name the parameter in which the platform passes its participant id."))
    if study.return_url and not is_address(study.return_url):
        problems.append(_("The address to return to must begin with https://."))
    codes = [code for code in (study.completion_code, study.declined_code, study.screened_out_code) if code]
    if len(set(codes)) < len(codes):
        problems.append(_("Each outcome needs a code of its own, or none."))
    return problems
