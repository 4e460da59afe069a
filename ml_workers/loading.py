"""The encoders of this worker process: loaded once, kept, and known to the database by their weights."""

import json
import shutil
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from django.conf import settings

from ml_workers import store
from ml_workers.alignment.aligned_card import aligned_card
from ml_workers.encoders.open_clip_encoder import OpenClipEncoder
from ml_workers.encoders.protocol import EncoderUnavailable, Features
from ml_workers.encoders.registry import SHIPPED, load_encoder, load_image_encoder
from ml_workers.encoders.shipped import CARD_FILE, CONFIG_FILE, HEAD_FILE, Heads, assemble, shipped_heads
from ml_workers.encoders.timm_encoder import TimmEncoder
from ml_workers.sentences import MINILM, SentenceEncoder
from ml_workers.store import KnownThreshold
from polyannot.kernel.errors import Invalid

# How a threshold was found: in batches the diagonal is right and the rest wrong, and F1 is highest there.
BEST_F1 = "best F1 in batches"


class KnownEncoder(Protocol):
    """What encoders of images, of sentences and of both share."""

    name: str
    source: str
    dimension: int
    preprocessing: str
    licence: str

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights, 64 hex digits."""


class KnownTextEncoder(KnownEncoder, Protocol):
    """An encoder that knows texts."""

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, dimension), float32, each row of length 1."""


@cache
def loaded(name: str) -> OpenClipEncoder | TimmEncoder:
    """The encoder of that name, loaded at the first call. Raises Invalid with what to do where it cannot be had."""
    try:
        if name.startswith(store.ALIGNED):
            return load_aligned(name)
        return load_image_encoder(name, cache=settings.MODEL_FOLDER)
    except EncoderUnavailable as error:
        raise Invalid("encoder_unavailable", str(error)) from error


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


@cache
def loaded_sentence_encoder() -> SentenceEncoder:
    """The sentence encoder that comes with polyannot, loaded at the first call."""
    return SentenceEncoder()


def _row_of(encoder: KnownEncoder) -> int:
    return store.register_encoder(
        name=encoder.name,
        weights_hash=encoder.weights_hash,
        source=encoder.source,
        dimension=encoder.dimension,
        preprocessing=encoder.preprocessing,
        licence=encoder.licence,
    )


def _loaded_with_texts(name: str) -> OpenClipEncoder:
    encoder = loaded(name)
    if isinstance(encoder, TimmEncoder):
        raise Invalid(
            "encoder_without_texts",
            f"{name} knows images only, and this work needs texts too: name an image-text encoder, such as"
            " shipped:lite2.",
        )
    return encoder


def registered(name: str) -> tuple[OpenClipEncoder, int]:
    """The image-text encoder of that name and its row, with the threshold that it comes with. Raises Invalid."""
    encoder = _loaded_with_texts(name)
    row = _row_of(encoder)
    if name.startswith(SHIPPED):
        _register_shipped_threshold(row, shipped_heads(name.removeprefix(SHIPPED)).config)
    return encoder, row


def registered_image_encoder(name: str) -> tuple[OpenClipEncoder | TimmEncoder, int]:
    """An encoder of images and its row, whether or not it knows texts too. Raises Invalid."""
    encoder = loaded(name)
    return (encoder, _row_of(encoder)) if isinstance(encoder, TimmEncoder) else registered(name)


def registered_sentence_encoder(name: str) -> tuple[KnownTextEncoder, int]:
    """An encoder of texts and its row: the sentence encoder, or the text tower of any other. Raises Invalid."""
    encoder: KnownTextEncoder = loaded_sentence_encoder() if name == MINILM else _loaded_with_texts(name)
    return encoder, _row_of(encoder)


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
