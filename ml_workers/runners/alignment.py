"""The job that aligns a text side with the images of a project: features first, then an epoch at a time."""

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from django.conf import settings
from safetensors.torch import save_file

from ml_workers import store
from ml_workers.alignment.aligned_card import aligned_config
from ml_workers.alignment.aligning import Alignment, Material
from ml_workers.alignment.before_and_after import alignment_figures, change_json, figures_json
from ml_workers.alignment.corpus import unreadable_images
from ml_workers.alignment.heads import project_images, project_texts
from ml_workers.alignment.recipe import AlignmentRecipe, Losses, TextTower
from ml_workers.alignment.text_sides import Texts, token_states, tokenized
from ml_workers.alignment.tower_features import image_features, text_features
from ml_workers.encoders.registry import SHIPPED
from ml_workers.encoders.shipped import Heads, shipped_heads, text_tower_layers
from ml_workers.encoders.towers import tower_hashes
from ml_workers.runners.stages import project_of
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk
from projects.running import ChunkOutcome, ChunkPlan

DEV_SHARE = 0.1
# Fewer images say nothing: of these, two are looked at.
LEAST_IMAGES = 20
# Each image as it is and mirrored, as the shipped heads were trained.
VIEWS = 2

FEATURES_PHASE = 0


class AlignmentRunner:
    """Fix the good captions, compute what the frozen towers make of them, train epoch by epoch, measure on dev images.

    A worker that is killed costs at most an epoch: where a training stands is kept in the file store after each.
    """

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """The good versions of now; then an epoch after the other; then the figures."""
        versions = store.version_ids(project_of(job), good_only=True)
        images = {row.content_hash for row in store.captions_of_images(versions)}
        if len(images) < LEAST_IMAGES:
            raise Invalid(
                "too_few_images",
                f"An alignment needs good captions of at least {LEAST_IMAGES} images; there are {len(images)}.",
            )
        store.begin_alignment(job)
        epochs = recipe_of(job).epochs
        return [
            ChunkPlan(versions, FEATURES_PHASE),
            *(ChunkPlan([epoch], epoch) for epoch in range(1, epochs + 1)),
            ChunkPlan([epochs + 1], epochs + 1),
        ]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Features, an epoch, or the figures."""
        if chunk.phase == FEATURES_PHASE:
            return ChunkOutcome(prepared(job.pk).failures)
        recipe = recipe_of(job)
        if chunk.phase > recipe.epochs:
            _conclude(job, recipe)
        else:
            _one_epoch(job, recipe, chunk.phase)
        return ChunkOutcome()

    def finish(self, job: Job) -> dict[str, Any]:
        """How many epochs were trained; the figures stand with the model."""
        return {"epochs": store.standing_of(job).epochs_done}


def recipe_of(job: Job) -> AlignmentRecipe:
    """The recipe that a job was asked for. Raises Invalid for numbers that make no sense."""
    given = job.parameters
    try:
        return AlignmentRecipe(
            layers=given["layers"],
            text_tower=TextTower(given["text_tower"]),
            losses=Losses(given["losses"]),
            epochs=given["epochs"],
            seed=job.seed or 0,
        )
    except ValueError as error:
        raise Invalid("job_parameters", str(error)) from error


class Prepared:
    """What a job is trained and looked at on, and the pictures that could not be read."""

    def __init__(self, job: Job) -> None:
        self.heads = _base(job)
        versions = job.chunks.get(phase=FEATURES_PHASE).items
        rows = store.captions_of_images(versions)
        hashes = list(dict.fromkeys(row.content_hash for row in rows))
        with store.local_files(hashes) as paths:
            folder = {path.name: path for path in paths}
            faults = unreadable_images(Path(), [str(path) for path in paths])
            bad = {Path(name).name for name in faults}
            readable = [one for one in hashes if one not in bad]
            held_out = _held_out(readable, job.seed or 0)
            states = recipe_of(job).layers > 0
            parts = [
                self._part(
                    rows,
                    [one for one in readable if (one in held_out) is is_dev],
                    folder,
                    1 if is_dev else VIEWS,
                    states=states,
                )
                for is_dev in (False, True)
            ]
        self.train, self.dev = parts
        keys = {row.content_hash: row.image_key for row in rows}
        reason = "The file cannot be read as an image; replace it or retire the image."
        self.failures = [(keys[one], reason) for one in sorted(bad)]

    def _part(
        self,
        rows: Sequence[store.CaptionOfImage],
        hashes: Sequence[str],
        folder: dict[str, Path],
        views: int,
        *,
        states: bool,
    ) -> Material:
        place = {one: number for number, one in enumerate(hashes)}
        own = [row for row in rows if row.content_hash in place]
        texts = [row.text for row in own]
        variant, cache = self.heads.variant, settings.MODEL_FOLDER / "tower-features"
        paths = [folder[one] for one in hashes]
        pictures = [
            image_features(paths, variant=variant, view=view, seed=0, cache=cache) for view in range(views)
        ]
        tokens = tokenized(texts)
        kept = token_states(tokens, cache=cache, tower_hash=tower_hashes(variant)["text"]) if states else None
        features = torch.from_numpy(text_features(texts, variant=variant, cache=cache))
        return Material(
            torch.from_numpy(np.stack(pictures)),
            Texts(tokens, features, kept),
            np.array([place[row.content_hash] for row in own], dtype=np.int64),
        )


@lru_cache(maxsize=1)
def prepared(job_id: int) -> Prepared:
    """The material of a job, made once by this worker; the next job takes its place."""
    return Prepared(Job.objects.select_related("project").get(pk=job_id))


def _base(job: Job) -> Heads:
    name = job.parameters["base"]
    try:
        return shipped_heads(name.removeprefix(SHIPPED))
    except KeyError as error:
        raise Invalid("encoder_unavailable", str(error.args[0])) from error


def _held_out(hashes: Sequence[str], seed: int) -> set[str]:
    """A tenth of the images, at least two, drawn by seed."""
    return set(Random(seed).sample(sorted(hashes), k=max(2, round(DEV_SHARE * len(hashes)))))


def _alignment(job: Job, recipe: AlignmentRecipe) -> Alignment:
    """The training where it stands, read from the file store."""
    material, standing = prepared(job.pk), store.standing_of(job)
    alignment = Alignment(material.train, material.heads.weights, recipe)
    if standing.checkpoint is not None:
        with store.local_files([standing.checkpoint]) as paths:
            alignment.take_up(torch.load(paths[0], weights_only=True))
    return alignment


def _one_epoch(job: Job, recipe: AlignmentRecipe, epoch: int) -> None:
    """Train up to the end of this epoch; one that was done by a worker that died before saying so is not done again."""
    alignment = _alignment(job, recipe)
    while len(alignment.losses) < epoch:
        alignment.epoch()
    with tempfile.TemporaryDirectory(prefix="polyannot-") as folder:
        path = Path(folder) / "checkpoint.pt"
        torch.save(alignment.state(), path)
        store.keep_checkpoint(job, path, epoch)


def _conclude(job: Job, recipe: AlignmentRecipe) -> None:
    if store.has_model(job):
        return
    alignment, material = _alignment(job, recipe), prepared(job.pk)
    dev, base = material.dev, material.heads.weights
    with torch.inference_mode():
        images, texts = project_images(base, dev.views[0]), project_texts(base, dev.texts.features)
    before = alignment_figures(images.numpy(), texts.numpy(), dev.owner, seed=recipe.seed)
    images, texts = alignment.features_of(dev)
    after = alignment_figures(images.numpy(), texts.numpy(), dev.owner, seed=recipe.seed)
    config = _config(job, recipe, material) | {
        "losses": [round(loss, 4) for loss in alignment.losses],
        "before": figures_json(before),
        "after": figures_json(after),
        "change": change_json(before, after, seed=recipe.seed),
    }
    with tempfile.TemporaryDirectory(prefix="polyannot-") as folder:
        path = Path(folder) / "weights.safetensors"
        save_file(alignment.tensors(text_tower_layers()), path)
        store.keep_model(job, path, config)


def _config(job: Job, recipe: AlignmentRecipe, material: Prepared) -> dict[str, Any]:
    return aligned_config(
        material.heads.config,
        recipe,
        base=job.parameters["base"],
        views=VIEWS,
        training_data={
            "name": f"good captions of the project {project_of(job).name}",
            "terms": "See the licences of the project's images and captions.",
            "train_images": material.train.views.shape[1],
            "train_captions": len(material.train.owner),
            "dev_images": material.dev.views.shape[1],
            "dev_captions": len(material.dev.owner),
            "dev_origin": f"a tenth of the images, drawn with seed {recipe.seed}",
            "skipped": len(material.failures),
        },
        command=f"job {job.public_id} of the project",
    )
