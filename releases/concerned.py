"""What releases hold that has left since: answers of people who withdrew, images and captions that were taken down."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from annotation.models import DropReason, ImageState, PairReport
from annotation.models.reviews import ReportState
from projects.models import Project
from releases.models import Release, ReleaseCaption, ReleaseState
from studies.models import Participant, ParticipantState

IMAGE, CAPTION = "image", "caption"


@dataclass(frozen=True)
class Concern:
    """A study from which so many people withdrew after the release was frozen."""

    study: str
    people: int


@dataclass(frozen=True)
class Gone:
    """An image, or a version of a caption, that releases hold and that was taken down since.

    `public_ids` are those that the releases call it by. `at` is None where nobody noted when.
    """

    kind: str
    key: str
    page_id: UUID
    public_ids: tuple[UUID, ...]
    at: datetime | None
    why: str
    releases: tuple[Release, ...]


def withdrawn_since(release: Release) -> list[Concern]:
    """Return the studies from which people withdrew after this release was frozen, who had come before.

    When somebody gave their answers is erased with them, so that everybody counts who might have been in it.
    """
    return _by_study(
        _withdrawn(release.project).filter(
            withdrawn_at__gt=release.frozen_at, arrived_at__lt=release.frozen_at
        )
    )


def withdrawn_before(project: Project) -> list[Concern]:
    """Return the studies from which people have withdrawn, whenever it was."""
    return _by_study(_withdrawn(project))


def _withdrawn(project: Project) -> QuerySet[Participant]:
    return Participant.objects.filter(
        study__project=project,
        state=ParticipantState.WITHDRAWN,
        consent__isnull=False,
        is_test=False,
        is_simulated=False,
    )


def _by_study(people: QuerySet[Participant]) -> list[Concern]:
    counts = people.order_by().values("study__title").annotate(n=Count("pk")).order_by("study__title")
    return [Concern(title, n) for title, n in counts.values_list("study__title", "n")]


def taken_down(project: Project) -> list[Gone]:
    """Return what releases of the project hold and was taken down since, images first, by key.

    Withdrawn releases count too: their copies are out in the world.
    """
    frozen = {release.pk: release for release in project.releases.exclude(state=ReleaseState.FAILED)}
    rows = (
        ReleaseCaption.objects.filter(release__in=frozen)
        .filter(Q(image__state=ImageState.RETIRED) | Q(version__caption__drop_reason=DropReason.TAKEN_DOWN))
        .select_related("image", "version__caption")
        .order_by("pk")
    )
    images: dict[int, list[ReleaseCaption]] = defaultdict(list)
    captions: dict[int, list[ReleaseCaption]] = defaultdict(list)
    for row in rows:
        if row.image.state == ImageState.RETIRED:
            images[row.image_id].append(row)
        if row.version.caption.drop_reason == DropReason.TAKEN_DOWN:
            captions[row.version.caption_id].append(row)
    reports = _upheld(captions)
    gone = [_image(held, frozen) for held in images.values()]
    gone += [_caption(held, frozen, reports.get(pk)) for pk, held in captions.items()]
    return sorted(gone, key=lambda row: (row.kind != IMAGE, row.key))


def newest_without_it(project: Project) -> Release | None:
    """Return the newest release if it stands and holds nothing that has left since, else None."""
    newest = project.releases.exclude(state=ReleaseState.FAILED).first()
    if newest is None or newest.state == ReleaseState.WITHDRAWN:
        return None
    return None if taken_down_from(newest) or withdrawn_since(newest) else newest


def taken_down_from(release: Release) -> list[Gone]:
    """Return what this release holds and was taken down since."""
    return [row for row in taken_down(release.project) if release in row.releases]


def _upheld(captions: dict[int, list[ReleaseCaption]]) -> dict[int, PairReport]:
    upheld = PairReport.objects.filter(caption__in=captions, state=ReportState.UPHELD).order_by("pk")
    return {report.caption_id: report for report in upheld}


def _holding(rows: Sequence[ReleaseCaption], frozen: dict[int, Release]) -> tuple[Release, ...]:
    held = {row.release_id for row in rows}
    return tuple(sorted((frozen[pk] for pk in held), key=lambda row: (row.major, row.minor, row.patch)))


def _image(rows: Sequence[ReleaseCaption], frozen: dict[int, Release]) -> Gone:
    image = rows[0].image
    return Gone(
        kind=IMAGE,
        key=image.key,
        page_id=image.public_id,
        public_ids=(image.public_id,),
        at=image.retired_at,
        why=image.retired_why,
        releases=_holding(rows, frozen),
    )


def _caption(rows: Sequence[ReleaseCaption], frozen: dict[int, Release], report: PairReport | None) -> Gone:
    caption = rows[0].version.caption
    return Gone(
        kind=CAPTION,
        key=caption.key,
        page_id=caption.public_id,
        public_ids=tuple(dict.fromkeys(row.version.public_id for row in rows)),
        at=report.decided_at if report is not None else None,
        why=_reason(report) if report is not None else "",
        releases=_holding(rows, frozen),
    )


def _reason(report: PairReport) -> str:
    kind = str(report.get_kind_display())
    return f"{kind}: {report.text}" if report.text else kind
