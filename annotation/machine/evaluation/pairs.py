"""The port of the benchmark for single pairs: what an encoder made of each, and good captions beside their others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.bulk_rows import copy_rows
from annotation.models import EvaluationPair, EvaluationRun, EvaluationScore, VersionState
from projects.models import Job


@dataclass(frozen=True, slots=True)
class PairScore:
    """The cosine of a pair under one encoder, and for a good pair its ranks both ways, as in `EvaluationScore`."""

    version_id: int
    cosine: float
    image_rank: int | None = None
    caption_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Contrast:
    """A good caption and another text for the same image: what people found bad, or what it was before an edit.

    `kinds` are those of the edit, empty where the other one was found bad.
    """

    good_id: int
    other_id: int
    kinds: Sequence[str]
    is_edit: bool


def contrasts_of(job_id: int) -> list[Contrast]:
    """Return the contrasts of a benchmark that has begun: the same ones whenever they are asked for."""
    pairs = EvaluationPair.objects.filter(run__job_id=job_id).order_by("version_id")
    bad = dict(pairs.filter(is_negative=True).values_list("version__image_id", "version_id"))
    good = pairs.filter(is_negative=False).values_list(
        "version_id", "version__image_id", "version__parent_id", "version__kinds", "version__state"
    )
    found = []
    for version, image, parent, kinds, state in good:
        if image in bad:
            found.append(Contrast(version, bad[image], (), is_edit=False))
        # What cleaning made of a text is no edit: nobody said that the text before was wrong.
        if parent is not None and state != VersionState.BASE:
            found.append(Contrast(version, parent, tuple(kinds), is_edit=True))
    return found


def texts_before_edits(job: Job) -> list[int]:
    """Return the versions of which benchmarked captions are edits."""
    good = EvaluationPair.objects.filter(run__job=job, is_negative=False)
    edits = good.exclude(version__state=VersionState.BASE)
    parents = edits.values_list("version__parent_id", flat=True)
    return sorted({parent for parent in parents if parent is not None})


def write_pair_scores(job_id: int, encoder_id: int, scores: Iterable[PairScore]) -> None:
    """Keep what an encoder made of the pairs of a benchmark, in place of what was kept before."""
    run = EvaluationRun.objects.get(job_id=job_id)
    EvaluationScore.objects.filter(run=run, encoder_id=encoder_id).delete()
    copy_rows(
        EvaluationScore,
        ("run_id", "encoder_id", "version_id", "cosine", "image_rank", "caption_rank"),
        (
            (run.pk, encoder_id, one.version_id, one.cosine, one.image_rank, one.caption_rank)
            for one in scores
        ),
    )
