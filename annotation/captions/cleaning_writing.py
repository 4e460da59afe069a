"""The port of a cleaning: what it reads, and what it writes of each caption; running twice changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from annotation.captions.cleaning import captions_to_look_at, chosen_sources
from annotation.captions.editing import content_hash
from annotation.captions.holding import holds_of
from annotation.models import (
    Assignment,
    AssignmentState,
    Caption,
    CaptionVersion,
    Cleaning,
    CleaningHold,
    CleaningItem,
    CleaningOutcome,
    DropReason,
    VersionState,
)
from polyannot.kernel.errors import Invalid
from projects.history import append_event
from projects.models import Job, Project

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class TextToClean:
    """The text of a caption that stands, the image whose pool it is in, and whether its source is cleaned."""

    version_id: int
    text: str
    image_id: int
    is_cleaned: bool


@dataclass(frozen=True, slots=True)
class CleanedText:
    """What the steps made of a text: which changed it, and which dropped it why, and the version that says the same."""

    version_id: int
    text: str
    changed_by: Sequence[str] = ()
    dropped_by: str = ""
    reason: str = ""
    twin_id: int | None = None


def begin_cleaning(job: Job, project: Project) -> list[list[int]]:
    """Fix what a cleaning looks at: the standing versions of each pool by the keys of their captions, pool by pool.

    Call it inside the transaction that plans the job. Raises Invalid where there is nothing to clean.
    """
    sources = chosen_sources(project, job.parameters["sources"])
    versions = CaptionVersion.objects.filter(caption__in=captions_to_look_at(project).values("pk")).current()
    pools: dict[int, list[int]] = {}
    n_cleaned = 0
    ordered = versions.order_by("image__position", "image_id", "caption__key", "pk")
    for image, version, source in ordered.values_list("image_id", "pk", "caption__source").iterator():
        pools.setdefault(image, []).append(version)
        n_cleaned += source in sources
    if not pools:
        raise Invalid("nothing_to_clean", _("No caption is in a pool; there is nothing to clean."))
    Cleaning.objects.create(
        job=job,
        project=project,
        sources=sources,
        n_given=sum(len(pool) for pool in pools.values()),
        n_cleaned=n_cleaned,
    )
    return list(pools.values())


def texts_to_clean(job: Job, versions: Sequence[int]) -> list[TextToClean]:
    """Return the texts of these versions in their order, as they were when the job was planned."""
    sources = set(Cleaning.objects.get(job=job).sources)
    rows = CaptionVersion.objects.filter(pk__in=versions).values_list(
        "pk", "text", "image_id", "caption__source"
    )
    found = {pk: TextToClean(pk, text, image, source in sources) for pk, text, image, source in rows}
    return [found[pk] for pk in versions]


def write_cleaned(job: Job, cleaned: Sequence[CleanedText]) -> None:
    """Drop and repair captions that nobody works with, and list the others; texts that change in nothing leave no row.

    The open slots of the images are held meanwhile: claims pass them over, so that nobody is given a caption that goes.
    """
    cleaning = Cleaning.objects.get(job=job)
    touched = {one.version_id: one for one in cleaned if one.dropped_by or one.changed_by}
    with transaction.atomic():
        versions = _locked(cleaning, touched)
        holds = holds_of([version.caption_id for version in versions])
        items = [_item(cleaning, version, touched[version.pk], holds) for version in versions]
        dropped = [item.caption_id for item in items if item.outcome == CleaningOutcome.DROPPED]
        Caption.objects.filter(pk__in=dropped).update(drop_reason=DropReason.CLEANED)
        _repair([item for item in items if item.outcome == CleaningOutcome.CHANGED])
        CleaningItem.objects.bulk_create(items, batch_size=ROWS_AT_ONCE)


def drop_captions(
    cleaning: Cleaning, reasons: Mapping[int, str], *, step: str, drop_reason: DropReason
) -> None:
    """Take captions in the pools out for a reason each, and list those that people work with; twice changes nothing."""
    bases = CaptionVersion.objects.filter(
        caption__in=reasons, caption__drop_reason="", state=VersionState.BASE
    )
    touched = {
        version: CleanedText(version, "", dropped_by=step, reason=reasons[caption])
        for version, caption in bases.values_list("pk", "caption_id")
    }
    with transaction.atomic():
        versions = _locked(cleaning, touched)
        holds = holds_of([version.caption_id for version in versions])
        items = [_item(cleaning, version, touched[version.pk], holds) for version in versions]
        dropped = [item.caption_id for item in items if item.outcome == CleaningOutcome.DROPPED]
        Caption.objects.filter(pk__in=dropped).update(drop_reason=drop_reason)
        CleaningItem.objects.bulk_create(items, batch_size=ROWS_AT_ONCE)


def _locked(cleaning: Cleaning, touched: Mapping[int, CleanedText]) -> list[CaptionVersion]:
    """Lock slots and captions, slots first as everywhere; return the versions that this run has not treated before."""
    versions = CaptionVersion.objects.filter(pk__in=touched, project_id=cleaning.project_id)
    images = versions.order_by().values("image")
    slots = Assignment.objects.filter(image__in=images, state=AssignmentState.OPEN)
    list(slots.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    captions = Caption.objects.filter(pk__in=versions.order_by().values("caption"))
    list(captions.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
    treated = CleaningItem.objects.filter(cleaning=cleaning, version__in=touched).values("version")
    return list(versions.exclude(pk__in=treated).order_by("pk"))


def _item(
    cleaning: Cleaning, version: CaptionVersion, one: CleanedText, holds: Mapping[int, CleaningHold]
) -> CleaningItem:
    hold = holds.get(version.caption_id, CleaningHold.NONE)
    if not hold and version.state != VersionState.BASE:
        hold = CleaningHold.BUILT_ON
    if not hold and not one.dropped_by and not one.text:
        hold = CleaningHold.EMPTY
    outcome = CleaningOutcome.DROPPED if one.dropped_by else CleaningOutcome.CHANGED
    return CleaningItem(
        project_id=cleaning.project_id,
        cleaning=cleaning,
        caption_id=version.caption_id,
        version=version,
        twin_id=one.twin_id,
        outcome=CleaningOutcome.HELD if hold else outcome,
        step=one.dropped_by,
        reason=one.reason[:300],
        changed_by=list(one.changed_by),
        text=one.text if one.changed_by else "",
        hold=hold,
    )


def _repair(items: Sequence[CleaningItem]) -> None:
    """Put a new base in the place of each version, and name it in its item."""
    CaptionVersion.objects.filter(pk__in=[item.version_id for item in items]).update(
        state=VersionState.UNCLEANED
    )
    made = [
        CaptionVersion(
            project_id=item.project_id,
            image_id=item.version.image_id,
            caption_id=item.caption_id,
            parent=item.version,
            text=item.text,
            content_hash=content_hash(item.text),
            state=VersionState.BASE,
            is_demo=item.version.is_demo,
        )
        for item in items
    ]
    CaptionVersion.objects.bulk_create(made, batch_size=ROWS_AT_ONCE)
    for item, version in zip(items, made, strict=True):
        item.made, item.text = version, ""


def conclude_cleaning(job: Job) -> dict[str, Any]:
    """Write the end of a cleaning into the history; return how many captions came, and what became of them."""
    cleaning = Cleaning.objects.get(job=job)
    append_event(actor=job.asked_by, act="captions_cleaned", row=cleaning)
    counts = cleaning.items.order_by().values("outcome").annotate(n=Count("pk"))
    found = {row["outcome"]: row["n"] for row in counts}
    return {
        "captions": {
            "given": cleaning.n_given,
            "cleaned": cleaning.n_cleaned,
            **{str(outcome): found.get(outcome, 0) for outcome in ("dropped", "changed", "held")},
        }
    }
