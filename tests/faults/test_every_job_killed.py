"""Workers, database and broker killed in every kind of model job, in drawings, imports and agreement reports.

Each leaves what an undisturbed one leaves. Kinds that are killed elsewhere: embeddings (test_embedding_jobs_killed),
clusters (test_corpus_jobs_killed), paraphrases and lists of addresses.
"""

import io
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import webdataset
from django.conf import settings
from django.db import connection
from PIL import Image as Picture

from annotation.agreement.reports import request_report
from annotation.captions.cleaning import ask_for_cleaning
from annotation.importing.requesting import GivenFile, request_import
from annotation.machine.corpora.leakage import ask_for_leakage
from annotation.machine.corpora.polysemy import ask_for_polysemy
from annotation.machine.corpora.pool_requests import ask_for_neighbours, ask_for_pools
from annotation.machine.difficulty.robustness import ask_for_robustness
from annotation.machine.drawings import DRAWING, ask_for_drawing
from annotation.machine.ml_requests import (
    ask_for_alignment,
    ask_for_calibration,
    ask_for_difficulty,
    ask_for_diversity,
    ask_for_evaluation,
    ask_for_pool_ranking,
    ask_for_similarities,
)
from annotation.machine.sampling.choosing import ask_for_sampling
from annotation.models import (
    Caption,
    CaptionVersion,
    CleaningItem,
    Embedding,
    Image,
    Leak,
    MachineDrawing,
    Similarity,
    Threshold,
)
from projects.models import Job, Project
from projects.models.jobs import JobQueue, JobState
from tests import factories as make
from tests.annotation.agreement_work import work
from tests.faults.havoc import Havoc, columns, ended, rows_of, supervised, written_by
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, find_bad, find_good, set_threshold
from tests.tiny_clip import tiny_clip

pytestmark = [
    pytest.mark.faults,
    pytest.mark.models,
    pytest.mark.soak,
    pytest.mark.django_db(transaction=True),
]

ROUNDS = 2


@pytest.fixture(autouse=True)
def what_is_committed_is_written(transactional_db: None) -> Iterator[None]:
    """The cluster of the tests may lose its last commits when it is killed, which the real one may not."""
    _write_at_commit("on")
    yield
    connection.close()
    _write_at_commit("off")


@pytest.fixture(autouse=True)
def workers_are_started_again(live_workers: Mapping[str, LiveProgram]) -> Iterator[None]:
    """A worker that ends is started again, as by its supervisor."""
    supervised[:] = live_workers.values()
    yield
    supervised.clear()


def _write_at_commit(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SYSTEM SET synchronous_commit = {value}")
        cursor.execute("SELECT pg_reload_conf()")


@dataclass(frozen=True)
class Asked:
    """How a job is asked for, each time in the same state of things, and what it leaves."""

    ask: Callable[[], Job]
    left: Callable[[Job], Any] = written_by


def judged(folder: Path, n_models: int = 2) -> tuple[Project, list[str]]:
    """Return a project with good and bad captions, and random models."""
    project = a_pool(24, 8)
    versions = list(CaptionVersion.objects.filter(project=project).order_by("pk"))
    find_bad(versions[::8])
    find_good([version for place, version in enumerate(versions) if place % 8])
    return project, [tiny_clip(folder / str(seed), seed) for seed in range(n_models)]


def with_thresholds(folder: Path, n_models: int) -> tuple[Project, list[str]]:
    """Return a judged project whose random models may vote."""
    project, names = judged(folder, n_models)
    assert ended(ask_for_similarities(project=project, actor=None, encoders=names))
    for name in names:
        cosines = sorted(Similarity.objects.filter(encoder__name=name).values_list("cosine", flat=True))
        set_threshold(name, cosines[len(cosines) // 3])
    return project, names


def calibration(folder: Path) -> Asked:
    project, names = judged(folder)

    def ask() -> Job:
        Threshold.objects.filter(project=project).delete()
        return ask_for_calibration(
            project=project, actor=None, parameters={"encoders": names, "batch_size": 32}
        )

    def left(job: Job) -> Any:
        thresholds = [columns(row, set()) for row in Threshold.objects.filter(project=project)]
        return written_by(job), sorted(thresholds, key=repr)

    return Asked(ask, left)


def difficulty(folder: Path) -> Asked:
    project, names = with_thresholds(folder, 3)
    asked = {"encoders": names[:2], "tie_breaker": names[2]}
    return Asked(lambda: ask_for_difficulty(project=project, actor=None, parameters=asked))


def evaluation(folder: Path) -> Asked:
    project, names = with_thresholds(folder, 2)
    assert ended(ask_for_difficulty(project=project, actor=None, parameters={"encoders": names}))
    return Asked(lambda: ask_for_evaluation(project=project, actor=None, parameters={"encoders": names}))


def robustness(folder: Path) -> Asked:
    project, names = with_thresholds(folder, 4)
    asked = {"encoders": names, "draws": 5, "size": 3}
    return Asked(lambda: ask_for_robustness(project=project, actor=None, parameters=asked))


def diversity(_folder: Path) -> Asked:
    project = make.make_project()
    for number in range(70):
        image = make.add_image(project)
        words = ("near", "far", "late", "once", "again", "thus")
        find_good([make.add_caption(image, f"Square {number} by the water, seen {word}") for word in words])
    return Asked(lambda: ask_for_diversity(project=project, actor=None, parameters={}, seed=7))


def sampling(folder: Path) -> Asked:
    project = make.make_project()
    for number in range(80):
        make.add_image(project, content=make.picture_bytes((3 * number, 255 - 3 * number, number)))
    asked = {"encoder": tiny_clip(folder / "one", 1), "wanted": 20, "reserve": 10}
    return Asked(lambda: ask_for_sampling(project=project, actor=None, parameters=asked, seed=7))


def alignment(_folder: Path) -> Asked:
    project = make.make_project()
    for number in range(24):
        image = make.add_image(project)
        texts = (f"A square, number {number}", f"Square {number}")
        find_good([make.add_caption(image, text) for text in texts])
    asked = {"base": "shipped:lite0", "epochs": 3}

    def left(job: Job) -> Any:
        told = written_by(job)
        for row, _below in told["AlignmentRun"]:
            row["config"].pop("command")  # it names the job
        return told

    return Asked(lambda: ask_for_alignment(project=project, actor=None, parameters=asked, seed=5), left)


def drawing(folder: Path) -> Asked:
    drawn = sampling(folder).ask()
    assert ended(drawn)

    def ask() -> Job:
        assert ended(Job.objects.filter(kind=DRAWING, project=drawn.project).latest("pk"))
        MachineDrawing.objects.filter(job=drawn).delete()
        return ask_for_drawing(drawn)

    return Asked(ask, lambda _job: rows_of(MachineDrawing, job=drawn))


def the_same_images(n: int, captions: int = 0) -> Project:
    """Return a project whose images and captions are the same each time, and of which nobody was shown anything."""
    project = make.make_project(seed=7)
    for number in range(n):
        image = make.add_image(project, f"image-{number}", content=scene(number))
        for rank in range(captions):
            text = f"Patches {number} seen from place {rank * 7 % 5}, number {rank}"
            make.add_caption(image, text, key=f"{number}-{rank}")
    return project


def scene(seed: int) -> bytes:
    """Return a picture of coloured patches."""
    patches = np.random.default_rng(seed).integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Picture.fromarray(patches).resize((96, 72), Picture.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()


def pool_ranking(_folder: Path) -> Asked:
    def left(job: Job) -> Any:
        ranks = Caption.objects.filter(project=job.project).order_by("key").values_list("key", "pool_rank")
        return written_by(job), list(ranks)

    return Asked(
        lambda: ask_for_pool_ranking(
            project=the_same_images(30, 12), actor=None, parameters={"encoder": "shipped:lite0"}, seed=3
        ),
        left,
    )


def cleaning(_folder: Path) -> Asked:
    def ask() -> Job:
        return ask_for_cleaning(
            project=the_same_images(40, 60), actor=None, parameters={"sources": "*", "least_jaccard": 0.5}
        )

    def left(job: Job) -> Any:
        items = CleaningItem.objects.filter(cleaning__job=job).order_by("caption__key")
        noted = items.values_list("caption__key", "outcome", "step", "reason", "twin__caption__key")
        out = Caption.objects.filter(project=job.project).exclude(drop_reason="").order_by("key")
        assert out.exists()
        return list(noted), list(out.values_list("key", "drop_reason")), job.result

    return Asked(ask, left)


CORPUS = "killed-corpus"


@pytest.fixture
def corpora() -> Iterator[None]:
    """A corpus of archives in which the first pictures of every project are; and a table with features."""
    folder = settings.CORPORA_DIR / CORPUS
    folder.mkdir(parents=True)
    for shard in range(4):
        with webdataset.TarWriter(str(folder / f"{shard}.tar")) as target:
            for place in range(12):
                number = 12 * shard + place
                words = f"Patches of the corpus, row {number}"
                target.write({"__key__": f"row{number}", "jpg": scene(number), "txt": words})
    table = settings.CORPORA_DIR / f"{CORPUS}-table"
    table.mkdir()
    lines = [f"words of row {row} in a table\thttps://example.org/{row // 2}\n" for row in range(400)]
    (table / "rows.tsv").write_text("".join(lines))
    features = np.random.default_rng(0).normal(size=(400, 384)).astype(np.float16)
    np.save(table / "rows.features.npy", features)
    yield
    rmtree(folder)
    rmtree(table)


def searched(project: Project) -> Job:
    parameters = {"corpus": CORPUS, "encoder": "image:lite0", "radius": 48}
    return ask_for_neighbours(project=project, actor=None, parameters=parameters)


def neighbours(_folder: Path) -> Asked:
    def left(job: Job) -> Any:
        told = written_by(job)
        # The plan names the images by their rows, which are others in another project.
        told["NeighbourFile"] = [row for row in told["NeighbourFile"] if row[0]["kind"] != "plan"]
        return told

    return Asked(lambda: searched(the_same_images(6)), left)


def pools(_folder: Path) -> Asked:
    def ask() -> Job:
        search = searched(project := the_same_images(6))
        assert ended(search)
        Embedding.objects.all().delete()
        return ask_for_pools(project=project, actor=None, search=str(search.public_id), threshold=-1.0)

    def left(job: Job) -> Any:
        rows = Caption.objects.filter(project=job.project).order_by("key")
        return job.result, list(
            rows.values_list("key", "verbatim", "source_key", "neighbour_similarity", "neighbour_rank")
        )

    return Asked(ask, left)


def leakage(_folder: Path) -> Asked:
    def ask() -> Job:
        search = searched(project := the_same_images(6))
        assert ended(search)
        filling = ask_for_pools(project=project, actor=None, search=str(search.public_id), threshold=-1.0)
        assert ended(filling)
        asked = {"search": str(search.public_id), "least_cosine": 0.995}
        return ask_for_leakage(project=project, actor=None, parameters=asked)

    def left(job: Job) -> Any:
        leaks = Leak.objects.filter(project=job.project).order_by("image__key", "row_key", "check_made")
        out = Caption.objects.filter(project=job.project, drop_reason="leakage").order_by("key")
        assert leaks.exists()
        assert out.exists()
        told = leaks.values_list("image__key", "row_key", "check_made", "score", "picture")
        return list(told), list(out.values_list("key", flat=True)), job.result

    return Asked(ask, left)


def polysemy(_folder: Path) -> Asked:
    project = a_pool(6, 4)
    find_good(list(CaptionVersion.objects.filter(project=project)))
    asked = {"corpus": f"{CORPUS}-table", "encoder": "shipped:lite0", "queries": 40, "sampled_pairs": 60}
    return Asked(lambda: ask_for_polysemy(project=project, actor=None, parameters=asked))


def importing(_folder: Path) -> Asked:
    archive = io.BytesIO()
    with ZipFile(archive, "w") as pictures:
        for number in range(40):
            pictures.writestr(f"image-{number}.jpg", scene(number))
    lines = [f"image-{n % 40},{n},Patches seen {n} times" for n in range(1_500)] + ["nowhere,x,Of no image"]
    table = "\n".join(["image_key,caption_key,text", *lines]).encode()

    def ask() -> Job:
        files = [GivenFile("pictures.zip", archive.getvalue())]
        project = make.make_project(seed=7)
        return request_import(
            project=project, actor=None, images=files, captions=GivenFile("captions.csv", table)
        )

    def left(job: Job) -> Any:
        images = Image.objects.filter(project=job.project).order_by("key")
        captions = CaptionVersion.objects.filter(project=job.project).order_by("caption__key")
        assert (images.count(), captions.count()) == (40, 1_500)
        return (
            list(images.values_list("key", "file__sha256")),
            list(captions.values_list("caption__key", "text", "caption__pool_rank", "image__key")),
            (job.result, list(job.failures.order_by("item").values_list("item", "reason"))),
        )

    return Asked(ask, left)


def agreement(_folder: Path) -> Asked:
    dice = random.Random(2)
    project, batch, _people = work([dice.choices(["good", "bad", "unsure"], k=40) for _person in range(3)])

    def left(job: Job) -> Any:
        job.result.pop("report")  # its own id
        return written_by(job)

    return Asked(
        lambda: request_report(project=project, batches=[batch], asked_by=None, replicates=400), left
    )


KINDS = (
    calibration, difficulty, evaluation, robustness, diversity, sampling, alignment, pool_ranking, cleaning, neighbours,
    pools, leakage, polysemy, drawing, importing, agreement,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_leaves_what_an_undisturbed_one_leaves_though_worker_database_and_broker_were_killed(
    live_workers: Mapping[str, LiveProgram],
    corpora: None,
    tmp_path: Path,
    kind: Callable[[Path], Asked],
) -> None:
    asked = kind(tmp_path)
    Embedding.objects.all().delete()
    undisturbed = asked.ask()
    assert ended(undisturbed)
    assert (undisturbed.state, undisturbed.error) == (JobState.DONE, "")
    expected = asked.left(undisturbed)
    assert expected
    assert undisturbed.started_at is not None
    assert undisturbed.ended_at is not None
    longest = (undisturbed.ended_at - undisturbed.started_at).total_seconds() / 2
    victim = live_workers["default" if undisturbed.queue == JobQueue.DEFAULT else "ml"]
    havoc = Havoc(victim)
    for _round in range(ROUNDS):
        Embedding.objects.all().delete()
        assert asked.left(havoc.disturb(asked.ask(), longest)) == expected
