"""Making a study and changing its draft; nothing of it changes once it is launched."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event
from projects.models import Project
from studies.design.cards import CARDS, CONTROLS_EACH, DISTRACTORS_EACH
from studies.design.choosing import HARDEST_QUOTA
from studies.design.choosing_paraphrases import ParaphrasePair, without_duplicates
from studies.drafting.candidates import Available, available_pairs, candidates_of, encoders_of
from studies.drafting.paraphrases import paraphrase_pairs
from studies.drafting.wording import CONSENT_FIELDS, current_text, first_text
from studies.models import PairSet, Study, StudyKind, StudyState, StudyText, TextKind

# What a draft may have changed about it.
DRAFT_FIELDS = (
    "title",
    "design",
    "paraphrase_pairs",
    "graders_per_pair",
    "encoder",
    "hard_pairs",
    "medium_pairs",
    "easy_pairs",
    "distractors_in_study",
    "controls_in_study",
    "pairs_per_participant",
    "distractors_per_participant",
    "controls_per_participant",
    "repeats_per_participant",
    "target_participants",
    "replaces_excluded",
    "replaces_withdrawn",
    "replaces_lapsed",
    "lapse_minutes",
    "seed",
    *CONSENT_FIELDS,
    "asks_language",
    "asks_country",
    "asks_age",
    "max_distractors_good",
    "max_controls_bad",
    "min_seconds_median",
    "min_share_answered",
    "primary_leaves_out_excluded",
    "pay_each",
    "platform_fee",
    "recruiting",
    "id_parameter",
    "study_parameter",
    "session_parameter",
    "completion_code",
    "declined_code",
    "screened_out_code",
    "attention_code",
    "return_url",
)
# Checks for each grader: pairs that have nothing in common, and captions beside themselves.
UNRELATED_EACH = 3
IDENTICAL_EACH = 2
# What each study has for itself: a copy does not take it.
OWN_FIELDS = {"title", "seed", "completion_code", "declined_code", "screened_out_code", "attention_code"}
# Beyond these nobody plans a study; the chances of a plan and the time of a pilot grow with them.
MOST_PARTICIPANTS = 100_000
LONGEST_LAPSE = 365 * 24 * 60
SLUG_LENGTH = 48
SEED_BITS = 31
MOST_TEXT = 20_000


def create_study(
    *,
    project: Project,
    title: str,
    actor: User | None,
    kind: str = StudyKind.FIT,
    slug: str = "",
    is_demo: bool = False,
) -> Study:
    """Create a draft whose numbers fit what the project has, with the first texts to change.

    Without `slug` the address is made from the title and a few random letters, so that it cannot be guessed.
    What is asked of each pair (`kind`) never changes afterwards. Raises Invalid for an empty title or an unknown kind,
    Conflict when the address is taken.
    """
    if kind not in StudyKind.values:
        raise Invalid("study_kind_unknown", _("There is no such kind of study."))
    title = title.strip()
    if not title:
        raise Invalid("title_missing", _("A study needs a title."))
    slug = slug or f"{slugify(title)[:SLUG_LENGTH] or 'study'}-{secrets.token_hex(3)}"
    is_graded = kind == StudyKind.PARAPHRASES
    encoder = None if is_graded else encoders_of(project).first()
    if is_graded:
        numbers = fitting_numbers_of_grades(without_duplicates(paraphrase_pairs(project)))
    else:
        numbers = fitting_numbers(available_pairs(candidates_of(project, encoder)))
    try:
        with transaction.atomic():
            study = Study.objects.create(
                project=project,
                slug=slug,
                title=title,
                kind=kind,
                encoder=encoder,
                seed=secrets.randbits(SEED_BITS),
                is_demo=is_demo,
                created_by=actor,
                **numbers,
            )
            StudyText.objects.bulk_create(
                [
                    StudyText(study=study, kind=text, number=1, markdown=first_text(text, kind))
                    for text in TextKind.values
                ]
            )
            append_event(actor=actor, act="study_created", row=study)
    except IntegrityError as error:
        raise Conflict("study_address_taken", _("Another study already has this address.")) from error
    return study


def fitting_numbers(available: Available) -> dict[str, int]:
    """Return the paper's numbers, made smaller where the project has less (IMP §4.3: 100 pairs, 25 each)."""
    hard = min(HARDEST_QUOTA["hard"], available.by_difficulty["hard"])
    left = HARDEST_QUOTA["hard"] - hard if hard < CARDS else 0
    medium = min(left, available.by_difficulty["medium"])
    pairs = hard + medium
    distractors = min(2 * DISTRACTORS_EACH, available.distractors)
    controls = min(2 * CONTROLS_EACH, available.controls)
    return {
        "hard_pairs": hard,
        "medium_pairs": medium,
        "easy_pairs": 0,
        "distractors_in_study": distractors,
        "controls_in_study": controls,
        "pairs_per_participant": max(1, min(CARDS, pairs)),
        "distractors_per_participant": min(DISTRACTORS_EACH, distractors, max(1, pairs // 2)),
        "controls_per_participant": min(CONTROLS_EACH, controls, max(1, pairs // 4)),
    }


def fitting_numbers_of_grades(pairs: Sequence[ParaphrasePair]) -> dict[str, int]:
    """Return all paraphrases, 25 for each grader, with a few identical and unrelated pairs where there are such."""
    originals = len({pair.original.version for pair in pairs})
    unrelated, identical = min(2 * UNRELATED_EACH, originals // 3), min(2 * IDENTICAL_EACH, originals // 3)
    return {
        "paraphrase_pairs": len(pairs),
        "hard_pairs": 0,
        "pairs_per_participant": max(1, min(CARDS, len(pairs))),
        "distractors_in_study": unrelated,
        "distractors_per_participant": min(UNRELATED_EACH, unrelated),
        "controls_in_study": identical,
        "controls_per_participant": min(IDENTICAL_EACH, identical),
    }


def revise_study(*, study: Study, actor: User | None, values: Mapping[str, Any]) -> Study:
    """Change a draft; only what differs is written and named in the history.

    Raises Conflict once the study is launched, Invalid for a field that a draft does not have.
    """
    unknown = set(values) - set(DRAFT_FIELDS)
    if unknown:
        raise Invalid(
            "field_unknown", _("A study has no field %(name)s.") % {"name": ", ".join(sorted(unknown))}
        )
    with transaction.atomic():
        draft = locked_draft(study)
        changed = [name for name, value in values.items() if getattr(draft, name) != value]
        for name in changed:
            setattr(draft, name, values[name])
        if changed:
            draft.save(update_fields=changed)
            append_event(actor=actor, act="study_revised", row=draft, fields=sorted(changed)[:12])
    return draft


def write_text(*, study: Study, kind: str, markdown: str, actor: User | None) -> StudyText:
    """Write the next version of a text of a draft; the same text again makes no version.

    Raises Conflict once the study is launched, Invalid for an unknown kind or a text that is empty or too long.
    """
    markdown = many_lines(markdown)
    if kind not in TextKind.values:
        raise Invalid("text_kind_unknown", _("There is no text of this kind."))
    if not markdown or len(markdown) > MOST_TEXT:
        raise Invalid(
            "text_length",
            _("The text must not be empty nor longer than %(n)d characters.") % {"n": MOST_TEXT},
        )
    with transaction.atomic():
        draft = locked_draft(study)
        last = current_text(draft, kind)
        if last is not None and many_lines(last.markdown) == markdown:
            return last
        text = StudyText.objects.create(
            study=draft, kind=kind, number=last.number + 1 if last else 1, markdown=markdown
        )
        append_event(actor=actor, act="study_text_written", row=text, project=draft.project, fields=[kind])
    return text


def copy_study(*, study: Study, title: str, actor: User | None) -> Study:
    """Create a draft with the same design, rules, sets, questions, consent and texts, a new address and a new seed.

    Sets that were added after launch are copied too: the copy declares them before its own. Not copied are answers,
    people, links, approvals, deviations, dates, and the codes of `OWN_FIELDS`, which a platform pays one study by.
    """
    with transaction.atomic():
        draft = create_study(
            project=study.project, title=title, actor=actor, is_demo=study.is_demo, kind=study.kind
        )
        kept = {name: getattr(study, name) for name in DRAFT_FIELDS if name not in OWN_FIELDS}
        Study.objects.filter(pk=draft.pk).update(**kept)
        for kind in TextKind.values:
            text = current_text(study, kind)
            if text is not None:
                write_text(study=draft, kind=kind, markdown=text.markdown, actor=actor)
        PairSet.objects.bulk_create(_sets_for(draft, study))
        draft.refresh_from_db()
    return draft


def title_of_copy(study: Study) -> str:
    """Return the title of a copy that nobody has named."""
    return _("%(title)s (copy)") % {"title": study.title[:140]}


def _sets_for(draft: Study, study: Study) -> list[PairSet]:
    return [
        PairSet(
            study=draft,
            name=row.name,
            difficulty=row.difficulty,
            at_least=row.at_least,
            below=row.below,
            captions=row.captions,
        )
        for row in study.pair_sets.order_by("pk")
    ]


def locked_draft(study: Study) -> Study:
    """Return the row locked for change. Raises Conflict once the study is launched."""
    row = (
        Study.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=study.pk)
    )
    if row.state != StudyState.DRAFT:
        raise Conflict(
            "study_frozen", _("The study is launched; what participants are shown does not change any more.")
        )
    return row
