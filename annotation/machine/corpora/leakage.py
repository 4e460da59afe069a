"""The port of a search for leakage: what it compares, what it finds, and the captions that leave the pools for it."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image as Picture

from accounts.models import User
from annotation.captions.cleaning_undoing import undo_cleaning, undo_item
from annotation.captions.cleaning_writing import drop_captions
from annotation.captions.fix_undoing import Undone
from annotation.importing.describing import checked_url
from annotation.importing.pooling import LONGEST_URL
from annotation.machine.corpora.neighbours import images_to_search, search_of
from annotation.machine.job_parameters import decimal_number
from annotation.models import (
    Caption,
    Cleaning,
    CleaningItem,
    CleaningOutcome,
    CleaningStep,
    DropReason,
    Image,
    Leak,
    LeakCheck,
)
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Job, Project
from projects.queue import Parameters, enqueue
from projects.storage import store_bytes

KIND = "leakage"
# A corpus image whose cosine with an image of the project reaches this shows the same picture (ours).
LEAST_COSINE = 0.97
# Bits, of 128, in which the perceptual hashes of one picture may differ (ours).
MOST_BITS = 10
# Longest side of the copies of corpus pictures that the report lays beside the project's, in pixels.
COPY_SIDE = 320
COPY_QUALITY = 80


@dataclass(frozen=True, slots=True)
class FoundLeak:
    """A row of a corpus that shows an image of the project, by one check; `picture` are its bytes where it has any."""

    image_id: int
    row_key: str
    caption: str
    url: str
    check: LeakCheck
    score: float
    picture: bytes | None = None


def _refused(message: str) -> Invalid:
    return Invalid("job_parameters", message)


def completed_leakage(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a search for leakage. Raises Invalid.

    `search` is the id of a finished search of the corpus; from `least_cosine` on, and up to `most_bits` differing bits
    of 128, two pictures are taken for the same.
    """
    known = ("search", "least_cosine", "most_bits")
    if unknown := set(parameters) - set(known):
        raise _refused(
            _("This job takes the parameters %(known)s, not %(unknown)s.")
            % {"known": ", ".join(known), "unknown": ", ".join(sorted(unknown))}
        )
    return {
        "search": str(parameters.get("search") or "").strip(),
        "least_cosine": round(decimal_number(parameters, "least_cosine", LEAST_COSINE, 0, 1), 4),
        "most_bits": int(decimal_number(parameters, "most_bits", MOST_BITS, 0, 64)),
    }


def ask_for_leakage(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Look for images of the project in the corpus of a search; its captions leave the pools.

    Raises Invalid, Missing.
    """
    complete = completed_leakage(parameters)
    complete["search"] = str(search_of(project, complete["search"]).public_id)
    return enqueue(kind=KIND, project=project, parameters=complete, asked_by=actor)


def begin_leakage(job: Job, project: Project, corpus: str) -> list[int]:
    """Fix what is compared; return the active and reserve images. Call it inside the transaction that plans the job."""
    images = images_to_search(project)
    if not images:
        raise Invalid("no_images", _("The project has no active or reserve image to look for."))
    n = _pool_of(project, corpus).count()
    Cleaning.objects.create(job=job, project=project, sources=[corpus], n_given=n, n_cleaned=n)
    return images


def _pool_of(project: Project, corpus: str) -> Any:
    return Caption.objects.in_pool().filter(project=project, source=corpus)


def file_hashes(images: Iterable[int]) -> list[tuple[int, str]]:
    """Return (image, SHA-256 of its file) in the order of the images' ids."""
    return list(Image.objects.filter(pk__in=list(images)).order_by("pk").values_list("pk", "file__sha256"))


def write_leaks(job: Job, found: Sequence[FoundLeak]) -> None:
    """Keep what was found, with small copies of the corpus pictures; a pair that is there already stays as it is."""
    cleaning = Cleaning.objects.get(job=job)
    rows = [
        Leak(
            project_id=cleaning.project_id,
            cleaning=cleaning,
            image_id=one.image_id,
            row_key=one.row_key[:300],
            caption=one.caption,
            url=_web_address(one.url),
            check_made=one.check,
            score=one.score,
            picture=_copy(one.picture),
        )
        for one in found
    ]
    Leak.objects.bulk_create(rows, ignore_conflicts=True)


def _web_address(url: str) -> str:
    try:
        return checked_url(url, column="url", longest=LONGEST_URL)
    except ValueError:
        return ""


def _copy(content: bytes | None) -> Any:
    if content is None:
        return None
    with Picture.open(io.BytesIO(content)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((COPY_SIDE, COPY_SIDE))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=COPY_QUALITY)
    return store_bytes(out.getvalue(), media_type="image/jpeg")


def leaked_rows(project: Project, corpus: str) -> set[str]:
    """Return the rows of a corpus that show an image of the project, by the leaks that stand."""
    leaks = Leak.objects.standing().filter(project=project, cleaning__sources=[corpus])
    return set(leaks.values_list("row_key", flat=True))


def drop_leaked(job: Job) -> None:
    """Take the captions of the leaked rows out of the pools, but for those that people work with; these are listed."""
    cleaning = Cleaning.objects.get(job=job)
    reasons: dict[str, str] = {}
    for leak in cleaning.leaks.order_by("row_key", "pk"):
        reasons.setdefault(leak.row_key, f"{LeakCheck(leak.check_made).label}: {leak.score:g}")
    captions = Caption.objects.filter(
        project_id=cleaning.project_id, source=cleaning.sources[0], source_key__in=reasons
    )
    drop_captions(
        cleaning,
        {caption: reasons[row] for caption, row in captions.values_list("pk", "source_key")},
        step=CleaningStep.LEAKAGE,
        drop_reason=DropReason.LEAKAGE,
    )


def conclude_leakage(job: Job) -> dict[str, Any]:
    """Write the end into the history; return how many images leaked, and what became of their captions."""
    cleaning = Cleaning.objects.get(job=job)
    append_event(actor=job.asked_by, act="leakage_searched", row=cleaning)
    rows = dict(cleaning.items.order_by().values_list("outcome").annotate(n=Count("pk")))
    by_check = dict(cleaning.leaks.order_by().values_list("check_made").annotate(n=Count("pk")))
    return {
        "leaks": {
            "images": cleaning.leaks.values("image").distinct().count(),
            "rows": cleaning.leaks.values("row_key").distinct().count(),
            **by_check,
        },
        "captions": {"dropped": rows.get("dropped", 0), "held": rows.get("held", 0)},
    }


def dismiss_leak(*, leak: Leak, actor: User) -> Leak:
    """Say that a pair is not one picture: its captions come back unless another pair names the same row.

    Raises Conflict where it was put aside before.
    """
    with transaction.atomic():
        cleaning = Cleaning.objects.select_for_update(no_key=True, of=("self",)).get(pk=leak.cleaning_id)
        changed = Leak.objects.standing().filter(pk=leak.pk)
        if not changed.exists():
            raise Conflict("leak_dismissed", _("This pair was put aside already; nothing was changed."))
        Leak.objects.filter(cleaning=cleaning, image=leak.image_id, row_key=leak.row_key).update(
            dismissed_by=actor, dismissed_at=timezone.now()
        )
        append_event(actor=actor, act="leak_dismissed", row=leak, fields=["dismissed_by"])
        if not Leak.objects.standing().filter(cleaning=cleaning, row_key=leak.row_key).exists():
            items = CleaningItem.objects.filter(
                cleaning=cleaning, caption__source_key=leak.row_key, outcome=CleaningOutcome.DROPPED
            )
            for item in items.select_related("cleaning", "caption"):
                undo_item(item=item, actor=actor)
    leak.refresh_from_db()
    return leak


def undo_leakage(*, cleaning: Cleaning, actor: User) -> Undone:
    """Put a whole search for leakage aside: its captions are in the pools again, and no image is flagged by it."""
    return undo_cleaning(cleaning=cleaning, actor=actor)
