"""A whole CLIP of a few hundred kilobytes with random weights: it serves mechanics and shows no results."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before open_clip

import open_clip  # isort: skip

CONFIG: dict[str, dict[str, Any]] = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


def tiny_clip(folder: Path, seed: int) -> str:
    """Write a model into the folder, the same for the same seed, and return the name to ask for it by."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.CLIP(**CONFIG["model_cfg"])
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, _weights(folder))
    (folder / "open_clip_config.json").write_text(json.dumps(CONFIG))
    return f"local-dir:{folder}"


def _weights(folder: Path) -> Path:
    return folder / "open_clip_model.safetensors"
