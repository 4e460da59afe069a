"""The trainable text sides of an alignment: each turns numbers of texts into pooled token states (n, 384)."""

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml_workers.alignment.recipe import AlignmentRecipe, TextTower
from ml_workers.encoders.towers import CONTEXT_LENGTH, TEXT_WIDTH, load_text_tower, text_tower_folder

from transformers import AutoConfig, AutoModel, AutoTokenizer  # isort: skip

TEXTS_A_BATCH = 64


@dataclass(frozen=True)
class TokenIds:
    """The tokens of each text, as the sentence encoder's own tokenizer makes them, at most 77."""

    ids: tuple[NDArray[np.int64], ...]

    def padded(self, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (n, longest) of these texts and their mask, 1 for a token and 0 for padding."""
        chosen = [torch.from_numpy(self.ids[number]) for number in numbers]
        ids = nn.utils.rnn.pad_sequence(chosen, batch_first=True)
        lengths = torch.tensor([len(one) for one in chosen])
        return ids, (torch.arange(ids.shape[1])[None, :] < lengths[:, None]).long()


def tokenized(texts: Sequence[str]) -> TokenIds:
    """Tokenize texts with single spaces, as the encoders do."""
    tokenizer = AutoTokenizer.from_pretrained(text_tower_folder())
    lists = tokenizer(
        [" ".join(text.split()) for text in texts], truncation=True, max_length=CONTEXT_LENGTH
    ).input_ids
    return TokenIds(tuple(np.asarray(one, dtype=np.int64) for one in lists))


def masked_mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the tokens (n, t, d) that the mask (n, t) keeps -> (n, d)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


@dataclass(frozen=True)
class TokenStates:
    """Last hidden states of the frozen sentence encoder, half precision, all texts end to end in one file.

    `states` (tokens of all texts, 384) may be mapped from disk; `starts` (texts + 1) says where each text begins.
    """

    states: NDArray[np.float16]
    starts: NDArray[np.int64]

    def padded(self, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """States (n, longest, 384) of these texts in single precision, and their mask."""
        spans = [(int(self.starts[one]), int(self.starts[one + 1])) for one in numbers]
        chosen = [torch.from_numpy(np.array(self.states[low:high], dtype=np.float32)) for low, high in spans]
        lengths = torch.tensor([high - low for low, high in spans])
        states = nn.utils.rnn.pad_sequence(chosen, batch_first=True)
        return states, (torch.arange(states.shape[1])[None, :] < lengths[:, None]).long()


def token_states(tokens: TokenIds, *, cache: Path, tower_hash: str) -> TokenStates:
    """Compute the states of all texts once and keep them in a file of `cache`, named by tower and tokens."""
    starts = np.concatenate([[0], np.cumsum([len(one) for one in tokens.ids])]).astype(np.int64)
    digest = hashlib.sha256(tower_hash.encode())
    for one in tokens.ids:
        digest.update(one.tobytes() + b"|")
    file = cache / f"states-{digest.hexdigest()[:32]}.npy"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished.npy")
        _write_states(tokens, starts, unfinished)
        unfinished.replace(file)
    return TokenStates(np.load(file, mmap_mode="r"), starts)


def _write_states(tokens: TokenIds, starts: NDArray[np.int64], file: Path) -> None:
    written = np.lib.format.open_memmap(
        file, mode="w+", dtype=np.float16, shape=(int(starts[-1]), TEXT_WIDTH)
    )
    tower = load_text_tower()
    by_length = sorted(range(len(tokens.ids)), key=lambda one: len(tokens.ids[one]))
    with torch.inference_mode():
        for start in range(0, len(by_length), TEXTS_A_BATCH):
            numbers = by_length[start : start + TEXTS_A_BATCH]
            ids, mask = tokens.padded(numbers)
            states = tower(input_ids=ids, attention_mask=mask).last_hidden_state.numpy()
            for number, of_text in zip(numbers, states, strict=True):
                low, high = int(starts[number]), int(starts[number + 1])
                written[low:high] = of_text[: high - low]
    written.flush()


def by_length(
    numbers: Sequence[int], lengths: NDArray[np.int64], pooled: Callable[[Sequence[int]], torch.Tensor]
) -> torch.Tensor:
    """What `pooled` makes of texts, asked for 64 of like length at a time, so that little padding is computed."""
    order = np.argsort(lengths, kind="stable")
    blocks = [
        pooled([numbers[place] for place in order[start : start + TEXTS_A_BATCH]])
        for start in range(0, len(order), TEXTS_A_BATCH)
    ]
    return torch.cat(blocks)[torch.from_numpy(np.argsort(order))]


class TextSide(Protocol):
    """What the training needs of a text side."""

    def pooled(self, numbers: Sequence[int]) -> torch.Tensor:
        """Pooled token states (n, 384) of these texts, with gradients where something is trained."""


class Frozen(nn.Module):
    """The sentence encoder as it is: features (texts, 384) computed once."""

    def __init__(self, features: torch.Tensor) -> None:
        super().__init__()
        self.features = features

    def pooled(self, numbers: Sequence[int]) -> torch.Tensor:
        """As `TextSide.pooled`; nothing is trained."""
        return self.features[list(numbers)]


class Appended(nn.Module):
    """Transformer layers of the sentence encoder's own shape, with random weights, over its frozen token states."""

    def __init__(self, states: TokenStates, layers: int) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(text_tower_folder())
        config.num_hidden_layers = layers
        model = AutoModel.from_config(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
        self.encoder = cast("nn.Module", model.encoder)
        self.states = states

    def over(self, states: TokenStates) -> "Appended":
        """The same layers over the states of other texts."""
        other = copy.copy(self)
        other.states = states
        return other

    def pooled(self, numbers: Sequence[int]) -> torch.Tensor:
        """As `TextSide.pooled`."""
        lengths = np.diff(self.states.starts)[list(numbers)]
        return by_length(numbers, lengths, self._pooled_together)

    def _pooled_together(self, numbers: Sequence[int]) -> torch.Tensor:
        states, mask = self.states.padded(numbers)
        hidden = self.encoder(states, attention_mask=_additive(mask)).last_hidden_state
        return masked_mean(hidden.float(), mask)


def _additive(mask: torch.Tensor) -> torch.Tensor:
    """Zero for tokens and the lowest number for padding, (n, 1, t, t) as attention adds it."""
    length = mask.shape[1]
    lowest = torch.finfo(torch.float32).min
    return ((1 - mask.float()) * lowest)[:, None, None, :].expand(-1, 1, length, -1)


class Finetuned(nn.Module):
    """The sentence encoder itself, trained along from its own weights."""

    def __init__(self, tokens: TokenIds) -> None:
        super().__init__()
        self.tower = load_text_tower().requires_grad_(True)
        self.tokens = tokens

    def over(self, tokens: TokenIds) -> "Finetuned":
        """The same tower over other texts."""
        other = copy.copy(self)
        other.tokens = tokens
        return other

    def pooled(self, numbers: Sequence[int]) -> torch.Tensor:
        """As `TextSide.pooled`."""
        lengths = np.array([len(self.tokens.ids[number]) for number in numbers])
        return by_length(numbers, lengths, self._pooled_together)

    def _pooled_together(self, numbers: Sequence[int]) -> torch.Tensor:
        ids, mask = self.tokens.padded(numbers)
        hidden = self.tower(input_ids=ids, attention_mask=mask).last_hidden_state
        return masked_mean(hidden.float(), mask)


@dataclass(frozen=True)
class Texts:
    """The texts of a part, in each form that a text side may want; states only where layers are appended."""

    tokens: TokenIds
    features: torch.Tensor
    states: TokenStates | None


def text_side(recipe: AlignmentRecipe, texts: Texts) -> Frozen | Appended | Finetuned:
    """The text side of a variant over these texts. Raises ValueError where layers find no states."""
    if recipe.text_tower is TextTower.FINETUNED:
        return Finetuned(texts.tokens)
    if not recipe.layers:
        return Frozen(texts.features)
    if texts.states is None:
        raise ValueError("Appended layers need the token states of the texts.")
    return Appended(texts.states, recipe.layers)


def over(side: Frozen | Appended | Finetuned, texts: Texts) -> Frozen | Appended | Finetuned:
    """The same trained text side over the texts of another part."""
    if isinstance(side, Frozen):
        return Frozen(texts.features)
    if isinstance(side, Finetuned):
        return side.over(texts.tokens)
    assert texts.states is not None, "appended layers were trained on states"
    return side.over(texts.states)


def text_tensors(side: Frozen | Appended | Finetuned, frozen_layers: int) -> dict[str, Any]:
    """What was trained, under the names that it has in a sentence encoder with the layers appended, half precision."""
    if isinstance(side, Frozen):
        return {}
    if isinstance(side, Finetuned):
        named = {f"text.transformer.{name}": one for name, one in side.tower.state_dict().items()}
    else:
        named = {}
        for name, one in side.encoder.state_dict().items():
            _layer, number, rest = name.split(".", 2)
            named[f"text.transformer.encoder.layer.{frozen_layers + int(number)}.{rest}"] = one
    return {
        name: one.detach().half().contiguous() if one.is_floating_point() else one.detach().contiguous()
        for name, one in named.items()
    }
