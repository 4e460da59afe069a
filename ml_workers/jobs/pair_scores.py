"""What one encoder makes of each pair, and how often it prefers a good caption to its rejected or earlier text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from measures.pair_ranks import pair_ranks
from measures.paired import two_way_choice
from measures.ranking import captions_of_images
from ml_workers.jobs.evaluation import BenchmarkFeatures, ComputedFigure

Rows = NDArray[np.float64]

REJECTED, EDITED = "choice rejected", "choice edit"


@dataclass(frozen=True, slots=True)
class ComputedScore:
    """The cosine of a pair, and for a good one both ranks, from 1."""

    version_id: int
    cosine: float
    image_rank: int | None = None
    caption_rank: int | None = None


class Contrast(Protocol):
    """A good caption and another text for the same image."""

    @property
    def good_id(self) -> int:
        """The good version."""

    @property
    def other_id(self) -> int:
        """The other one."""

    @property
    def kinds(self) -> Sequence[str]:
        """What the edit repaired, if it was one."""

    @property
    def is_edit(self) -> bool:
        """Whether the other is what the good one was before an edit."""


def pair_scores(
    features: BenchmarkFeatures, good: Sequence[int], negative: Sequence[int]
) -> Iterator[ComputedScore]:
    """What the encoder makes of the good versions and of the negatives; both in the order of their features."""
    own = captions_of_images(features.owner, len(features.images))
    by_image = pair_ranks(features.images, features.captions, own)
    caption_ranks = np.empty(len(good), dtype=np.int64)
    for captions, ranks in zip(own, by_image, strict=True):
        caption_ranks[captions] = ranks
    image_ranks = pair_ranks(features.captions, features.images, list(features.owner[:, None]))
    cosines = (features.images[features.owner] * features.captions).sum(axis=1)
    for place, version in enumerate(good):
        yield ComputedScore(
            version, float(cosines[place]), int(image_ranks[place][0]), int(caption_ranks[place])
        )
    for version, cosine in zip(negative, features.negative_cosines, strict=True):
        yield ComputedScore(version, float(cosine))


def earlier_cosines(
    features: BenchmarkFeatures, good: Sequence[int], contrasts: Sequence[Contrast], texts: Mapping[int, Rows]
) -> dict[int, float]:
    """Cosines of the texts before edits with the image of what they became; `texts` are unit rows by version."""
    image_of = dict(zip(good, features.owner.tolist(), strict=True))
    return {
        one.other_id: float(features.images[image_of[one.good_id]] @ texts[one.other_id])
        for one in contrasts
        if one.is_edit and one.good_id in image_of and one.other_id in texts
    }


def choice_figures(contrasts: Sequence[Contrast], cosines: Mapping[int, float]) -> Iterator[ComputedFigure]:
    """Share of contrasts in which the good caption is nearer to the image: against rejected ones, and by kind of edit.

    An edit of several kinds counts for each of them. Contrasts without both cosines are left out.
    """
    groups: dict[str, list[Contrast]] = {}
    for one in contrasts:
        if one.good_id not in cosines or one.other_id not in cosines:
            continue
        names = [EDITED, *(f"{EDITED} {kind}" for kind in one.kinds)] if one.is_edit else [REJECTED]
        for name in names:
            groups.setdefault(name, []).append(one)
    for name, taken in sorted(groups.items()):
        told = two_way_choice(
            [cosines[one.good_id] for one in taken], [cosines[one.other_id] for one in taken]
        )
        yield ComputedFigure(
            "", "", name, told.share, told.n, None, told.interval.low, told.interval.high
        )  # fmt: skip
