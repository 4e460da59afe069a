"""Waiting for real workers, and projects that give them something to do."""

import time
from collections.abc import Sequence

from annotation.models import Adjudication, CaptionVersion, Encoder, LabelMeaning, Threshold
from projects.models import Job, Project
from tests.factories import add_caption, add_image, make_project, make_user


def ended(job: Job, seconds: float = 300.0) -> Job:
    """Wait for the workers to end a job."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job.refresh_from_db()
        if not job.is_active:
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job is still {job.state} with {job.items_done} of {job.items_total}")


def a_pool(n_images: int, n_captions: int) -> Project:
    """Return a project with images of different colours; some captions are the same for several images."""
    project = make_project()
    for number in range(n_images):
        image = add_image(project)
        for rank in range(n_captions):
            add_caption(image, f"Caption {rank} of {number % 3} coloured squares", pool_rank=rank)
    return project


def find_good(versions: Sequence[CaptionVersion]) -> None:
    """Have a head annotator find these versions of one project good."""
    _find(versions, "good", LabelMeaning.GOOD)


def find_bad(versions: Sequence[CaptionVersion]) -> None:
    """Have a head annotator find these versions of one project bad."""
    _find(versions, "bad", LabelMeaning.BAD)


def _find(versions: Sequence[CaptionVersion], label: str, meaning: LabelMeaning) -> None:
    head = make_user()
    schema = versions[0].project.label_schemas.get()
    Adjudication.objects.bulk_create(
        [
            Adjudication(
                project_id=version.project_id,
                version=version,
                schema=schema,
                label=label,
                meaning=meaning,
                adjudicator=head,
            )
            for version in versions
        ]
    )


def set_threshold(name: str, cosine: float) -> None:
    """Give an encoder that a worker has registered a threshold."""
    encoder = Encoder.objects.filter(name=name).latest("pk")
    Threshold.objects.create(
        encoder=encoder, cosine=cosine, method="set for the test", batch_size=8, seed=0, pairs="none"
    )
