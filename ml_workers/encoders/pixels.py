"""From pictures to the pixels of a model: bytes until a whole batch is normalised where the model runs.

A model states its preprocessing as a chain of torchvision's steps over one Pillow picture. The usual chain (resize the
shorter side, crop the centre, normalise) is done here with the same pixels, to the last bit, and less copying. Any
other chain runs as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before torchvision

from torchvision import transforms  # isort: skip

# What Pillow resizes by.
MODES = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
# Steps that do nothing here: the picture is RGB, and a tensor is made anyway.
NEUTRAL = ("MaybeConvertMode", "MaybeToTensor", "ToTensor", "_convert_to_rgb")


@dataclass(frozen=True)
class Preparation:
    """How pictures become pixels: `of` makes the pixels (3, height, width) of one, `batch` the rows of several."""

    of: Callable[[Image.Image], torch.Tensor]
    batch: Callable[[Sequence[torch.Tensor], str, torch.dtype], torch.Tensor]


def preparation(transform: Any) -> Preparation:
    """The preparation that does what a chain of torchvision's steps does."""
    known = _usual_chain(transform)
    if known is None:
        return Preparation(transform, _stacked)
    return Preparation(known.of, known.batch)


def _stacked(pixels: Sequence[torch.Tensor], device: str, dtype: torch.dtype) -> torch.Tensor:
    rows = torch.stack(list(pixels)).to(device=device, dtype=dtype)
    return rows.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class _UsualChain:
    """Shorter side to `resized`, centre of `cropped`, then `mean` and `std` of values from 0 to 1."""

    resized: int
    mode: str
    cropped: tuple[int, int]
    mean: torch.Tensor
    std: torch.Tensor

    def of(self, image: Image.Image) -> torch.Tensor:
        """Bytes (3, height, width) in the order of the picture's rows, channels last."""
        shorter = min(image.size)
        width, height = (
            self.resized if edge == shorter else int(self.resized * edge / shorter) for edge in image.size
        )
        rows, columns = self.cropped
        top, left = round((height - rows) / 2.0), round((width - columns) / 2.0)
        if shorter != self.resized:
            image = image.resize((width, height), MODES[self.mode])
        return _bytes(image.crop((left, top, left + columns, top + rows)))

    def batch(self, pixels: Sequence[torch.Tensor], device: str, dtype: torch.dtype) -> torch.Tensor:
        """Rows (n, 3, height, width) on the device, channels last, normalised in float32."""
        # One step for all: torch shares out each step among its threads, which costs more than a picture's copy.
        rows = torch.stack([one.permute(1, 2, 0) for one in pixels]).permute(0, 3, 1, 2)
        values = rows.to(device).float().div_(255)
        return values.sub_(self.mean.to(device)).div_(self.std.to(device)).to(dtype)


def _bytes(image: Image.Image) -> torch.Tensor:
    """A copy (3, height, width) of a picture's bytes: Pillow's own cannot be written to, which torch warns of."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def _usual_chain(transform: Any) -> _UsualChain | None:
    """What the chain says where it is the usual one, else None."""
    steps = [one for one in getattr(transform, "transforms", []) if _name(one) not in NEUTRAL]
    if [type(one) for one in steps] != [transforms.Resize, transforms.CenterCrop, transforms.Normalize]:
        return None
    resize, crop, normalise = steps
    mode = str(getattr(resize.interpolation, "value", ""))
    size = resize.size if isinstance(resize.size, int) else resize.size[0] if len(resize.size) == 1 else 0
    cropped = (int(crop.size[0]), int(crop.size[1]))
    if mode not in MODES or resize.max_size is not None or not resize.antialias or size < max(cropped):
        return None
    mean, std = (
        torch.as_tensor(values, dtype=torch.float32).reshape(1, 3, 1, 1)
        for values in (normalise.mean, normalise.std)
    )
    return _UsualChain(int(size), mode, cropped, mean, std)


def _name(step: Any) -> str:
    return str(getattr(step, "__name__", type(step).__name__))
