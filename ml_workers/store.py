"""The database as the model workers see it: the one file of ml_workers that knows annotation, through its port."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import default_storage

from annotation.captions.cleaning_writing import (
    CleanedText,
    TextToClean,
    begin_cleaning,
    conclude_cleaning,
    texts_to_clean,
    write_cleaned,
)
from annotation.captions.editing import content_hash
from annotation.importing.pooling import (
    PoolCaption,
    PoolSource,
    add_pool_captions,
    count_pool_captions,
)
from annotation.machine.aligning.alignments import (
    ALIGNED,
    CaptionOfImage,
    aligned_model,
    begin_alignment,
    captions_of_images,
    has_model,
    keep_checkpoint,
    keep_model,
    standing_of,
)
from annotation.machine.corpora.leakage import (
    FoundLeak,
    begin_leakage,
    conclude_leakage,
    drop_leaked,
    file_hashes,
    leaked_rows,
    write_leaks,
)
from annotation.machine.corpora.neighbours import (
    drop_files,
    images_to_search,
    keep_file,
    keep_json,
    kept_hashes,
    kept_json,
    picture_features,
    search_of,
)
from annotation.machine.corpora.pool_clusters import clusters_of
from annotation.machine.corpora.pool_ranks import images_not_shown, pool_captions, write_pool_ranks
from annotation.machine.difficulty.robustness import robustness_reference
from annotation.machine.drawings import ask_for_drawing
from annotation.machine.embeddings import count_embedded, one_of_each_picture, pairs_sha256
from annotation.machine.evaluation.pairs import PairScore, contrasts_of, texts_before_edits
from annotation.machine.evaluation.paraphrases import benchmark_paraphrases, fix_paraphrases
from annotation.machine.evaluation.results import (
    Figure,
    begin_evaluation,
    benchmark_pairs,
    evaluated_pictures,
    level_votes,
    write_evaluation,
)
from annotation.machine.evaluation.results import count_pairs as count_benchmark_pairs
from annotation.machine.ml_results.choices import (
    ChosenCaptions,
    good_captions,
    make_choices_current,
    write_choices,
)
from annotation.machine.ml_results.contents import (
    ImageContent,
    TextContent,
    active_images,
    distinct_pictures,
    distinct_texts,
    stored_file,
    version_ids,
)
from annotation.machine.ml_results.encoders import encoder_name, encoder_precision, register_encoder
from annotation.machine.ml_results.features import (
    PairFeatures,
    pair_features,
    pictures_to_embed,
    text_features,
    texts_to_embed,
    write_embeddings,
)
from annotation.machine.ml_results.similarities import cosines, count_similarities, write_similarities
from annotation.machine.ml_results.votes import (
    Decision,
    KnownThreshold,
    Vote,
    count_levels,
    register_threshold,
    threshold_of,
    write_difficulty,
)
from annotation.machine.reports import add_report_part, report_counts, report_parts, write_report
from annotation.machine.sampling.choosing import (
    ImageOrder,
    conclude_sampling,
    images_in_batches,
    images_to_sample,
    write_sampling,
)
from annotation.models import LeakCheck, NeighbourFileKind
from projects.storage import open_stored, storage_name

__all__ = [
    "ALIGNED",
    "CaptionOfImage",
    "ChosenCaptions",
    "CleanedText",
    "Decision",
    "Figure",
    "FoundLeak",
    "ImageContent",
    "ImageOrder",
    "KnownThreshold",
    "LeakCheck",
    "NeighbourFileKind",
    "PairFeatures",
    "PairScore",
    "PoolCaption",
    "PoolSource",
    "TextContent",
    "TextToClean",
    "Vote",
    "active_images",
    "add_pool_captions",
    "add_report_part",
    "aligned_model",
    "ask_for_drawing",
    "begin_alignment",
    "begin_cleaning",
    "begin_evaluation",
    "begin_leakage",
    "benchmark_pairs",
    "benchmark_paraphrases",
    "captions_of_images",
    "clusters_of",
    "conclude_cleaning",
    "conclude_leakage",
    "conclude_sampling",
    "content_hash",
    "contrasts_of",
    "cosines",
    "count_benchmark_pairs",
    "count_embedded",
    "count_levels",
    "count_pool_captions",
    "count_similarities",
    "distinct_pictures",
    "distinct_texts",
    "drop_files",
    "drop_leaked",
    "encoder_name",
    "encoder_precision",
    "evaluated_pictures",
    "file_hashes",
    "fix_paraphrases",
    "good_captions",
    "has_model",
    "images_in_batches",
    "images_not_shown",
    "images_to_sample",
    "images_to_search",
    "keep_checkpoint",
    "keep_file",
    "keep_json",
    "keep_model",
    "kept_hashes",
    "kept_json",
    "leaked_rows",
    "level_votes",
    "local_files",
    "make_choices_current",
    "one_of_each_picture",
    "pair_features",
    "pairs_sha256",
    "picture_features",
    "pictures_to_embed",
    "pool_captions",
    "register_encoder",
    "register_threshold",
    "report_counts",
    "report_parts",
    "robustness_reference",
    "search_of",
    "standing_of",
    "text_features",
    "texts_before_edits",
    "texts_to_clean",
    "texts_to_embed",
    "threshold_of",
    "version_ids",
    "write_choices",
    "write_cleaned",
    "write_difficulty",
    "write_embeddings",
    "write_evaluation",
    "write_leaks",
    "write_pool_ranks",
    "write_report",
    "write_sampling",
    "write_similarities",
]


@contextmanager
def local_files(hashes: Sequence[str]) -> Iterator[list[Path]]:
    """A file on this machine for each content: the store's own, or a copy where the store is elsewhere."""
    try:
        own = [Path(default_storage.path(storage_name(content))) for content in hashes]
    except NotImplementedError:
        own = None
    if own is not None:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="polyannot-") as folder:
        copies = [Path(folder) / content for content in hashes]
        for copy in copies:
            if default_storage.exists(storage_name(copy.name)):
                with open_stored(stored_file(copy.name)) as source, copy.open("wb") as target:
                    shutil.copyfileobj(source, target)
        yield copies
