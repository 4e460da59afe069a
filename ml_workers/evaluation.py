"""How well an encoder finds captions for images and images for captions."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from measures.ranking import DirectionFigures, retrieval_figures
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
            "units": "R@K and mAP in percent; intervals are 95%, bootstrap over images",
            "seed": self.seed,
            "n_skipped": len(skipped),
            "skipped": skipped,
        }


def _percent(share: float) -> float:
    return round(100 * share, 2)


def direction_json(figures: DirectionFigures) -> dict[str, Any]:
    """One direction as plain values, recalls and mAP in percent."""
    recalls = {f"R@{k}": _percent(share) for k, share in figures.recall.items()}
    intervals = {
        f"R@{k} interval": [_percent(low), _percent(high)]
        for k, (low, high) in figures.recall_interval.items()
    }
    return {
        **recalls,
        **intervals,
        "n": figures.n_queries,
        "gallery": figures.n_gallery,
        "mean_rank": round(figures.mean_rank, 2),
        "median_rank": figures.median_rank,
        "mAP@R": _percent(figures.map_at_r),
        "mAP": _percent(figures.full_map),
    }


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
