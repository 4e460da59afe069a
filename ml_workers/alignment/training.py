"""Training the heads: InfoNCE over whole batches of images with all their captions."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ml_workers.alignment.heads import ProjectionHeads, Standardisation

MOMENTS = (0.9, 0.98)
WARM_UP_EPOCHS = 2


@dataclass(frozen=True)
class TrainingRecipe:
    """Every number that decides the outcome; stored with the heads."""

    embed_dim: int = 384
    epochs: int = 30
    images_a_batch: int = 512
    captions_an_image: int = 5
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    dropout_in: float = 0.3
    dropout_hidden: float = 0.5
    text_noise: float = 0.5
    caption_mixing: float = 0.0
    temperature: float = 0.05
    learn_temperature: bool = True
    averaging: float = 0.99
    seed: int = 0


@dataclass(frozen=True)
class TowerFeatures:
    """Training material: views (v, n, 1280) of n images, texts (m, 384), and the image of each text (m)."""

    views: torch.Tensor
    texts: torch.Tensor
    owner: NDArray[np.int64]


def multi_positive_loss(
    images: torch.Tensor, texts: torch.Tensor, owner: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """InfoNCE both ways when an image has several captions: an image's own captions are never its negatives.

    `images` (n, d) and `texts` (m, d) have rows of length 1, `owner` (m) numbers each text's image. Text
    to image: cross entropy over the n images. Image to text: each caption against the captions of all
    other images, mean over the captions (as in supervised contrastive learning, without the other
    positives in the denominator).
    """
    logits = scale * images @ texts.T
    text_to_image = functional.cross_entropy(logits.T, owner)
    own = owner[None, :] == torch.arange(len(images))[:, None]
    others = torch.logsumexp(logits.masked_fill(own, -1e9), dim=1, keepdim=True)
    image_to_text = (torch.logaddexp(logits, others) - logits)[own].mean()
    return (text_to_image + image_to_text) / 2


class _CaptionDraw:
    """Draws captions of images with any number of captions: each image's list, cycled to the longest."""

    def __init__(self, owner: NDArray[np.int64], images: int, wanted: int) -> None:
        lists = [np.flatnonzero(owner == image) for image in range(images)]
        if any(len(one) == 0 for one in lists):
            raise ValueError("An image has no caption.")
        longest = max(len(one) for one in lists)
        self.captions = torch.from_numpy(np.stack([np.resize(one, longest) for one in lists]))
        self.counts = torch.tensor([len(one) for one in lists])
        self.wanted = min(wanted, longest)

    def __call__(self, images: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Caption numbers, and for each the place of its image in the batch; a caption at most once an image."""
        captions = self.captions[images]
        width = captions.shape[1]
        order = torch.rand(captions.shape, generator=draw)
        repeats = torch.arange(width)[None, :] >= self.counts[images][:, None]
        chosen = order.masked_fill(repeats, 2.0).argsort(1)[:, : self.wanted]
        kept = ~repeats.gather(1, chosen)
        places = torch.arange(len(images))[:, None].expand_as(chosen)
        return captions.gather(1, chosen)[kept], places[kept]


def learning_rate_at(step: int, warm_up: int, total: int) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))


def _mixed(texts: torch.Tensor, owner: torch.Tensor, amount: float, draw: torch.Generator) -> torch.Tensor:
    """Each caption's features moved by up to `amount` towards the next caption of the same image in the batch."""
    following = torch.roll(torch.arange(len(texts)), -1)
    same = (owner == owner[following])[:, None]
    share = amount * torch.rand((len(texts), 1), generator=draw)
    return torch.where(same, (1 - share) * texts + share * texts[following], texts)


@dataclass(frozen=True)
class TrainedHeads:
    """Tensors under open_clip's names (half precision) and the mean loss of each epoch."""

    tensors: dict[str, torch.Tensor]
    losses: list[float]


def train_heads(
    features: TowerFeatures, recipe: TrainingRecipe, *, progress: Callable[[int, float], None] | None = None
) -> TrainedHeads:
    """Train both heads on frozen features; the result is the running average of the weights.

    Same features, recipe and number of torch threads give the same heads. `progress` gets each epoch and
    its mean loss. Raises ValueError for an image without a caption.
    """
    torch.manual_seed(recipe.seed)
    draw = torch.Generator().manual_seed(recipe.seed)
    standard = Standardisation(features.views[0], features.texts)
    views, texts = standard.images(features.views), standard.texts(features.texts)
    images = views.shape[1]
    captions = _CaptionDraw(features.owner, images, recipe.captions_an_image)
    heads = ProjectionHeads(
        recipe.embed_dim, dropout_in=recipe.dropout_in, dropout_hidden=recipe.dropout_hidden,
        text_noise=recipe.text_noise,
    )  # fmt: skip
    averaged = copy.deepcopy(heads).eval().requires_grad_(False)
    log_scale = torch.tensor(math.log(1 / recipe.temperature), requires_grad=recipe.learn_temperature)
    optimiser = _optimiser(heads, log_scale, recipe)
    steps = max(1, images // recipe.images_a_batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: learning_rate_at(step, WARM_UP_EPOCHS * steps, recipe.epochs * steps)
    )
    losses, done = [], 0
    for epoch in range(recipe.epochs):
        total = 0.0
        for batch in torch.randperm(images, generator=draw).tensor_split(steps):
            view = torch.randint(len(views), (len(batch),), generator=draw)
            numbers, owner = captions(batch, draw)
            words = texts[numbers]
            if recipe.caption_mixing:
                words = _mixed(words, owner, recipe.caption_mixing, draw)
            scale = log_scale.exp().clamp(max=100)
            loss = multi_positive_loss(heads.images(views[view, batch]), heads.texts(words), owner, scale)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            done += 1
            move_average(averaged, heads, min(recipe.averaging, (1 + done) / (10 + done)))
            total += loss.item()
        losses.append(total / steps)
        if progress:
            progress(epoch + 1, losses[-1])
    return TrainedHeads(standard.open_clip_tensors(averaged, log_scale.exp().item()), losses)


def _optimiser(heads: ProjectionHeads, log_scale: torch.Tensor, recipe: TrainingRecipe) -> torch.optim.AdamW:
    matrices = [one for one in heads.parameters() if one.ndim > 1]
    others = [one for one in heads.parameters() if one.ndim < 2] + [log_scale] * recipe.learn_temperature
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=MOMENTS)


def move_average(averaged: nn.Module, current: nn.Module, kept: float) -> None:
    """Move the running average of the weights towards those of now, of which a share of 1 - `kept` enters."""
    with torch.no_grad():
        for mean, now in zip(averaged.parameters(), current.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)
