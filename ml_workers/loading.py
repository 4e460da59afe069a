"""The encoders of this worker process: loaded once, kept, and known to the database by their weights."""

from functools import cache

from django.conf import settings

from ml_workers import store
from ml_workers.encoders.open_clip_encoder import OpenClipEncoder
from ml_workers.encoders.protocol import EncoderUnavailable
from ml_workers.encoders.registry import load_encoder
from polyannot.kernel.errors import Invalid


@cache
def loaded(name: str) -> OpenClipEncoder:
    """The encoder of that name, loaded at the first call. Raises Invalid with what to do where it cannot be had."""
    try:
        return load_encoder(name, cache=settings.MODEL_FOLDER)
    except EncoderUnavailable as error:
        raise Invalid("encoder_unavailable", str(error)) from error


def registered(name: str) -> tuple[OpenClipEncoder, int]:
    """The encoder of that name and its row, with the threshold that it comes with."""
    encoder = loaded(name)
    row = store.register_encoder(
        name=encoder.name,
        weights_hash=encoder.weights_hash,
        source=encoder.source,
        dimension=encoder.dimension,
        preprocessing=encoder.preprocessing,
        licence=encoder.licence,
    )
    return encoder, row
