"""Gold pairs in production: which claim carries one, which pair, and how an annotator's answers to them score.

The choice is seeded and stored: of the k-th image that an annotator claims in a batch it is fixed whether it is gold.
Gold judgments enter no verdict, agreement, forecast or overlap (docs/algorithms/onboarding-and-gold.md).
"""

import hashlib
from collections import defaultdict

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    CaptionVersion,
    Image,
    ImageState,
    Judgment,
    KnownAnswer,
    KnownUse,
    OnboardingAnswer,
    VersionState,
)
from annotation.rules.admission import Demands, demands_of
from annotation.rules.known_answers import is_right, not_by
from annotation.rules.onboarding import Score, score_of
from annotation.working.queueing import images_left
from projects.models import Project

# The first image of a batch is never gold: somebody new is not met with a check.
FIRST_POSITION = 1


def _draw(*told: object) -> float:
    """Return a number in [0, 1) that the given words fix."""
    digest = hashlib.sha256(":".join(map(str, told)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def is_gold_position(*, demands: Demands, batch: Batch, annotator: User, position: int) -> bool:
    """Say whether the image that the annotator claims at this position of the batch, counted from 0, is to be gold."""
    if position < FIRST_POSITION or not demands.gold_percent:
        return False
    return 100 * _draw("gold", demands.seed, batch.pk, annotator.pk, position) < demands.gold_percent


def gold_for(*, batch: Batch, annotator: User) -> QuerySet[KnownAnswer]:
    """Return the gold pairs that may be mixed in for a person: of images that are new to them and wait for nobody.

    Never a pair that their own judgment, edit, review or final label made, nor one they met in their onboarding.
    """
    image = OuterRef("version__image")
    had = Assignment.objects.filter(image=image, annotator=annotator)
    waits = Assignment.objects.filter(image=image, state=AssignmentState.OPEN, batch__closed_at=None)
    met = OnboardingAnswer.objects.filter(run__person=annotator, known_answer__version=OuterRef("version"))
    return KnownAnswer.objects.in_use().filter(
        not_by(annotator),
        ~Exists(had),
        ~Exists(waits),
        ~Exists(met),
        project_id=batch.project_id,
        schema_id=batch.schema_id,
        use=KnownUse.GOLD,
        version__state=VersionState.BASE,
        version__caption__drop_reason="",
        version__image__state=ImageState.ACTIVE,
    )


def n_claimed(*, batch: Batch, annotator: User) -> int:
    """Count the images of a batch that a person has claimed, gold ones among them."""
    return Assignment.objects.filter(batch=batch, annotator=annotator).count()


def next_gold(*, demands: Demands, batch: Batch, annotator: User) -> KnownAnswer | None:
    """Return the gold pair that the annotator's next claim carries; None for an ordinary image."""
    if not demands.gold_percent:
        return None
    position = n_claimed(batch=batch, annotator=annotator)
    if not is_gold_position(demands=demands, batch=batch, annotator=annotator, position=position):
        return None
    able = gold_for(batch=batch, annotator=annotator).select_related("version__image")
    return min(able, key=lambda known: _draw(demands.seed, annotator.pk, known.pk), default=None)


def gold_slot(*, demands: Demands, batch: Batch, annotator: User) -> Assignment | None:
    """Return the slot that mixes a gold pair in, not saved yet; None when the next claim is an ordinary one.

    The image shows what any other shows: its gold captions and others of its pool up to the usual number.
    """
    known = next_gold(demands=demands, batch=batch, annotator=annotator)
    if known is None:
        return None
    image = known.version.image
    return Assignment(
        project_id=batch.project_id,
        batch=batch,
        image=image,
        slot=0,
        position=0,
        is_gold=True,
        chosen_ids=_shown_with(batch, image, gold_for(batch=batch, annotator=annotator)),
    )


def _shown_with(batch: Batch, image: Image, able: QuerySet[KnownAnswer]) -> list[int]:
    most = batch.project.captions_at_once
    gold = list(able.filter(version__image=image).order_by("pk").values_list("version", flat=True)[:most])
    others = CaptionVersion.objects.filter(image=image, caption__drop_reason="", state=VersionState.BASE)
    if batch.schema.compares_paraphrases:
        others = others.filter(caption__paraphrase_of__isnull=False)
    ranked = others.exclude(pk__in=gold).order_by("caption__pool_rank", "caption_id")
    return [*gold, *ranked.values_list("pk", flat=True)[: most - len(gold)]]


def n_gold_ahead(*, demands: Demands, batch: Batch, annotator: User, n_ordinary: int) -> int:
    """Count the gold images that will come among so many ordinary ones, so that the total on the page never moves."""
    if not demands.gold_percent or not n_ordinary:
        return 0
    able = gold_for(batch=batch, annotator=annotator)
    left = able.values("version__image").distinct().count()
    position, n_gold = n_claimed(batch=batch, annotator=annotator), 0
    while n_ordinary:
        if left and is_gold_position(demands=demands, batch=batch, annotator=annotator, position=position):
            n_gold, left = n_gold + 1, left - 1
        else:
            n_ordinary -= 1
        position += 1
    return n_gold


def images_ahead(*, batch: Batch, annotator: User) -> int:
    """Count the images that the annotator may still get in this batch, ordinary and gold."""
    n_ordinary = images_left(batch=batch, annotator=annotator)
    n_gold = n_gold_ahead(demands=demands_of(batch), batch=batch, annotator=annotator, n_ordinary=n_ordinary)
    return n_ordinary + n_gold


def gold_scores(project: Project, annotator: User | None = None) -> dict[int, Score]:
    """Return each annotator's score on gold pairs by row id; people without an answer lack.

    Current answers to pairs that are still gold count; a good after an edit says neither, and is left out.
    """
    known = {
        (row.version_id, row.schema_id): row
        for row in KnownAnswer.objects.in_use()
        .filter(project=project, use=KnownUse.GOLD)
        .select_related("schema")
        .prefetch_related("schema__labels")
    }
    answers = Judgment.objects.last_words().filter(
        project=project, is_gold=True, edited_version=None, version__in={version for version, _ in known}
    )
    if annotator is not None:
        answers = answers.filter(annotator=annotator)
    counted: dict[int, list[bool]] = defaultdict(list)
    for person, version, schema, label in answers.values_list("annotator", "version", "schema", "label"):
        if (row := known.get((version, schema))) is not None:
            counted[person].append(is_right(row, label or ""))
    scores = {person: score_of(sum(right), len(right)) for person, right in counted.items()}
    return {person: score for person, score in scores.items() if score is not None}
