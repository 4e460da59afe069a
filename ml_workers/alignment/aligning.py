"""Aligning a sentence encoder with a locked image tower, by image-caption and paraphrase losses.

Sources: paraphrased retrieval (appended alignment layers over a frozen language model) and ParaCLIP (three losses over
image, caption and two paraphrases). Training goes on from the heads of a model that exists, so that what it brings is
told as before and after.
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ml_workers.alignment.heads import ProjectionHeads, Standardisation
from ml_workers.alignment.recipe import AlignmentRecipe, Losses
from ml_workers.alignment.text_sides import Appended, Finetuned, Frozen, Texts, over, text_side, text_tensors
from ml_workers.alignment.training import MOMENTS, learning_rate_at, move_average

WARM_UP_SHARE = 0.1
# As CLIP: cosines are never multiplied by more.
MOST_SCALE = 100.0
TEXTS_LOOKED_AT = 2_000
TEXTS_A_BATCH = 128

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Material:
    """Images and texts of a part: views (v, n, 1280) of n images, the texts, and the image of each text (m)."""

    views: torch.Tensor
    texts: Texts
    owner: NDArray[np.int64]


@dataclass(frozen=True)
class Aligned:
    """A trained model's tensors under open_clip's names (half precision), its features of dev, each epoch's loss.

    `images` (n, d) and `texts` (m, d) have rows of length 1 and come from the weights before they were halved;
    `tensors` holds the heads and whatever else was trained.
    """

    tensors: dict[str, torch.Tensor]
    images: torch.Tensor
    texts: torch.Tensor
    losses: list[float]


class AlignedModel(nn.Module):
    """Both heads over a locked image tower and the text side of a variant."""

    def __init__(self, heads: ProjectionHeads, side: Frozen | Appended | Finetuned, scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.side = side
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))

    @property
    def scale(self) -> torch.Tensor:
        """What cosines are multiplied by."""
        return self.log_scale.exp().clamp(max=MOST_SCALE)


def infonce(one: torch.Tensor, other: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Cross entropy both ways between rows of length 1 (n, d) that belong together row by row; the rest is wrong."""
    logits = scale * one @ other.T
    target = torch.arange(len(one))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def alignment_loss(
    images: torch.Tensor,
    captions: torch.Tensor,
    firsts: torch.Tensor,
    seconds: torch.Tensor,
    scale: torch.Tensor,
) -> torch.Tensor:
    """ParaCLIP's sum: InfoNCE of image and second paraphrase, caption and first, first and second; rows of length 1."""
    return (
        infonce(images, seconds, scale) + infonce(captions, firsts, scale) + infonce(firsts, seconds, scale)
    )


def drawn_triples(
    of_image: Sequence[NDArray[np.int64]], images: Sequence[int], draw: torch.Generator
) -> Iterator[tuple[int, int, int]]:
    """Draw for each image a caption and two paraphrases of it among its own texts, different as far as they go.

    Of two texts the caption is the second paraphrase too; of one text all three are it.
    """
    for image in images:
        own = of_image[image]
        order = own[torch.randperm(len(own), generator=draw).numpy()]
        first, second, third = np.resize(order, 3).tolist()
        yield first, second, third


class Alignment:
    """The training of a variant, epoch by epoch, from the heads of a base model; the result averages the weights.

    `base` holds head tensors under open_clip's names for raw features. Same material, recipe and number of torch
    threads give the same model, also where it was put down with `state` after an epoch and taken up again by `take_up`.
    Raises ValueError where an image has no text.
    """

    def __init__(self, train: Material, base: dict[str, torch.Tensor], recipe: AlignmentRecipe) -> None:
        torch.manual_seed(recipe.seed)
        self._draw = torch.Generator().manual_seed(recipe.seed)
        self._of_image = [np.flatnonzero(train.owner == image) for image in range(train.views.shape[1])]
        if not all(len(own) for own in self._of_image):
            raise ValueError("An image has no caption.")
        side = text_side(recipe, train.texts)
        self.recipe = recipe
        self.standard = Standardisation(train.views[0], _first_pooled(side, len(train.owner)))
        heads = _heads_on_standardised(base, self.standard, recipe)
        self._model = AlignedModel(heads, side, base["logit_scale"].exp().item())
        self._averaged = copy.deepcopy(self._model).eval().requires_grad_(False)
        self._views = self.standard.images(train.views)
        self._steps = _Steps(self._model, recipe, len(self._of_image))
        self.losses: list[float] = []

    def epoch(self) -> float:
        """Train one epoch more and return its mean loss."""
        total = 0.0
        for batch in torch.randperm(len(self._of_image), generator=self._draw).tensor_split(
            self._steps.an_epoch
        ):
            view = torch.randint(len(self._views), (len(batch),), generator=self._draw)
            triples = list(drawn_triples(self._of_image, batch.tolist(), self._draw))
            loss = _loss(self._model, self._views[view, batch], triples, self.standard, self.recipe)
            self._steps.take(loss)
            self._steps.average(self._averaged)
            total += loss.item()
        self.losses.append(total / self._steps.an_epoch)
        return self.losses[-1]

    def state(self) -> dict[str, Any]:
        """Everything that changes while training."""
        return {
            "model": self._model.state_dict(),
            "averaged": self._averaged.state_dict(),
            "steps": self._steps.state(),
            "draw": self._draw.get_state(),
            "dropout": torch.get_rng_state(),
            "losses": self.losses,
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._model.load_state_dict(state["model"])
        self._averaged.load_state_dict(state["averaged"])
        self._steps.take_up(state["steps"])
        self._draw.set_state(state["draw"])
        torch.set_rng_state(state["dropout"])
        self.losses = list(state["losses"])

    def tensors(self, frozen_layers: int) -> dict[str, torch.Tensor]:
        """What was trained, under open_clip's names, half precision; the sentence encoder has `frozen_layers`.

        Raises ValueError where training did not converge.
        """
        heads = self.standard.open_clip_tensors(self._averaged.heads, self._averaged.scale.item())
        return heads | text_tensors(self._averaged.side, frozen_layers)

    def features_of(self, part: Material) -> tuple[torch.Tensor, torch.Tensor]:
        """Features of a part's images (n, d), in their first view, and texts (m, d): rows of length 1."""
        with torch.inference_mode():
            images = self._averaged.heads.images(self.standard.images(part.views[0]))
            side = over(self._averaged.side, part.texts).eval()
            pooled = _pooled_in_batches(side, range(len(part.owner)))
            return images, self._averaged.heads.texts(self.standard.texts(pooled))


def align(
    train: Material,
    dev: Material,
    base: dict[str, torch.Tensor],
    recipe: AlignmentRecipe,
    *,
    frozen_layers: int,
    progress: Progress | None = None,
) -> Aligned:
    """Train a variant to its end and compute its features of the dev part, as `Alignment` says."""
    alignment = Alignment(train, base, recipe)
    for epoch in range(recipe.epochs):
        loss = alignment.epoch()
        if progress:
            progress(epoch + 1, loss)
    images, texts = alignment.features_of(dev)
    return Aligned(alignment.tensors(frozen_layers), images, texts, alignment.losses)


def _first_pooled(side: Frozen | Appended | Finetuned, count: int) -> torch.Tensor:
    """Pooled states of up to 2,000 texts, evenly taken, as they are before training: their spread scales the head."""
    numbers = np.linspace(0, count - 1, num=min(count, TEXTS_LOOKED_AT)).astype(int).tolist()
    return _pooled_in_batches(side.eval(), numbers)


def _pooled_in_batches(side: Frozen | Appended | Finetuned, numbers: Sequence[int]) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat(
            [
                side.pooled(numbers[start : start + TEXTS_A_BATCH])
                for start in range(0, len(numbers), TEXTS_A_BATCH)
            ]
        )


def _heads_on_standardised(
    base: dict[str, torch.Tensor], standard: Standardisation, recipe: AlignmentRecipe
) -> ProjectionHeads:
    """The base model's heads as they act on standardised features: the same outputs, better to train."""
    heads = ProjectionHeads(
        base["text.proj.2.weight"].shape[0], dropout_in=recipe.dropout_in,
        dropout_hidden=recipe.dropout_hidden, text_noise=recipe.text_noise,
    )  # fmt: skip
    first, bias = base["visual.head.mlp.fc1.weight"], base["visual.head.mlp.fc1.bias"]
    image_spread = standard.image_spread.masked_fill(standard.image_spread.isinf(), 0)
    text_spread = standard.text_spread.masked_fill(standard.text_spread.isinf(), 0)
    with torch.no_grad():
        heads.image_in.weight.copy_(first * image_spread)
        heads.image_in.bias.copy_(bias + first @ standard.image_mean)
        heads.image_out.weight.copy_(base["visual.head.mlp.fc2.weight"])
        heads.text_in.weight.copy_(base["text.proj.0.weight"] * text_spread)
        heads.text_out.weight.copy_(base["text.proj.2.weight"])
    return heads


def _loss(
    model: AlignedModel,
    views: torch.Tensor,
    triples: Sequence[tuple[int, int, int]],
    standard: Standardisation,
    recipe: AlignmentRecipe,
) -> torch.Tensor:
    model.train()
    images = model.heads.images(views)
    if recipe.losses is Losses.PAIRS:
        texts = _texts(model, [triple[2] for triple in triples], standard, recipe)
        return infonce(images, texts, model.scale)
    numbers = [triple[place] for place in range(3) for triple in triples]
    texts = _texts(model, numbers, standard, recipe)
    captions, firsts, seconds = torch.tensor_split(texts, 3)
    return alignment_loss(images, captions, firsts, seconds, model.scale)


def _texts(
    model: AlignedModel, numbers: Sequence[int], standard: Standardisation, recipe: AlignmentRecipe
) -> torch.Tensor:
    """Rows of length 1 of these texts, with gradients."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.mixed_precision):
        pooled = model.side.pooled(numbers)
    return model.heads.texts(standard.texts(pooled.float()))


class _Steps:
    """Optimiser, schedule and running average of one training."""

    def __init__(self, model: AlignedModel, recipe: AlignmentRecipe, images: int) -> None:
        self.an_epoch = max(1, images // recipe.images_a_batch)
        total = self.an_epoch * recipe.epochs
        self._model, self._kept, self._done = model, recipe.averaging, 0
        self._optimiser = torch.optim.AdamW(_groups(model, recipe), betas=MOMENTS)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda step: learning_rate_at(step, max(1, round(WARM_UP_SHARE * total)), total)
        )

    def take(self, loss: torch.Tensor) -> None:
        """One step down."""
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        self._done += 1

    def state(self) -> dict[str, Any]:
        """Optimiser, schedule and how many steps were taken."""
        return {
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "done": self._done,
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._done = state["done"]

    def average(self, averaged: AlignedModel) -> None:
        """Move the running average towards the weights as they are now."""
        kept = min(self._kept, (1 + self._done) / (10 + self._done))
        move_average(averaged, self._model, kept)


def _groups(model: AlignedModel, recipe: AlignmentRecipe) -> list[dict[str, object]]:
    """Matrices decay, biases, norms and the scale do not; heads, layers and tower have rates of their own."""
    side_rate = recipe.tower_rate if isinstance(model.side, Finetuned) else recipe.layer_rate
    groups: list[dict[str, object]] = []
    for parameters, rate in (
        ([*model.heads.parameters(), model.log_scale], recipe.head_rate),
        (list(model.side.parameters()), side_rate),
    ):
        for decays in (True, False):
            chosen = [one for one in parameters if (one.ndim > 1) is decays]
            if chosen:
                groups.append(
                    {"params": chosen, "lr": rate, "weight_decay": recipe.weight_decay if decays else 0.0}
                )
    return groups
