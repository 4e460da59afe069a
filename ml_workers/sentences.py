"""The sentence encoder that comes with polyannot's packages: MiniLM-L6, tokens pooled by their mean."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from transformers import AutoTokenizer

from ml_workers.encoders.towers import TEXT_PACKAGE, TEXT_WIDTH, load_text_tower, text_tower_folder
from ml_workers.encoders.weights import weights_sha256

MINILM = "sentence:minilm-l6"
BATCH = 64
# As the model was trained (SentenceTransformers, all-MiniLM-L6-v2).
LONGEST_TOKENS = 256

Features = NDArray[np.float32]


@dataclass
class SentenceEncoder:
    """Texts into a space where paraphrases are near; row i of the features has length 1."""

    name: str = MINILM
    source: str = f"all-MiniLM-L6-v2 from the package {TEXT_PACKAGE}"
    licence: str = "Apache-2.0"
    preprocessing: str = f"WordPiece tokens, at most {LONGEST_TOKENS}; mean over the tokens"
    dimension: int = TEXT_WIDTH
    model: nn.Module = field(default_factory=load_text_tower)

    @cached_property
    def weights_hash(self) -> str:
        """SHA-256 of the weights, 64 hex digits."""
        return weights_sha256(self.model)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer that belongs to the weights."""
        return AutoTokenizer.from_pretrained(text_tower_folder())

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """Features (n, 384) of the texts, float32."""
        order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
        features = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            features[places] = self._encode([texts[place] for place in places])
        return features

    def _encode(self, texts: Sequence[str]) -> Features:
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=LONGEST_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            states = self.model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
            pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
            result: Features = functional.normalize(pooled, dim=-1).numpy()
        return result
