"""How well an encoder finds captions for images and images for captions."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from measures.retrieval import DirectionFigures, retrieval_figures
from ml_workers.captions_table import CaptionTable, SkippedRow
from ml_workers.encoders.open_clip_encoder import OpenClipEncoder


@dataclass(frozen=True)
class Evaluation:
    """Retrieval figures of one encoder on one set, and every row that took no part."""

    encoder: str
    source: str
    weights_hash: str
    preprocessing: str
    images: int
    captions: int
    image_to_text: DirectionFigures
    text_to_image: DirectionFigures
    skipped: list[SkippedRow]
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Plain values for a file or a page: recalls in percent with their intervals, ranks 1-based."""
        skipped = [asdict(row) for row in self.skipped]
        return {
            "encoder": self.encoder,
            "source": self.source,
            "weights_hash": self.weights_hash,
            "preprocessing": self.preprocessing,
            "images": self.images,
            "captions": self.captions,
            "image_to_text": direction_json(self.image_to_text),
            "text_to_image": direction_json(self.text_to_image),
            "units": "R@K and mAP in percent, ranks 1-based; intervals are 95%, bootstrap over images",
            "seed": self.seed,
            "n_skipped": len(skipped),
            "skipped": skipped,
        }


def direction_json(figures: DirectionFigures) -> dict[str, Any]:
    """One direction as plain values, recalls and mAP in percent, each with its interval where there is one."""
    ends = figures.interval
    shares = [
        *((f"R@{k}", share, ends.recall[k]) for k, share in figures.recall.items()),
        ("mAP@R", figures.map_at_r, ends.map_at_r),
        ("mAP", figures.full_map, ends.full_map),
    ]
    ranks = [
        ("mean_rank", figures.mean_rank, ends.mean_rank),
        ("median_rank", figures.median_rank, ends.median_rank),
    ]
    told: dict[str, Any] = {
        "n": figures.n_queries,
        "n_ranks": figures.n_relevant,
        "gallery": figures.n_gallery,
    }
    for factor, rows in ((100, shares), (1, ranks)):
        for name, value, interval in rows:
            told[name] = round(factor * value, 2)
            told[f"{name} interval"] = _rounded(factor, interval)
    return told


def _rounded(factor: int, interval: tuple[float, float]) -> list[float] | None:
    """Both ends, or nothing where the bootstrap says nothing."""
    return None if np.isnan(interval[0]) else [round(factor * end, 2) for end in interval]


def evaluate(encoder: OpenClipEncoder, table: CaptionTable, folder: Path, *, seed: int = 0) -> Evaluation:
    """Recall at 1, 5 and 10 both ways over the readable images of the table and their captions.

    Image to text counts a query as found when any of its captions is among the first K. Rows whose image
    cannot be read are skipped and listed. The seed draws the bootstrap for the intervals. Raises
    ValueError where nothing is left.
    """
    names = table.images
    encoded = encoder.encode_image_files([folder / name for name in names])
    unreadable = {names[number]: reason for number, reason in encoded.failed.items()}
    skipped = table.skipped + [
        SkippedRow(row.line, row.image, f"the image cannot be read ({unreadable[row.image]})")
        for row in table.rows
        if row.image in unreadable
    ]
    rows = [row for row in table.rows if row.image not in unreadable]
    if not rows:
        raise ValueError("No row has a readable image and a caption.")
    place = {names[number]: kept for kept, number in enumerate(encoded.kept)}
    texts = encoder.encode_texts([row.caption for row in rows])
    owner = np.array([place[row.image] for row in rows])
    figures = retrieval_figures(encoded.features, texts, owner, seed=seed)
    return Evaluation(
        encoder=encoder.name, source=encoder.source, weights_hash=encoder.weights_hash,
        preprocessing=encoder.preprocessing, images=len(place), captions=len(rows),
        image_to_text=figures.image_to_text, text_to_image=figures.text_to_image,
        skipped=sorted(skipped, key=lambda row: row.line), seed=seed,
    )  # fmt: skip
