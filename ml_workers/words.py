"""Words that somebody looks for: encoded at once, kept like any other text."""

from ml_workers import store
from ml_workers.jobs.embeddings import TEXT
from ml_workers.loading import registered
from polyannot.kernel.errors import Invalid


def embed_words(encoder_id: int, words: str) -> None:
    """Encode a text under the encoder of this row and keep its features.

    Raises Invalid where the encoder cannot be had here, or has other weights here than those that saw the project.
    """
    encoder, here = registered(store.encoder_name(encoder_id))
    if here != encoder_id:
        raise Invalid(
            "weights_changed",
            f"The weights of {encoder.name} are others on this machine: compute similarities with them first.",
        )
    store.write_embeddings(encoder_id, TEXT, [store.content_hash(words)], encoder.encode_texts([words]))
