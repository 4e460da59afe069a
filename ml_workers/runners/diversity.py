"""The diversity job: the diverse captions of every image in work."""

from collections.abc import Sequence
from typing import Any

from ml_workers import store
from ml_workers.jobs.diversity import IMAGES_PER_CHUNK, choose_for_images
from ml_workers.jobs.embeddings import embed_texts
from ml_workers.jobs.similarities import pieces, text_pieces
from ml_workers.layout import plane_or_nothing
from ml_workers.loading import registered_sentence_encoder
from ml_workers.runners.stages import project_of
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan


class DiversityRunner:
    """The diverse captions of every active image, from its good captions."""

    EMBED, CHOOSE = 0, 1

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """The texts of the good versions, then the images."""
        project = project_of(job)
        texts = store.distinct_texts(store.version_ids(project, good_only=True))
        return [
            *(ChunkPlan(piece, self.EMBED) for piece in text_pieces(texts)),
            *(
                ChunkPlan(piece, self.CHOOSE)
                for piece in pieces(store.active_images(project), IMAGES_PER_CHUNK)
            ),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Embed some texts, or choose for some images."""
        encoder, encoder_id = registered_sentence_encoder(job.parameters["encoder"])
        if chunk.phase == self.EMBED:
            embed_texts(encoder, encoder_id, chunk.items, store, store)
            return ChunkOutcome()
        captions = store.good_captions(project_of(job), chunk.items)
        versions = [version for of_image in captions.values() for version in of_image]
        # Captions that were judged good since the plan was made are embedded here.
        embed_texts(encoder, encoder_id, versions, store, store)
        chosen = choose_for_images(
            captions,
            store.text_features(encoder_id, versions),
            method=job.parameters["method"],
            wanted=job.parameters["wanted"],
            seed=job.seed,
            layout=plane_or_nothing,
        )
        store.write_choices(
            job,
            encoder_id,
            [
                store.ChosenCaptions(
                    image_id=one.image_id,
                    n_good=one.n_good,
                    is_complete=one.is_complete,
                    version_ids=one.version_ids,
                    mean_similarity=one.mean_similarity,
                    random_mean_similarity=one.random_mean_similarity,
                    pool=one.pool,
                    places=one.places,
                    clusters=one.clusters,
                    is_on_plane=one.is_on_plane,
                )
                for one in chosen
            ],
        )
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """Make what was chosen the current choice of every image."""
        return {"images": store.make_choices_current(job)}
