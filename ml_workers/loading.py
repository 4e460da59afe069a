"""The encoders of this worker process: loaded once, kept, and known to the database by their weights."""

import json
import shutil
from typing import Any, cast

from django.conf import settings

from ml_workers import store
from ml_workers.alignment.aligned_card import aligned_card
from ml_workers.encoders.open_clip_encoder import OpenClipEncoder
from ml_workers.encoders.precision import PrecisionTrial, in_best_precision
from ml_workers.encoders.protocol import EncoderUnavailable
from ml_workers.encoders.registry import SHIPPED, load_encoder, load_image_encoder
from ml_workers.encoders.shipped import CARD_FILE, CONFIG_FILE, HEAD_FILE, Heads, assemble, shipped_heads
from ml_workers.encoders.timm_encoder import TimmEncoder
from ml_workers.encoders.weights import Precision
from ml_workers.sentences import MINILM, SentenceEncoder
from ml_workers.store import KnownThreshold
from polyannot.kernel.errors import Invalid

# How a threshold was found: in batches the diagonal is right and the rest wrong, and F1 is highest there.
BEST_F1 = "best F1 in batches"


LoadedEncoder = OpenClipEncoder | TimmEncoder | SentenceEncoder

# The encoders of this process by name, in the precision of their rows.
_at_work: dict[str, LoadedEncoder] = {}


def _as_it_comes(name: str) -> LoadedEncoder:
    """The encoder of that name in float32. Raises Invalid with what to do where it cannot be had."""
    try:
        if name == MINILM:
            return SentenceEncoder()
        if name.startswith(store.ALIGNED):
            return load_aligned(name)
        return load_image_encoder(name, cache=settings.MODEL_FOLDER)
    except EncoderUnavailable as error:
        raise Invalid("encoder_unavailable", str(error)) from error


def _in_precision(encoder: LoadedEncoder, precision: str) -> LoadedEncoder:
    return encoder if encoder.precision == precision else encoder.in_precision(cast("Precision", precision))


def _in_its_precision(encoder: LoadedEncoder) -> tuple[LoadedEncoder, PrecisionTrial | None]:
    """The encoder as its row says; a new one as the setting says, or as a trial finds best."""
    precision = store.encoder_precision(encoder.name, encoder.weights_hash) or settings.ENCODER_PRECISION
    if precision == "auto":
        return in_best_precision(encoder)
    return _in_precision(encoder, precision), None


def loaded(name: str) -> tuple[LoadedEncoder, int]:
    """The encoder of that name, loaded at the first call, and its row. Raises Invalid with what to do.

    All features of a row are of one precision: that of the worker which registered it first.
    """
    encoder, trial = _at_work.get(name), None
    if encoder is None:
        encoder, trial = _in_its_precision(_as_it_comes(name))
    row = store.register_encoder(
        name=encoder.name,
        weights_hash=encoder.weights_hash,
        source=encoder.source,
        dimension=encoder.dimension,
        preprocessing=encoder.preprocessing,
        licence=encoder.licence,
        precision=encoder.precision,
        precision_trial=trial.as_told() if trial else None,
    )
    agreed = store.encoder_precision(encoder.name, encoder.weights_hash) or encoder.precision
    if agreed != encoder.precision:
        # Another worker was sooner and found otherwise.
        encoder = _in_precision(_as_it_comes(name), agreed)
    _at_work[name] = encoder
    return encoder, row


def load_aligned(name: str) -> OpenClipEncoder:
    """The encoder that an alignment in this database has left, put together here from its weights.

    Raises EncoderUnavailable where there is none of that name, or where its weights are missing.
    """
    if (model := store.aligned_model(name)) is None:
        raise EncoderUnavailable(f"No finished alignment is called {name}.")
    with store.local_files([model.weights]) as paths:
        if not paths[0].is_file():
            raise EncoderUnavailable(f"The weights of {name} are missing from the file store; align again.")
        folder = settings.MODEL_FOLDER / f"heads-{model.weights[:16]}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(paths[0], folder / HEAD_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps(model.config, indent=2), encoding="utf-8")
    (folder / CARD_FILE).write_text(aligned_card(model.config), encoding="utf-8")
    encoder = load_encoder(
        f"local-dir:{assemble(Heads(folder), settings.MODEL_FOLDER)}", cache=settings.MODEL_FOLDER
    )
    encoder.name, encoder.source = name, f"{model.config['source']}, from {model.config['base']}"
    encoder.licence = model.config["licence"]
    return encoder


def registered_image_encoder(name: str) -> tuple[OpenClipEncoder | TimmEncoder, int]:
    """An encoder of images and its row, with the threshold that it comes with. Raises Invalid."""
    encoder, row = loaded(name)
    if isinstance(encoder, SentenceEncoder):
        raise Invalid(
            "encoder_without_images",
            f"{name} knows texts only, and this work needs images: name an encoder of images, such as shipped:lite2.",
        )
    if name.startswith(SHIPPED):
        _register_shipped_threshold(row, shipped_heads(name.removeprefix(SHIPPED)).config)
    return encoder, row


def registered(name: str) -> tuple[OpenClipEncoder, int]:
    """The image-text encoder of that name and its row, with the threshold that it comes with. Raises Invalid."""
    encoder, row = registered_image_encoder(name)
    if isinstance(encoder, TimmEncoder):
        raise _without_texts(name)
    return encoder, row


def registered_sentence_encoder(name: str) -> tuple[OpenClipEncoder | SentenceEncoder, int]:
    """An encoder of texts and its row: the sentence encoder, or the text tower of any other. Raises Invalid."""
    encoder, row = loaded(name)
    if isinstance(encoder, TimmEncoder):
        raise _without_texts(name)
    return encoder, row


def _without_texts(name: str) -> Invalid:
    return Invalid(
        "encoder_without_texts",
        f"{name} knows images only, and this work needs texts too: name an image-text encoder, such as"
        " shipped:lite2.",
    )


def _register_shipped_threshold(encoder_id: int, config: dict[str, Any]) -> None:
    found, corpus = config["threshold"], config["training_data"]
    store.register_threshold(
        encoder_id=encoder_id,
        cosine=found["threshold"],
        method=BEST_F1,
        batch_size=found["batch_size"],
        seed=found["seed"],
        pairs=f"{corpus['name']}, {corpus['dev_images']} images outside the training",
        n_pairs=found["n_positive"],
    )


def threshold_of(name: str, project_id: int) -> KnownThreshold:
    """The threshold by which an encoder votes in a project. Raises Invalid where none was found yet."""
    _encoder, row = registered(name)
    if (known := store.threshold_of(row, project_id)) is None:
        raise Invalid(
            "threshold_missing",
            f"There is no threshold for {name} yet, so it cannot vote: calibrate it first.",
        )
    return known
