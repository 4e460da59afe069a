"""Opening batches: production and calibration. What a re-annotation asks again is chosen in reannotating.py."""

import random
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    Caption,
    Guideline,
    Image,
    ImageState,
    Judgment,
    LabelSchema,
)
from annotation.models.work import BatchPurpose
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import Membership, Project, Role

# A version that was judged in a calibration batch has a verdict after so many judgments; each later one still counts.
CALIBRATION_NEEDS = 2
SLOTS_AT_ONCE = 2000


def open_batch(
    *,
    project: Project,
    name: str,
    images: Iterable[Image],
    overlap: int,
    actor: User | None,
    purpose: str = BatchPurpose.PRODUCTION,
    seed: int = 0,
    schema: LabelSchema | None = None,
) -> Batch:
    """Open a batch with a slot for each image and annotator; images keep the given order.

    `schema` is the project's first set of labels where none is given. Raises Invalid without images or for an overlap
    below one, Conflict when the name is taken.
    """
    chosen = [image for image in images if image.state == ImageState.ACTIVE]
    if not chosen:
        raise Invalid("batch_empty", _("A batch needs at least one active image; nothing was opened."))
    if overlap < 1:
        raise Invalid("overlap_too_small", _("At least one annotator must see each image."))
    batch = new_batch(project=project, name=name, schema=schema, purpose=purpose, overlap=overlap, seed=seed)
    return save_batch(batch, slots_of(batch, chosen, n_slots=overlap), actor=actor)


def open_calibration(
    *,
    project: Project,
    name: str,
    n_images: int,
    actor: User | None,
    seed: int,
    is_fresh: bool = True,
    schema: LabelSchema | None = None,
) -> Batch:
    """Open a batch whose images go to every annotator of the project: a seeded random draw in a seeded random order.

    By default of images that nobody has judged yet. Somebody who joins later gets each image too; the open slots of
    somebody who left hold nothing up. Raises Invalid when fewer images are there than asked for, Conflict for the name.
    """
    candidates = list(calibration_images(project, is_fresh=is_fresh).order_by("pk"))
    if not 0 < n_images <= len(candidates):
        raise Invalid(
            "too_few_images",
            _("%(n)d images can be drawn for this calibration; nothing was opened.") % {"n": len(candidates)},
        )
    chosen = random.Random(seed).sample(candidates, n_images)
    batch = new_batch(
        project=project,
        name=name,
        schema=schema,
        purpose=BatchPurpose.CALIBRATION,
        overlap=CALIBRATION_NEEDS,
        seed=seed,
    )
    n_slots = max(1, running_annotators(project).count())
    return save_batch(batch, slots_of(batch, chosen, n_slots=n_slots), actor=actor)


def free_images(project: Project, schema: LabelSchema | None = None) -> QuerySet[Image]:
    """Return the active images that are in no batch with these labels yet, in the project's order.

    Without `schema` those in no batch at all; for labels that compare paraphrases those that have any.
    """
    given = Assignment.objects.filter(image=OuterRef("pk"), is_gold=False).exclude(
        batch__purpose=BatchPurpose.IMPORTED
    )
    images = Image.objects.filter(project=project, state=ImageState.ACTIVE)
    if schema is not None:
        given = given.filter(batch__schema=schema)
        if schema.compares_paraphrases:
            asked = Caption.objects.in_pool().filter(image=OuterRef("pk"), paraphrase_of__isnull=False)
            images = images.filter(Exists(asked))
    return images.filter(~Exists(given)).order_by("position", "pk")


def calibration_images(project: Project, *, is_fresh: bool) -> QuerySet[Image]:
    """Return the active images with captions that a calibration may draw; fresh ones nobody has judged or in hand."""
    images = Image.objects.filter(
        Exists(project.captions.filter(image=OuterRef("pk"), drop_reason="")),
        project=project,
        state=ImageState.ACTIVE,
    )
    if not is_fresh:
        return images
    begun = Assignment.objects.filter(image=OuterRef("pk")).exclude(state=AssignmentState.OPEN)
    return images.filter(~Exists(begun), ~Exists(Judgment.objects.filter(image=OuterRef("pk"))))


def running_annotators(project: Project) -> QuerySet[Membership]:
    """Return the memberships of the people who annotate in the project now."""
    return Membership.objects.filter(
        project=project, role=Role.ANNOTATOR, ended_at=None, user__is_active=True
    )


def slots_of(batch: Batch, images: Iterable[Image], *, n_slots: int) -> list[Assignment]:
    """Return so many open slots of each image in the order given, not saved yet."""
    return [
        Assignment(project_id=batch.project_id, batch=batch, image=image, slot=slot, position=position)
        for position, image in enumerate(images)
        for slot in range(n_slots)
    ]


def new_batch(*, project: Project, name: str, schema: LabelSchema | None, **columns: object) -> Batch:
    """Return a batch under the guidelines in force, not saved yet. Raises Invalid without labels, guidelines, name."""
    schema = schema or project.label_schemas.offered().order_by("pk").first()
    guideline: Guideline | None = project.guidelines.order_by("-number").first()
    if schema is None or guideline is None:
        raise Invalid(
            "project_unready", _("The project needs labels and guidelines before a batch is opened.")
        )
    if not (name := one_line(name)):
        raise Invalid("batch_name_needed", _("A batch needs a name."))
    return Batch(project=project, name=name, schema=schema, guideline=guideline, **columns)


def save_batch(batch: Batch, slots: list[Assignment], *, actor: User | None) -> Batch:
    """Save a batch with its slots. Raises Conflict when the name is taken."""
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            Assignment.objects.bulk_create(slots, batch_size=SLOTS_AT_ONCE)
            append_event(actor=actor, act="batch_opened", row=batch, project=batch.project)
    except IntegrityError as error:
        if "batch_name_once" not in str(error):
            raise
        raise Conflict("batch_name_taken", _("Another batch already has this name.")) from error
    return batch
