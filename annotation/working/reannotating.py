"""Re-annotation: just the judgments that need another look, asked again under the guidelines in force.

Which judgments those are, whom they are given to, and what then counts for the verdict is in
docs/algorithms/assignment.md and verdict.md.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Assignment, Batch, Image, Judgment, LabelMeaning, LabelSchema, ReviewItem
from annotation.models.reviews import ReviewState
from annotation.models.work import BatchPurpose, BatchTakers, ReannotationBasis
from annotation.progress.verdicts import replaced_judgments, versions_in_pool
from annotation.working.opening import new_batch, running_annotators, save_batch
from annotation.working.pacing import DEFAULT_PACE, project_pace
from polyannot.kernel.errors import Invalid
from projects.models import Project

# Who judged before is asked once more: the verdict needs one such judgment of each of them.
SAME_NEEDS = 1
MOST_KEYS = 5000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which judgments are asked again: by a reason, perhaps of one batch; `keys` are captions named by their keys."""

    basis: str
    batch: Batch | None = None
    keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a re-annotation would ask: counts, and the slots that it would have.

    `n_judgments` are the judgments found, `n_to_give` those that will be asked for. `n_gone` annotators of the found
    judgments work here no more. `hours` is the time of `n_to_give` at the project's measured pace, `is_paced` false
    where nothing was measured.
    """

    n_judgments: int
    n_captions: int
    n_images: int
    n_annotators: int
    n_gone: int
    n_to_give: int
    hours: float
    is_paced: bool
    slots: Sequence["AskedSlot"] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class AskedSlot:
    """One image with the versions asked about, and whom the slot waits for; None for anybody."""

    image_id: int
    version_ids: Sequence[int]
    reserved_for: int | None


def judgments_again(*, project: Project, selection: Selection) -> QuerySet[Judgment]:
    """Return the judgments that a selection finds: last words, of captions in circulation, none asked again since."""
    found = (
        Judgment.objects.current()
        .filter(project=project, version__in=versions_in_pool(project).order_by())
        .exclude(pk__in=replaced_judgments())
    )
    if selection.batch is not None:
        found = found.filter(batch=selection.batch)
    return _by_basis(found, project, selection).order_by("image__position", "image_id", "version_id", "pk")


def _by_basis(found: QuerySet[Judgment], project: Project, selection: Selection) -> QuerySet[Judgment]:
    match selection.basis:
        case ReannotationBasis.OLD_GUIDELINE:
            newest = project.guidelines.order_by("-number").values("number")[:1]
            return found.filter(guideline__number__lt=newest)
        case ReannotationBasis.RETURNED:
            returned = ReviewItem.objects.filter(judgment=OuterRef("pk"), state=ReviewState.RETURNED)
            return found.filter(Exists(returned))
        case ReannotationBasis.UNSURE:
            return found.filter(meaning=LabelMeaning.UNSURE)
        case ReannotationBasis.EDITED:
            return found.filter(edited_version__isnull=False)
        case ReannotationBasis.DISAGREED:
            differing = (
                found.order_by().values("version").annotate(n=Count("meaning", distinct=True)).filter(n__gt=1)
            )
            return found.filter(version__in=differing.values("version"))
        case ReannotationBasis.CHOSEN:
            return found.filter(caption__key__in=list(selection.keys)[:MOST_KEYS])
    raise Invalid("basis_needed", _("Say which captions are asked again."))


def ask_again(*, project: Project, selection: Selection, taken_by: str, overlap: int = 1) -> Asked:
    """Return what a re-annotation of a selection would ask; nothing is changed.

    With `taken_by` "same" each annotator gets what they judged, and what people judged who have left waits for
    anybody. With "others" each caption goes to `overlap` people who have not judged its image. Raises Invalid for an
    unknown basis or taker.
    """
    if taken_by not in (BatchTakers.SAME, BatchTakers.OTHERS):
        raise Invalid("takers_needed", _("Say who judges the captions again."))
    found = judgments_again(project=project, selection=selection)
    rows = list(found.values_list("image_id", "version_id", "annotator_id"))
    here = set(running_annotators(project).values_list("user_id", flat=True))
    here |= set(
        project.memberships.filter(ended_at=None, user__is_active=True).values_list("user_id", flat=True)
    )
    slots = _slots_for_same(rows, here) if taken_by == BatchTakers.SAME else _slots_for_others(rows, overlap)
    n_to_give = sum(len(slot.version_ids) for slot in slots)
    pace = project_pace(project)
    annotators = {annotator for _image, _version, annotator in rows}
    return Asked(
        n_judgments=len(rows),
        n_captions=len({version for _image, version, _annotator in rows}),
        n_images=len({image for image, _version, _annotator in rows}),
        n_annotators=len(annotators),
        n_gone=len(annotators - here),
        n_to_give=n_to_give,
        hours=n_to_give * (pace or DEFAULT_PACE) / 3600,
        is_paced=pace is not None,
        slots=slots,
    )


def _slots_for_same(rows: Sequence[tuple[int, int, int]], here: set[int]) -> list[AskedSlot]:
    asked: dict[tuple[int, int], list[int]] = defaultdict(list)
    for image, version, annotator in rows:
        asked[image, annotator].append(version)
    return [
        AskedSlot(image, sorted(versions), annotator if annotator in here else None)
        for (image, annotator), versions in asked.items()
    ]


def _slots_for_others(rows: Sequence[tuple[int, int, int]], overlap: int) -> list[AskedSlot]:
    asked: dict[int, set[int]] = defaultdict(set)
    for image, version, _annotator in rows:
        asked[image].add(version)
    return [
        AskedSlot(image, sorted(versions), None)
        for image, versions in asked.items()
        for _number in range(max(1, overlap))
    ]


def open_reannotation(
    *,
    project: Project,
    name: str,
    selection: Selection,
    taken_by: str,
    actor: User | None,
    overlap: int = 1,
    seed: int = 0,
    schema: LabelSchema | None = None,
) -> Batch:
    """Open a batch that asks just the selected captions again, under the guidelines in force.

    Raises Invalid when the selection finds nothing, Conflict when the name is taken.
    """
    asked = ask_again(project=project, selection=selection, taken_by=taken_by, overlap=overlap)
    if not asked.slots:
        raise Invalid("nothing_again", _("No judgment fits; no batch was opened."))
    batch = new_batch(
        project=project,
        name=name,
        schema=schema or (selection.batch.schema if selection.batch else None),
        purpose=BatchPurpose.REANNOTATION,
        overlap=SAME_NEEDS if taken_by == BatchTakers.SAME else max(1, overlap),
        seed=seed,
        taken_by=taken_by,
        basis=selection.basis,
    )
    return save_batch(batch, _saved_slots(batch, asked.slots), actor=actor)


def _saved_slots(batch: Batch, asked: Sequence[AskedSlot]) -> list[Assignment]:
    """Return the slots of the batch, numbered for each image, images in the project's order."""
    images = Image.objects.in_bulk({slot.image_id for slot in asked})
    order = sorted(images.values(), key=lambda image: (image.position, image.pk))
    position = {image.pk: number for number, image in enumerate(order)}
    numbers: dict[int, int] = defaultdict(int)
    slots = []
    for slot in sorted(asked, key=lambda slot: position[slot.image_id]):
        slots.append(
            Assignment(
                project_id=batch.project_id,
                batch=batch,
                image_id=slot.image_id,
                slot=numbers[slot.image_id],
                position=position[slot.image_id],
                chosen_ids=list(slot.version_ids),
                reserved_for_id=slot.reserved_for,
            )
        )
        numbers[slot.image_id] += 1
    return slots
