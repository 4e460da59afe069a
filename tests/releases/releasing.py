"""A small project that is ready for a release, and its releases opened up."""

import io
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accounts.models import User
from annotation.models import CaptionChoice, CaptionVersion, Encoder, Image, ImageChoice
from annotation.working.judging import record_judgment
from projects.models import Job, Project, Role
from projects.running import run_job
from projects.storage import open_stored, read_stored
from releases import tasks  # noqa: F401  registers the runner as a worker does
from releases.freezing import ask_for_release
from releases.models import Release
from tests import factories as make


def choose(project: Project, image: Image, versions: list[CaptionVersion]) -> ImageChoice:
    """Mark versions as the image's diverse ones, as a diversity job does."""
    ImageChoice.objects.filter(image=image).update(is_current=False)
    encoder, _ = Encoder.objects.get_or_create(
        name="test", weights_hash="0" * 64, defaults={"dimension": 2, "source": "test"}
    )
    job = Job.objects.create(
        kind="diversity", project=project, queue="cpu", fingerprint=uuid.uuid4().hex * 2, state="done"
    )
    choice = ImageChoice.objects.create(
        project=project,
        image=image,
        job=job,
        encoder=encoder,
        method="kmeans",
        seed=1,
        n_good=len(versions),
        mean_similarity=0.25,
        random_mean_similarity=0.5,
        is_complete=True,
    )
    CaptionChoice.objects.bulk_create(
        [
            CaptionChoice(choice=choice, version=version, position=place)
            for place, version in enumerate(versions)
        ]
    )
    return choice


class Small:
    """A project with two judged images: one with three good captions chosen, one without a licence."""

    def __init__(
        self, *, batch: str = "", told: Callable[[int], dict[str, Any]] = lambda _number: {}
    ) -> None:
        """Make it; `told` gives what else the judgment with this number says."""
        self.told = told
        self.n_judged = 0
        self.project = make.make_project(good_target=3)
        self.admin = make.add_member(self.project, Role.ADMIN)
        self.head = make.add_member(self.project, Role.HEAD)
        licensed: dict[str, Any] = {
            "licence": "CC0-1.0",
            "may_redistribute": True,
            "attribution": "Photograph: unknown, CC0.",
        }
        self.image = make.add_image(self.project, "with-licence", **licensed)
        self.other = make.add_image(self.project, "without-licence")
        texts = [
            "=SUM(A1) is what the board says",
            "A plain caption of the picture",
            '<b>bold</b> words, "quoted"',
        ]
        self.versions = [make.add_caption(self.image, text) for text in texts]
        self.bad = make.add_caption(self.image, "Nothing of this is in the picture")
        self.others = [make.add_caption(self.other) for _ in range(3)]
        self.annotators = [make.add_member(self.project) for _ in range(2)]
        self.batch = make.make_batch(self.project, [self.image, self.other], name=batch)
        for annotator in self.annotators:
            self.judge_all(annotator)
        choose(self.project, self.image, self.versions)
        choose(self.project, self.other, self.others)

    def judge_all(self, annotator: User) -> None:
        for _ in range(2):
            assignment = make.claim(self.batch, annotator)
            for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                label = "bad" if version == self.bad else "good"
                given = make.given(version, label, **self.told(self.n_judged))
                record_judgment(assignment=assignment, annotator=annotator, given=given)
                self.n_judged += 1
            assignment.state = "done"
            assignment.finished_at = assignment.started_at
            assignment.lease_until = None
            assignment.save()

    def release(self, number: str, *, with_shards: bool = False) -> Release:
        job = ask_for_release(
            project=self.project,
            number=number,
            licence="CC-BY-4.0",
            notes="",
            asked_by=self.admin,
            with_shards=with_shards,
            seed=7,
        )
        run_job(job.pk)
        job.refresh_from_db()
        assert job.state == "done", job.error
        return Release.objects.get(job=job)


def opened(release: Release) -> dict[str, bytes]:
    assert release.bundle is not None
    with zipfile.ZipFile(io.BytesIO(read_stored(release.bundle))) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def saved(release: Release, folder: Path) -> Path:
    assert release.bundle is not None
    path = folder / f"{release.number}.zip"
    with open_stored(release.bundle) as source:
        path.write_bytes(source.read())
    return path
