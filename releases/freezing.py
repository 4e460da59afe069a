"""Freezing and building a release: two steps of one job, each safe to run again."""

import json
import tempfile
import uuid
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import CaptionVersion
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import HookKind, Job, Project, StoredFile
from projects.queue import enqueue
from projects.storage import read_stored, store_bytes, store_path
from projects.telling import tell
from releases import building
from releases.cells import json_bytes
from releases.extras import Extras
from releases.models import Release, ReleaseCaption, ReleaseFile, ReleaseState
from releases.preflight import preflight
from releases.snapshot import read_snapshot

KIND = "release"


def next_numbers(project: Project) -> dict[str, str]:
    """Return the number that a major, minor or patch release would have."""
    last = project.releases.order_by("-major", "-minor", "-patch").first()
    if last is None:
        return {"minor": "0.1.0", "major": "1.0.0"}
    return {
        "patch": f"{last.major}.{last.minor}.{last.patch + 1}",
        "minor": f"{last.major}.{last.minor + 1}.0",
        "major": f"{last.major + 1}.0.0",
    }


def parse_number(number: str) -> tuple[int, int, int]:
    """Return major, minor, patch. Raises Invalid for anything else."""
    parts = number.split(".")
    if len(parts) != 3 or not all(part.isdigit() and len(part) < 6 for part in parts):
        raise Invalid("number_malformed", _("A release number looks like 1.0.0."))
    return int(parts[0]), int(parts[1]), int(parts[2])


def ask_for_release(
    *,
    project: Project,
    number: str,
    licence: str,
    notes: str,
    asked_by: User,
    with_shards: bool = False,
    with_free_text: bool = False,
    with_demographics: bool = False,
    seed: int = 0,
) -> Job:
    """Ask a worker to freeze and build a release, `with_shards` with its pictures once more as webdataset shards.

    `with_free_text` puts in what people wrote while they worked, `with_demographics` what participants said of
    themselves, as counts.

    Raises Invalid while something blocks, Conflict for a used number.
    """
    major, minor, patch = parse_number(number)
    _refuse_blocked(project)
    if project.releases.filter(major=major, minor=minor, patch=patch).exists():
        raise Conflict(
            "number_used", _("Release %(number)s exists; its files never change.") % {"number": number}
        )
    return enqueue(
        kind=KIND,
        project=project,
        parameters={
            "number": number,
            "licence": licence,
            "notes": notes,
            "with_shards": with_shards,
            "with_free_text": with_free_text,
            "with_demographics": with_demographics,
        },
        asked_by=asked_by,
        seed=seed,
    )


def _refuse_blocked(project: Project) -> None:
    blocking = [finding for finding in preflight(project) if finding.is_blocking]
    if blocking:
        raise Invalid("release_blocked", blocking[0].text)


def _take_over(release: Release, job: Job) -> bool:
    """Let a job go on with a release that an ended job of the same parameters froze and never built."""
    with transaction.atomic():
        locked = Release.objects.select_for_update(no_key=True, of=("self",)).get(pk=release.pk)
        before = locked.job
        if before is None or before.is_active or before.fingerprint != job.fingerprint:
            return False
        if locked.state != ReleaseState.FROZEN:
            return False
        release.job = job
        release.save(update_fields=["job"])
    return True


def freeze(job: Job) -> Release:
    """Write the snapshot and its release row in one view of the database; a second run returns the same row.

    Raises Invalid when something has come to block the release since it was asked for, Conflict for a used number.
    """
    assert job.project is not None
    project: Project = job.project
    number = job.parameters["number"]
    major, minor, patch = parse_number(number)
    known = project.releases.filter(major=major, minor=minor, patch=patch).first()
    if known is not None:
        if known.job_id != job.pk and not _take_over(known, job):
            raise Conflict(
                "number_used", _("Release %(number)s exists; its files never change.") % {"number": number}
            )
        return known
    moment = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _refuse_blocked(project)
        snapshot = read_snapshot(project, number=number, seed=job.seed, extras=Extras.of(job.parameters))
    snapshot |= {
        "licence": job.parameters["licence"],
        "notes": job.parameters["notes"],
        "with_shards": bool(job.parameters.get("with_shards")),
        "frozen": moment.date().isoformat(),
        # Stored and not made by the build, so that every build of this snapshot carries the same mark.
        "canary": str(uuid.uuid5(project.public_id, f"{number}:{job.public_id}")),
    }
    stored = store_bytes(json_bytes(snapshot), media_type="application/json")
    return _add_release(job, project, snapshot, stored, (major, minor, patch))


def _add_release(
    job: Job, project: Project, snapshot: dict[str, Any], stored: StoredFile, number: tuple[int, int, int]
) -> Release:
    ids = [caption["id"] for image in snapshot["images"] for caption in image["captions"]]
    with transaction.atomic():
        release = Release.objects.create(
            project=project,
            major=number[0],
            minor=number[1],
            patch=number[2],
            licence=snapshot["licence"],
            notes=snapshot["notes"],
            canary=uuid.UUID(snapshot["canary"]),
            seed=job.seed,
            contains_demo=snapshot["project"]["is_demo"],
            with_free_text="free_text" in snapshot,
            with_demographics="demographics" in snapshot,
            snapshot=stored,
            job=job,
            n_images=len(snapshot["images"]),
            n_captions=len(ids),
            frozen_by=job.asked_by,
        )
        versions = {
            str(public_id): (pk, image)
            for pk, public_id, image in CaptionVersion.objects.filter(
                project=project, public_id__in=ids
            ).values_list("pk", "public_id", "image_id")
        }
        ReleaseCaption.objects.bulk_create(
            [
                ReleaseCaption(
                    release=release,
                    project=project,
                    version_id=versions[caption["id"]][0],
                    image_id=versions[caption["id"]][1],
                    position=caption["position"],
                )
                for image in snapshot["images"]
                for caption in image["captions"]
            ],
            batch_size=2000,
        )
        append_event(actor=job.asked_by, act="release_frozen", row=release, project=project)
    return release


def build_release(release: Release) -> None:
    """Build the bundle from the snapshot alone and make it downloadable; building again gives the same bytes."""
    snapshot = json.loads(read_stored(release.snapshot))
    with tempfile.NamedTemporaryFile(suffix=".zip") as bundle:
        files = building.build(snapshot, canary=str(release.canary), read_image=_stored_image, out=bundle)
        bundle.flush()
        stored = store_path(Path(bundle.name), media_type="application/zip")
    with transaction.atomic():
        ReleaseFile.objects.filter(release=release).delete()
        ReleaseFile.objects.bulk_create(
            [
                ReleaseFile(release=release, path=file.path, sha256=file.sha256, size=file.size)
                for file in files
            ]
        )
        before = Release.objects.select_for_update(no_key=True, of=("self",)).get(pk=release.pk).state
        Release.objects.filter(pk=release.pk).exclude(state=ReleaseState.WITHDRAWN).update(
            bundle=stored, built_at=timezone.now(), state=ReleaseState.BUILT
        )
        if before == ReleaseState.FROZEN:
            _tell_built(release)
        append_event(actor=release.frozen_by, act="release_built", row=release, project=release.project)


def _tell_built(release: Release) -> None:
    tell(
        project=release.project,
        kind=HookKind.RELEASE_BUILT,
        row=f"releases/{release.public_id}/",
        id=release.public_id,
        number=release.number,
        n_images=release.n_images,
        n_captions=release.n_captions,
    )


def _stored_image(sha256: str) -> bytes:
    return read_stored(StoredFile.objects.get(sha256=sha256))
