"""Which threshold a project votes by: its own, the one found last; never another project's."""

import pytest

from annotation.machine.embeddings import embedded_counts
from annotation.machine.showing import encoder_rows
from annotation.models import CaptionVersion, Similarity, Threshold
from ml_workers import store
from projects.models import Job, Project
from tests.factories import add_caption, add_image, make_project

pytestmark = pytest.mark.django_db


def an_encoder() -> int:
    return store.register_encoder(
        name="model-a", weights_hash="0" * 64, source="", dimension=2, preprocessing="", licence=""
    )


def find(encoder: int, cosine: float, project: Project | None = None, batch_size: int = 64) -> int:
    return store.register_threshold(
        encoder_id=encoder,
        cosine=cosine,
        method="best F1",
        batch_size=batch_size,
        seed=0,
        pairs="",
        n_pairs=50,
        project_id=project.pk if project else None,
    )


def a_project_with_a_pair(encoder: int) -> Project:
    project = make_project()
    image = add_image(project)
    add_caption(image, "A pier in the evening")
    Similarity.objects.create(
        project=project,
        encoder_id=encoder,
        image=image,
        version=CaptionVersion.objects.get(image=image),
        cosine=0.2,
        job=Job.objects.create(
            project=project, kind="similarities", queue="gpu", fingerprint=f"{project.pk:064d}"
        ),
    )
    return project


def in_use(project: Project, encoder: int) -> int | None:
    known = store.threshold_of(encoder, project.pk)
    return known.threshold_id if known else None


def shown(project: Project) -> int | None:
    (row,) = encoder_rows(project, embedded_counts(project))
    return row.threshold.pk if row.threshold else None


def test_the_page_shows_the_threshold_that_votes_and_never_another_project_s() -> None:
    encoder = an_encoder()
    project, other = a_project_with_a_pair(encoder), a_project_with_a_pair(encoder)
    shared = find(encoder, 0.25)
    own = find(encoder, 0.11, other)
    assert (in_use(project, encoder), shown(project)) == (shared, shared)
    assert (in_use(other, encoder), shown(other)) == (own, own)


def test_a_threshold_found_again_is_the_one_found_last() -> None:
    encoder = an_encoder()
    project = a_project_with_a_pair(encoder)
    first = find(encoder, 0.11, project)
    second = find(encoder, 0.14, project, batch_size=16)
    assert in_use(project, encoder) == second
    assert find(encoder, 0.11, project) == first
    assert (in_use(project, encoder), shown(project)) == (first, first)
    assert Threshold.objects.filter(project=project).count() == 2
