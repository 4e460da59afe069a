"""Known answers: pairs with their right label, chosen by hand or from final labels; one use at a time.

The rules are in docs/algorithms/onboarding-and-gold.md.
"""

import random
from collections import defaultdict

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Adjudication,
    Assignment,
    AssignmentState,
    CaptionVersion,
    KnownAnswer,
    KnownSource,
    KnownUse,
    Label,
    LabelSchema,
    MeasurementLevel,
    VersionState,
)
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event, append_events

LONGEST_EXPLANATION = 1000
# On an ordered set with so many labels or more, a neighbour of the known grade is right unless said otherwise.
GRADES_THAT_BLUR = 5


def make_known_answer(
    *,
    version: CaptionVersion,
    schema: LabelSchema,
    label: str,
    use: str,
    actor: User,
    explanation: str = "",
    tolerance: int | None = None,
) -> KnownAnswer:
    """Keep a pair with its right label; the source is the final label where that is the same.

    Raises Invalid for a label that the set does not have or an edited text as gold, Conflict where the pair is a
    known answer already.
    """
    if use not in KnownUse.values:
        raise Invalid("use_unknown", _("Choose what the pair is for."))
    if not Label.objects.filter(schema=schema, key=label, schema__project_id=version.project_id).exists():
        raise Invalid("label_unknown", _("There is no label %(label)s in this set.") % {"label": label})
    _must_be_base(version, use)
    final = Adjudication.objects.filter(version=version, schema=schema, label=label, is_current=True)
    try:
        with transaction.atomic():
            row = KnownAnswer.objects.create(
                project_id=version.project_id,
                version=version,
                schema=schema,
                label=label,
                use=use,
                explanation=many_lines(explanation)[:LONGEST_EXPLANATION],
                tolerance=usual_tolerance(schema) if tolerance is None else tolerance,
                source=KnownSource.ADJUDICATION if final.exists() else KnownSource.PERSON,
                made_by=actor,
            )
            append_event(actor=actor, act="known_answer_made", row=row)
    except IntegrityError as error:
        if "known_answer_once" not in str(error):
            raise
        raise Conflict(
            "known_already", _("This pair has a known answer with these labels; change or retire that one.")
        ) from error
    return row


def _must_be_base(version: CaptionVersion, use: str) -> None:
    if use == KnownUse.GOLD and version.state != VersionState.BASE:
        raise Invalid(
            "gold_needs_base", _("Only a caption as imported can be gold: nobody else is shown its edits.")
        )


def change_known_answer(
    *, known: KnownAnswer, actor: User, use: str, explanation: str, tolerance: int
) -> KnownAnswer:
    """Give a known answer another use, explanation or tolerance. Raises Invalid, Conflict once it is retired."""
    if use not in KnownUse.values:
        raise Invalid("use_unknown", _("Choose what the pair is for."))
    with transaction.atomic():
        locked = KnownAnswer.objects.select_for_update(no_key=True, of=("self",)).get(pk=known.pk)
        if locked.retired_at is not None:
            raise Conflict("known_retired", _("This known answer was retired in the meantime."))
        _must_be_base(locked.version, use)
        locked.use, locked.tolerance = use, tolerance
        locked.explanation = many_lines(explanation)[:LONGEST_EXPLANATION]
        locked.save(update_fields=["use", "tolerance", "explanation"])
        append_event(actor=actor, act="known_answer_changed", row=locked, fields=["use", "explanation"])
    return locked


def retire_known_answer(*, known: KnownAnswer, actor: User) -> None:
    """Use a known answer no more; what people answered to it stays. Doing it twice is harmless."""
    with transaction.atomic():
        if KnownAnswer.objects.filter(pk=known.pk, retired_at=None).update(
            retired_at=timezone.now(), retired_by=actor
        ):
            append_event(actor=actor, act="known_answer_retired", row=known, fields=["retired_at"])


def adjudicated_pairs(schema: LabelSchema) -> QuerySet[Adjudication]:
    """Return the current final labels with this set of imported captions in circulation that are no known answer."""
    known = KnownAnswer.objects.in_use().filter(version=OuterRef("version"), schema=schema)
    return Adjudication.objects.filter(
        ~Exists(known),
        schema=schema,
        is_current=True,
        version__state=VersionState.BASE,
        version__caption__drop_reason="",
        version__image__state="active",
    )


def draw_known_answers(*, schema: LabelSchema, actor: User, use: str, n: int, seed: int) -> list[KnownAnswer]:
    """Take n adjudicated pairs as known answers, of each label in turn; a seeded draw. Raises Invalid without any.

    The note of the final label becomes the explanation.
    """
    if use not in KnownUse.values or n < 1:
        raise Invalid("draw_malformed", _("Choose what the pairs are for, and how many."))
    by_label: dict[str, list[Adjudication]] = defaultdict(list)
    for row in adjudicated_pairs(schema).order_by("pk"):
        by_label[row.label].append(row)
    if not by_label:
        raise Invalid("nothing_to_draw", _("No adjudicated pair is left to take; adjudicate some first."))
    chosen = _in_turn(by_label, n, seed)
    tolerance = usual_tolerance(schema)
    with transaction.atomic():
        rows = KnownAnswer.objects.bulk_create(
            [
                KnownAnswer(
                    project_id=schema.project_id,
                    version_id=final.version_id,
                    schema=schema,
                    label=final.label,
                    use=use,
                    explanation=final.note[:LONGEST_EXPLANATION],
                    tolerance=tolerance,
                    source=KnownSource.ADJUDICATION,
                    made_by=actor,
                )
                for final in chosen
            ],
            ignore_conflicts=False,
        )
        append_events(actor=actor, act="known_answer_made", rows=rows)
    return rows


def _in_turn(by_label: dict[str, list[Adjudication]], n: int, seed: int) -> list[Adjudication]:
    """Return up to n rows, one of each label after the other, each label's rows in a seeded order."""
    dice = random.Random(seed)
    piles = [sorted(rows, key=lambda row: row.pk) for _label, rows in sorted(by_label.items())]
    for pile in piles:
        dice.shuffle(pile)
    chosen: list[Adjudication] = []
    while len(chosen) < n and any(piles):
        for pile in piles:
            if pile and len(chosen) < n:
                chosen.append(pile.pop())
    return chosen


def usual_tolerance(schema: LabelSchema) -> int:
    """Return how many steps from the known grade still count as right, unless somebody says otherwise."""
    is_ordered = schema.level != MeasurementLevel.NOMINAL
    return 1 if is_ordered and schema.labels.count() >= GRADES_THAT_BLUR else 0


def is_right(known: KnownAnswer, label: str) -> bool:
    """Say whether a label counts as right: the known one, or within the tolerance on an ordered set."""
    if label == known.label:
        return True
    if not known.tolerance or known.schema.level == MeasurementLevel.NOMINAL:
        return False
    places = {row.key: row.position for row in known.schema.labels.all()}
    return label in places and abs(places[label] - places[known.label]) <= known.tolerance


def waits() -> Exists:
    """Say of a known answer whether its image is being judged: nobody is to read its label before they judge it."""
    slots = Assignment.objects.filter(
        image=OuterRef("version__image"),
        state__in=[AssignmentState.OPEN, AssignmentState.LEASED],
        is_gold=False,
        batch__closed_at=None,
    )
    return Exists(slots)


def not_by(person: User) -> Q:
    """Keep known answers that this person did not make: no judgment, edit, review or final label of theirs."""
    adjudicated = Adjudication.objects.filter(version=OuterRef("version"), adjudicator=person)
    judged = CaptionVersion.objects.filter(
        Q(author=person) | Q(judgments__annotator=person) | Q(judgments__review_items__reviewer=person),
        caption=OuterRef("version__caption"),
    )
    return ~Q(made_by=person) & ~Q(Exists(adjudicated)) & ~Q(Exists(judged))
