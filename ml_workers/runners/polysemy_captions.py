"""Captions of one image in a project and in a corpus: their cosines as sentences, and BERTScore of their tokens."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ml_workers import store
from ml_workers.bert_scores import bert_scores_by_image
from ml_workers.corpora.captions import captions_of_rows, rows_of_the_same_picture
from ml_workers.loading import registered_sentence_encoder
from ml_workers.nearest import unit_rows
from ml_workers.polysemy import AROUND, co_captions_by_image
from ml_workers.runners.polysemy_corpus import drawn_rows, features_of_texts, seen_by
from ml_workers.runners.stages import project_of
from ml_workers.sentences import SentenceEncoder
from polyannot.kernel.errors import Invalid
from projects.models import Job

COSINES, BERT_SCORES = "co_captions", "bert_scores"


def token_layer(job: Job) -> dict[str, Any]:
    """Whose token states BERTScore is of: the encoder, the layer and how many it has; None where it gives none.

    Raises Invalid where the encoder has fewer layers than the one asked for.
    """
    encoder, _id = registered_sentence_encoder(job.parameters["sentences"])
    known = {"encoder": encoder.name, "weights_hash": encoder.weights_hash}
    if not isinstance(encoder, SentenceEncoder):
        return known | {"layer": None, "layers": None}
    layer = job.parameters.get("token_layer") or encoder.n_layers
    if layer > encoder.n_layers:
        raise Invalid(
            "no_such_layer",
            f"{encoder.name} has {encoder.n_layers} layers and BERTScore was asked for at layer {layer}; nothing"
            f" was computed. Name one from 1 to {encoder.n_layers}, or 0 for the last.",
        )
    return known | {"layer": layer, "layers": encoder.n_layers}


def images_with_several(job: Job) -> list[int]:
    """The images of the project that have two good captions or more."""
    project = project_of(job)
    captions = store.good_captions(project, store.active_images(project))
    return [image for image, versions in captions.items() if len(versions) > 1]


def project_captions_part(job: Job, images: Sequence[int]) -> dict[str, Any]:
    """Both similarities of the good captions of these images."""
    _encoder, encoder_id = registered_sentence_encoder(job.parameters["sentences"])
    versions_of = store.good_captions(project_of(job), images)
    versions = [version for of_image in versions_of.values() for version in of_image]
    features = store.text_features(encoder_id, versions)
    texts = {one.version_id: one.text for one in store.captions_of_images(versions)}
    kept = {
        image: [version for version in of_image if version in features]
        for image, of_image in versions_of.items()
    }
    kept = {image: of_image for image, of_image in kept.items() if len(of_image) > 1}
    return {
        COSINES: co_captions_by_image(
            {
                image: unit_rows(np.stack([features[version] for version in of_image]))[0]
                for image, of_image in kept.items()
            }
        ),
        BERT_SCORES: _bert_scores(
            job, {image: [texts[version] for version in of_image] for image, of_image in kept.items()}
        ),
    }


def corpus_captions_part(job: Job, places: Sequence[int]) -> dict[str, Any]:
    """Both similarities of the captions of the pictures of some drawn rows of the corpus, by their first row.

    Places are those among the drawn rows in their order in the corpus, so that a part reads only a stretch of it.
    """
    corpus = seen_by(job, job.parameters["encoder"])
    encoder, _id = registered_sentence_encoder(job.parameters["sentences"])
    drawn = np.sort(drawn_rows(job, corpus, job.parameters["sampled_pairs"]))[list(places)].tolist()
    around = {
        near for row in drawn for near in range(max(0, row - AROUND), min(corpus.n_rows, row + AROUND + 1))
    }
    rows = captions_of_rows(corpus, around)
    found = {tuple(rows_of_the_same_picture(rows, row)) for row in drawn if row in rows}
    groups = sorted(group for group in found if len(group) > 1)
    told = features_of_texts(encoder.encode_texts, {row: rows[row] for group in groups for row in group})
    return {
        COSINES: co_captions_by_image(
            {group[0]: np.concatenate([told[row] for row in group]) for group in groups}
        ),
        BERT_SCORES: _bert_scores(job, {group[0]: [rows[row].caption for row in group] for group in groups}),
    }


def _bert_scores(job: Job, captions: Mapping[int, Sequence[str]]) -> dict[int, list[float]]:
    encoder, _id = registered_sentence_encoder(job.parameters["sentences"])
    if not isinstance(encoder, SentenceEncoder):
        return {}
    return bert_scores_by_image(captions, partial(encoder.encode_tokens, layer=token_layer(job)["layer"]))


def of_all_parts(parts: Mapping[str, Any], whose: str, measure: str) -> dict[str, list[float]]:
    """The similarities by image of all parts of a set; a picture of the corpus that two parts drew stands once."""
    return {
        image: values
        for name in sorted(parts)
        if name.startswith(f"{whose}-captions-")
        for image, values in parts[name][measure].items()
    }
