"""Settling: bringing the stored tallies up to what the rows say (docs/decisions/0006-tallies-are-stored.md)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from annotation.models import (
    Adjudication,
    Assignment,
    AssignmentState,
    BatchPurpose,
    CaptionVersion,
    Image,
    ImageTally,
    Judgment,
    TallyDue,
    VersionState,
    VersionTally,
)
from annotation.progress.verdicts import Verdict, with_verdict
from projects.models import Project

# Images settled in one transaction, and by one request; a worker goes on with the rest every few seconds.
PORTION = 200
AT_MOST_IN_A_REQUEST = 200
# The first of these words that a version of a caption has says in which column the caption counts.
STATES = {
    str(Verdict.GOOD): "n_good",
    "awaited": "n_waiting",
    str(Verdict.INCOMPLETE): "n_waiting",
    str(Verdict.UNDECIDED): "n_undecided",
    str(Verdict.BAD): "n_bad",
}
# The number under which settlers of one project wait for each other.
LOCK = 0x7A11


def settle_tallies(
    project: Project, *, at_most: int | None = AT_MOST_IN_A_REQUEST, images: Iterable[Image] | None = None
) -> int:
    """Recompute the tallies of the images whose rows changed; return how many images are left to do.

    `at_most` bounds the images of this call, None settles all; with `images` only those are settled. Safe to run
    anywhere at any time: settlers of a project come one after the other, and what changes meanwhile is due again.
    """
    due = TallyDue.objects.filter(project=project)
    if images is not None:
        due = due.filter(image__in=[image.pk for image in images])
    done = 0
    while at_most is None or done < at_most:
        settled = _settle_portion(project, due, PORTION if at_most is None else min(PORTION, at_most - done))
        if not settled:
            return 0
        done += settled
    return due.values("image").distinct().count()


def _settle_portion(project: Project, due: QuerySet[TallyDue], portion: int) -> int:
    if not due.exists():
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, project.pk])
        due = due.order_by("image")
        images = list(due.values_list("image_id", flat=True).distinct()[:portion])
        if images:
            # Notes that arrive from here on stay: they may stand for rows that this transaction does not see.
            with connection.cursor() as cursor:
                cursor.execute(
                    "DELETE FROM annotation_tallydue WHERE project_id = %s AND image_id = ANY(%s)",
                    [project.pk, images],
                )
            _recompute(project, images)
    return len(images)


def _recompute(project: Project, images: Sequence[int]) -> None:
    tallies = {image: ImageTally(image_id=image, project=project) for image in images}
    versions = CaptionVersion.objects.filter(image__in=images)
    in_pool = versions.filter(state=VersionState.BASE, caption__drop_reason="").order_by()
    for image, n in in_pool.values_list("image_id").annotate(n=Count("pk")):
        tallies[image].n_pool = n
    shown = _count_slots(tallies)
    seen = in_pool.filter(pk__in={version for met in shown.values() for version in met})
    _count_captions(tallies, _verdicts(project, versions), dict(seen.values_list("caption_id", "image_id")))
    ImageTally.objects.bulk_create(
        tallies.values(),
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=[
            field.name for field in ImageTally._meta.fields if field.name not in {"image", "project"}
        ],
    )


def _verdicts(project: Project, versions: Any) -> list[dict[str, Any]]:
    """Store the verdict of each version that anybody touched; return the rows."""
    touched = versions.filter(
        Q(state__in=[VersionState.PROPOSED, VersionState.ACCEPTED])
        | Exists(Judgment.objects.current().filter(version=OuterRef("pk")))
        | Exists(Adjudication.objects.filter(version=OuterRef("pk"), is_current=True))
    )
    judged: QuerySet[Any] = with_verdict(touched)
    rows = list(
        judged.order_by("pk").values(
            "pk",
            "image_id",
            "caption_id",
            "caption__drop_reason",
            "state",
            "verdict",
            "n_judgments",
            "adjudicated",
        )
    )
    stored = VersionTally.objects.filter(version__in=versions.values("pk"))
    stored.exclude(version__in=[row["pk"] for row in rows]).delete()
    VersionTally.objects.bulk_create(
        [
            VersionTally(
                version_id=row["pk"],
                project=project,
                image_id=row["image_id"],
                verdict=row["verdict"],
                is_adjudicated=row["adjudicated"] is not None,
            )
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["version"],
        update_fields=["verdict", "is_adjudicated"],
    )
    return rows


def _count_captions(
    tallies: Mapping[int, ImageTally], rows: Iterable[dict[str, Any]], shown: Mapping[int, int]
) -> None:
    """Count the captions by their states; `shown` has the image of each caption in the pool that anybody was shown."""
    by_caption: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_caption[row["caption_id"]].append(row)
    for tally in tallies.values():
        tally.n_unseen = tally.n_pool
    for caption, versions in by_caption.items():
        tally = tallies[versions[0]["image_id"]]
        is_judged = any(version["n_judgments"] for version in versions)
        tally.n_ever_judged += is_judged
        if versions[0]["caption__drop_reason"]:
            continue
        tally.n_judged += is_judged
        if (state := _state(versions)) is not None:
            _move(tally, state)
        elif caption in shown:
            _move(tally, "n_shown")
    for caption, image in shown.items():
        if caption not in by_caption:
            _move(tallies[image], "n_shown")


def _move(tally: ImageTally, state: str) -> None:
    """Count a caption that was taken as never shown in its own state."""
    tally.n_unseen -= 1
    setattr(tally, state, getattr(tally, state) + 1)


def _state(versions: Sequence[dict[str, Any]]) -> str | None:
    """Return the column in which a caption counts whose versions somebody touched; None where no word is said."""
    words = {_word(version) for version in versions}
    for word, column in STATES.items():
        if word in words:
            return column
    return None


def _word(version: dict[str, Any]) -> str:
    is_awaited = version["state"] == VersionState.PROPOSED or (
        version["state"] == VersionState.ACCEPTED and version["verdict"] == Verdict.INCOMPLETE
    )
    return "awaited" if is_awaited else str(version["verdict"])


def _count_slots(tallies: Mapping[int, ImageTally]) -> dict[int, set[int]]:
    """Count the slots of the images; return the versions of each that were shown to anybody."""
    shown: dict[int, set[int]] = defaultdict(set)
    slots = Assignment.objects.filter(image__in=tallies, is_gold=False).order_by()
    for image, state, version_ids, closed_at, purpose in slots.values_list(
        "image_id", "state", "version_ids", "batch__closed_at", "batch__purpose"
    ):
        shown[image].update(version_ids)
        is_open = state in {AssignmentState.OPEN, AssignmentState.LEASED} and closed_at is None
        tallies[image].n_slots_open += is_open
        # Ratings made elsewhere are no slot of this project's annotators.
        tallies[image].n_slots_done += state == AssignmentState.DONE and purpose != BatchPurpose.IMPORTED
    for image, met in shown.items():
        tallies[image].n_ever_shown = len(met)
    return shown


def settle_everything() -> int:
    """Settle what is due in every project; return how many projects had something to settle."""
    projects = Project.objects.filter(pk__in=TallyDue.objects.order_by().values("project").distinct())
    for project in projects:
        settle_tallies(project, at_most=None)
    return len(projects)
