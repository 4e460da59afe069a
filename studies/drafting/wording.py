"""The texts that participants read: what polyannot starts from, and the study's own facts filled in."""

import re
from collections.abc import Mapping
from pathlib import Path

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from polyannot.kernel.markdown import render_markdown
from studies.design.planning import MINUTES_BESIDE, SECONDS_PER_CARD
from studies.models import Study, StudyKind, StudyText, TextKind

TEXTS = Path(__file__).parents[1] / "texts"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# What Markdown would read as formatting in a value that a researcher typed into a plain field.
FORMATTING = re.compile(r"([\\`*_{}\[\]()#+\-!<>|~&])")

# What an ethics board asks for; launch is refused while one of these is empty.
CONSENT_FIELDS = (
    "institution",
    "responsible_person",
    "contact",
    "ethics",
    "purpose",
    "stored_until",
    "pay",
    "risks",
    "minimum_age",
    "withdrawal_until",
    "backups_kept",
    "partial_answers",
)


def first_text(kind: str, study_kind: str = StudyKind.FIT) -> str:
    """Return the text of this kind that a new study starts from, with its placeholders."""
    suffix = "" if study_kind == StudyKind.FIT else f"-{study_kind}"
    return (TEXTS / f"{kind}{suffix}.md").read_text(encoding="utf-8")


def cards_each(study: Study) -> int:
    """Return how many cards one participant answers."""
    return (
        study.pairs_per_participant
        + study.distractors_per_participant
        + study.controls_per_participant
        + study.repeats_per_participant
    )


def minutes_each(study: Study) -> int:
    """Return the minutes that taking part is expected to last, rounded up."""
    return -(-int(cards_each(study) * SECONDS_PER_CARD + MINUTES_BESIDE * 60) // 60)


def _questions(study: Study) -> str:
    """Say in a sentence what the study asks people about themselves."""
    asked = [
        str(word)
        for is_asked, word in (
            (study.asks_language, _("how well you read the language of the texts")),
            (study.asks_country, _("in which country you live")),
            (study.asks_age, _("in which range your age lies")),
        )
        if is_asked
    ]
    if not asked:
        return _("We ask nothing else about you.")
    return _("At the end we ask %(questions)s; you need not say.") % {"questions": ", ".join(asked)}


def values_of(study: Study) -> dict[str, str]:
    """Return what each placeholder stands for; an empty field shows as a gap that nobody overlooks."""
    values = {name: str(getattr(study, name) or "") for name in CONSENT_FIELDS}
    values |= {
        "title": study.title,
        "cards": str(cards_each(study)),
        "minutes": str(minutes_each(study)),
        "questions": _questions(study),
    }
    gap = _("[not filled in yet]")
    return {name: value.strip() or gap for name, value in values.items()}


def fill(markdown: str, values: Mapping[str, str]) -> str:
    """Return the Markdown with its placeholders replaced; values are shown literally, unknown names stay."""

    def replaced(match: re.Match[str]) -> str:
        value = values.get(match.group(1))
        return match.group(0) if value is None else FORMATTING.sub(r"\\\1", " ".join(value.split()))

    return PLACEHOLDER.sub(replaced, markdown)


def shown(markdown: str, study: Study, *, heading_shift: int = 0) -> SafeString:
    """Return the text as participants see it: facts filled in, safe HTML, headings lowered where asked."""
    return render_markdown(fill(markdown, values_of(study)), heading_shift=heading_shift)


def current_text(study: Study, kind: str) -> StudyText | None:
    """Return the newest version of a text, None where none was written."""
    return StudyText.objects.filter(study=study, kind=kind).order_by("-number").first()


def markdown_of(study: Study, kind: str) -> str:
    """Return the newest version's Markdown, empty where none was written."""
    text = current_text(study, kind)
    return text.markdown if text else ""


def missing_consent_fields(study: Study) -> list[str]:
    """Return the names of the required consent fields that are empty."""
    return [name for name in CONSENT_FIELDS if not str(getattr(study, name) or "").strip()]


def empty_texts(study: Study) -> list[str]:
    """Return the kinds of text that participants would find empty."""
    return [kind for kind in TextKind.values if not markdown_of(study, kind).strip()]
