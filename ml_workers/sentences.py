"""The sentence encoder that comes with polyannot's packages: MiniLM-L6, tokens pooled by their mean."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from transformers import AutoTokenizer

from measures.bert_score import TokenFeatures
from ml_workers.encoders.batching import ShrinkingBatch, batched
from ml_workers.encoders.towers import TEXT_PACKAGE, TEXT_WIDTH, load_text_tower, text_tower_folder
from ml_workers.encoders.weights import Precision, default_device, dtype_of, weights_sha256

MINILM = "sentence:minilm-l6"
BATCH = {"cpu": 64, "cuda": 1_024}
# As the model was trained (SentenceTransformers, all-MiniLM-L6-v2).
LONGEST_TOKENS = 256

Features = NDArray[np.float32]


@dataclass
class SentenceEncoder:
    """Texts into a space where paraphrases are near; row i of the features has length 1.

    On a GPU where there is one. A batch that does not fit into memory is halved.
    """

    name: str = MINILM
    source: str = f"all-MiniLM-L6-v2 from the package {TEXT_PACKAGE}"
    licence: str = "Apache-2.0"
    preprocessing: str = f"WordPiece tokens, at most {LONGEST_TOKENS}; mean over the tokens"
    dimension: int = TEXT_WIDTH
    model: nn.Module = field(default_factory=load_text_tower)
    device: str = field(default_factory=default_device)
    precision: Precision = "float32"
    weights_hash: str = ""

    def __post_init__(self) -> None:
        self.weights_hash = self.weights_hash or weights_sha256(self.model)
        self.model.to(device=self.device, dtype=dtype_of(self.precision))
        self._batch = ShrinkingBatch(BATCH[torch.device(self.device).type])

    def in_precision(self, precision: Precision) -> Self:
        """The same float32 weights in this precision, as an encoder of its own. ValueError for others."""
        if self.precision != "float32":
            raise ValueError(f"{self.name} has lost the precision that it would be given back.")
        return replace(self, model=deepcopy(self.model), precision=precision)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer that belongs to the weights."""
        return AutoTokenizer.from_pretrained(text_tower_folder())

    @property
    def n_layers(self) -> int:
        """The layers of the model."""
        return int(cast("Any", self.model).config.num_hidden_layers)

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, 384) of the texts, float32."""
        features = np.empty((len(texts), self.dimension), dtype=np.float32)
        for places in self._batches(texts):
            features[places] = self._encode([texts[place] for place in places])
        return features

    def encode_tokens(self, texts: Sequence[str], *, layer: int) -> list[TokenFeatures]:
        """The states of the tokens of each text after this layer, 1 to `n_layers`; [CLS] and [SEP] do not count."""
        found: list[TokenFeatures | None] = [None] * len(texts)
        marks = [self.tokenizer.cls_token_id, self.tokenizer.sep_token_id]
        for places in self._batches(texts):
            tokens = self._tokens([texts[place] for place in places])
            with torch.inference_mode():
                there = {name: column.to(self.device) for name, column in tokens.items()}
                states = self.model(**there, output_hidden_states=True).hidden_states[layer].float()
                rows = functional.normalize(states, dim=-1).cpu().numpy()
            ids, lengths = tokens["input_ids"].numpy(), tokens["attention_mask"].sum(dim=1).tolist()
            for number, place in enumerate(places):
                kept = slice(0, lengths[number])
                found[place] = TokenFeatures(rows[number, kept].copy(), ~np.isin(ids[number, kept], marks))
        return cast("list[TokenFeatures]", found)

    def _tokens(self, texts: Sequence[str]) -> Any:
        return self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=LONGEST_TOKENS, return_tensors="pt"
        )

    def _encode(self, texts: Sequence[str]) -> Features:
        tokens = self._tokens(texts)
        rows = torch.stack([tokens["input_ids"], tokens["attention_mask"]], dim=1)
        with torch.inference_mode():
            features: Features = self._batch.run(self._pooled, rows.to(self.device)).cpu().numpy()
        return features

    def _pooled(self, rows: torch.Tensor) -> torch.Tensor:
        """The features of rows of token ids and the marks of those that count (n, 2, length)."""
        states = self.model(input_ids=rows[:, 0], attention_mask=rows[:, 1]).last_hidden_state.float()
        mask = rows[:, 1].unsqueeze(-1).to(states.dtype)
        return functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=-1)

    def _batches(self, texts: Sequence[str]) -> Iterator[Sequence[int]]:
        """Places of the texts, the shortest first, a batch at a time."""
        order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
        return batched(order, self._batch.size)
