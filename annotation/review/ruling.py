"""Precedents: a ruling on one pair that holds for similar ones, shown beside them without breaking blind work.

What makes a pair similar, and what a precedent may show to whom, is in docs/algorithms/questions.md.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Assignment,
    AssignmentState,
    CaptionVersion,
    EditKind,
    KnownAnswer,
    KnownUse,
    Precedent,
    Question,
    QuestionState,
    VersionState,
)
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import many_lines, one_line
from projects.history import append_event
from projects.models import Project

LONGEST_TITLE = 160
LONGEST_RULING = 4000
# A rare word has at least 4 letters and is in at most 2% of a sample of the project's captions, at least in 1.
WORD = re.compile(r"[^\W\d_]{4,}")
RARE_SHARE = 0.02
SAMPLED_CAPTIONS = 2000
MOST_WORDS = 12
# Captions that share so many of a precedent's rare words are similar to its caption.
FEWEST_SHARED = 2
# The workspace looks through no more precedents than this, the newest first, and shows no more than that of a pair.
MOST_LOOKED_THROUGH = 200
MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a head annotator writes: a title, the rule in words, and what it refers to."""

    title: str
    ruling: str
    guideline_section: str = ""
    kinds: Sequence[str] = ()


def make_precedent(
    *, version: CaptionVersion, head: User, given: Ruling, question: Question | None = None
) -> Precedent:
    """Put a ruling beside the guidelines; making one of the same question again returns the first.

    Raises Invalid without a title or a ruling, or for an unknown kind of edit, Conflict for a question that nobody has
    answered.
    """
    if question is not None and not _is_answered(question):
        raise Conflict("question_open", _("Answer the question first; nothing was published."))
    title, ruling = one_line(given.title)[:LONGEST_TITLE], many_lines(given.ruling)[:LONGEST_RULING]
    if not title or not ruling:
        raise Invalid("ruling_needed", _("A precedent needs a title and a ruling; nothing was published."))
    if unknown := set(given.kinds) - set(EditKind.values):
        raise Invalid("kind_unknown", _("There is no kind of edit named %(kind)s.") % {"kind": min(unknown)})
    words = rare_words(version)
    try:
        with transaction.atomic():
            precedent = Precedent.objects.create(
                project_id=version.project_id,
                question=question,
                image_id=version.image_id,
                caption_id=version.caption_id,
                version=version,
                title=title,
                ruling=ruling,
                guideline_section=given.guideline_section[:120],
                kinds=sorted(set(given.kinds)),
                words=words,
                content_hash=version.content_hash,
                made_by=head,
            )
            append_event(actor=head, act="precedent_made", row=precedent)
    except IntegrityError:
        known = Precedent.objects.filter(question=question).first() if question else None
        if known is None:
            raise
        return known
    return precedent


def _is_answered(question: Question) -> bool:
    """Ask the database: the row in hand may have been read before the answer."""
    return Question.objects.filter(pk=question.pk, state=QuestionState.ANSWERED).exists()


def retire_precedent(*, precedent: Precedent, head: User) -> None:
    """Take a precedent out of force; it stays in the database. Raises Conflict when it is out already."""
    with transaction.atomic():
        changed = Precedent.objects.filter(pk=precedent.pk, retired_at=None).update(
            retired_at=timezone.now(), retired_by=head
        )
        if not changed:
            raise Conflict("precedent_retired", _("This precedent had been taken out of force already."))
        append_event(actor=head, act="precedent_retired", row=precedent, fields=["retired_at"])


def words_of(text: str) -> set[str]:
    """Return the words of a text that count for similarity: at least four letters, in lower case."""
    return set(WORD.findall(text.lower()))


def rare_words(version: CaptionVersion) -> list[str]:
    """Return the rare words of a caption, the rarest first, at most MOST_WORDS."""
    sample = list(
        CaptionVersion.objects.filter(project_id=version.project_id, state=VersionState.BASE)
        .exclude(content_hash=version.content_hash)
        .order_by("pk")
        .values_list("text", flat=True)[:SAMPLED_CAPTIONS]
    )
    counted = Counter(word for text in sample for word in words_of(text))
    most = max(1, int(RARE_SHARE * len(sample)))
    rare = sorted((counted[word], word) for word in words_of(version.text) if counted[word] <= most)
    return [word[:60] for _n, word in rare[:MOST_WORDS]]


def in_blind_work(precedents: QuerySet[Precedent]) -> QuerySet[Precedent]:
    """Annotate `is_pair_blind`: somebody may still judge the precedent's own image without knowing the ruling."""
    waiting = Assignment.objects.filter(
        image=OuterRef("image"),
        state__in=[AssignmentState.OPEN, AssignmentState.LEASED],
        batch__closed_at=None,
    )
    # A pair with a known answer is met by newcomers and mixed into the work, whoever has it in hand now.
    known = (
        KnownAnswer.objects.in_use()
        .exclude(use=KnownUse.EXAMPLE)
        .filter(version__caption=OuterRef("caption"))
    )
    return precedents.annotate(is_pair_blind=Exists(waiting) | Exists(known))


def precedents_of(project: Project, *, query: str = "") -> QuerySet[Precedent]:
    """Return the precedents in force, the newest first, with `is_pair_blind`; `query` searches title and ruling."""
    rows = Precedent.objects.filter(project=project).in_force()
    for word in query.split():
        rows = rows.filter(
            Q(title__icontains=word) | Q(ruling__icontains=word) | Q(guideline_section__icontains=word)
        )
    return in_blind_work(rows).select_related("version", "image").order_by("-pk")


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A caption on somebody's desk: what similarity looks at."""

    caption_id: int
    text: str
    content_hash: str
    kinds: Sequence[str] = ()


def similar_precedents(*, project: Project, pairs: Sequence[ShownPair]) -> list[list[Precedent]]:
    """Return for each pair the precedents in force that hold for it, at most MOST_SHOWN, best reason first.

    Same text before same kind of edit before shared rare words; the newest first. A precedent is never shown on its
    own pair while that pair's image is in blind work.
    """
    recent = list(
        in_blind_work(Precedent.objects.filter(project=project).in_force()).order_by("-pk")[
            :MOST_LOOKED_THROUGH
        ]
    )
    return [_similar(recent, pair) for pair in pairs] if recent else [[] for _pair in pairs]


def _similar(recent: Sequence[Precedent], pair: ShownPair) -> list[Precedent]:
    words = words_of(pair.text)
    ranked: list[tuple[int, int, Precedent]] = []
    for at, precedent in enumerate(recent):
        is_own = precedent.caption_id == pair.caption_id
        if is_own and getattr(precedent, "is_pair_blind", True):
            continue
        if precedent.content_hash == pair.content_hash:
            ranked.append((0, at, precedent))
        elif set(precedent.kinds) & set(pair.kinds):
            ranked.append((1, at, precedent))
        elif len(words.intersection(precedent.words)) >= FEWEST_SHARED:
            ranked.append((2, at, precedent))
    return [precedent for _reason, _at, precedent in sorted(ranked, key=lambda row: row[:2])[:MOST_SHOWN]]
