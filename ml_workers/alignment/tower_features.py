"""Features of the frozen towers, computed once and kept in files, so that heads train in minutes."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ml_workers.encoders.convolutions import channels_last, fold_batch_norms
from ml_workers.encoders.towers import (
    CONTEXT_LENGTH,
    IMAGE_TOWERS,
    PIXEL_MEAN,
    PIXEL_STD,
    load_image_tower,
    load_text_tower,
    text_tower_folder,
    tower_hashes,
)

from open_clip.transform import PreprocessCfg, image_transform_v2  # isort: skip
from transformers import AutoTokenizer  # isort: skip

IMAGE_BATCH = 16
TEXT_BATCH = 64
CROP_AREA = (0.5, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)

Features = NDArray[np.float32]


def random_crop(image: Image.Image, rng: random.Random) -> Image.Image:
    """A crop of 50 to 100% of the area, sides 3:4 to 4:3 apart, mirrored half of the time."""
    area = image.width * image.height * rng.uniform(*CROP_AREA)
    aspect = rng.uniform(*CROP_ASPECT)
    width = min(image.width, max(1, round((area * aspect) ** 0.5)))
    height = min(image.height, max(1, round((area / aspect) ** 0.5)))
    left = rng.randint(0, image.width - width)
    top = rng.randint(0, image.height - height)
    crop = image.crop((left, top, left + width, top + height))
    return ImageOps.mirror(crop) if rng.random() < 0.5 else crop


def viewed(image: Image.Image, *, view: int, name: str, size: int, seed: int) -> Image.Image:
    """View 0 is the image itself, view 1 its mirror image, every further view a crop seeded by view and name."""
    if view == 0:
        return image
    if view == 1:
        return ImageOps.mirror(image)
    rng = random.Random(f"{seed}:{view}:{name}")
    return random_crop(image, rng).resize((size, size), Image.Resampling.BICUBIC)


def _in_batches(count: int, size: int) -> Iterator[range]:
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def compute_image_features(
    paths: Sequence[Path],
    *,
    variant: str,
    view: int = 0,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Features:
    """Pooled features (n, 1280) of one view of each image, in the order of paths."""
    size = IMAGE_TOWERS[variant].image_size
    transform = image_transform_v2(
        PreprocessCfg(size=size, mean=PIXEL_MEAN, std=PIXEL_STD, interpolation="bicubic"), is_train=False
    )

    def pixels(path: Path) -> torch.Tensor:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        image = viewed(image, view=view, name=path.name, size=size, seed=seed)
        return cast("torch.Tensor", transform(image))

    tower = channels_last(fold_batch_norms(load_image_tower(variant)))
    blocks = []
    with ThreadPoolExecutor(1) as pool, torch.inference_mode():
        batches = list(_in_batches(len(paths), IMAGE_BATCH))
        waiting = pool.submit(lambda: [pixels(paths[i]) for i in batches[0]])
        for number, batch in enumerate(batches):
            block = torch.stack(waiting.result()).contiguous(memory_format=torch.channels_last)
            if number + 1 < len(batches):
                waiting = pool.submit(
                    lambda following: [pixels(paths[i]) for i in following], batches[number + 1]
                )
            blocks.append(tower(block).numpy())
            if progress:
                progress(batch.stop)
    return np.concatenate(blocks)


def compute_text_features(texts: Sequence[str], *, progress: Callable[[int], None] | None = None) -> Features:
    """Mean-pooled token states (n, 384) of each text, in the order of texts."""
    tokenizer = AutoTokenizer.from_pretrained(text_tower_folder())
    tower = load_text_tower()
    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    features = np.empty((len(texts), 384), dtype=np.float32)
    with torch.inference_mode():
        for batch in _in_batches(len(texts), TEXT_BATCH):
            rows = by_length[batch.start : batch.stop]
            tokens = tokenizer(
                [" ".join(texts[i].split()) for i in rows],
                padding=True, truncation=True, max_length=CONTEXT_LENGTH, return_tensors="pt",
            )  # fmt: skip
            states = tower(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).last_hidden_state
            mask = tokens.attention_mask.unsqueeze(-1)
            features[rows] = ((states * mask).sum(1) / mask.sum(1)).numpy()
            if progress:
                progress(batch.stop)
    return features


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _cached(file: Path, compute: Callable[[], Features]) -> Features:
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished.npy")
        np.save(unfinished, compute())
        unfinished.replace(file)
    return cast("Features", np.load(file))


def image_features(
    paths: Sequence[Path], *, variant: str, view: int, seed: int, cache: Path,
    progress: Callable[[int], None] | None = None,
) -> Features:  # fmt: skip
    """As `compute_image_features`, read from the cache where the same images, view and tower were computed."""
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() + path.name for path in paths]
    key = _key(tower_hashes(variant)["image"], f"{view}:{seed if view > 1 else 0}", *contents)
    return _cached(
        cache / f"images-{variant}-view{view}-{key}.npy",
        lambda: compute_image_features(paths, variant=variant, view=view, seed=seed, progress=progress),
    )


def text_features(
    texts: Sequence[str], *, variant: str, cache: Path, progress: Callable[[int], None] | None = None
) -> Features:
    """As `compute_text_features`, read from the cache where the same texts were computed."""
    key = _key(tower_hashes(variant)["text"], *texts)
    return _cached(cache / f"texts-{key}.npy", lambda: compute_text_features(texts, progress=progress))
