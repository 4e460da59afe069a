"""Text towers without the padding: a caption of ten words does not pay for seventy-seven."""

from collections.abc import Callable
from typing import Any, cast

import torch

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before open_clip

import open_clip  # isort: skip
from open_clip.hf_model import HFTextEncoder  # isort: skip
from open_clip.transformer import text_global_pool  # isort: skip

TextForward = Callable[[torch.Tensor], torch.Tensor]


def without_padding(tokens: torch.Tensor, padding: int) -> torch.Tensor:
    """The leading columns of (n, length) tokens up to the last one that any row uses."""
    used = (tokens != padding).any(dim=0).nonzero()
    return tokens[:, : int(used.max()) + 1] if len(used) else tokens[:, :1]


def _clip_text_forward(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """`open_clip.CLIP.encode_text` for rows shorter than its context length."""
    dtype = model.transformer.get_cast_dtype()
    length = tokens.shape[1]
    states = model.token_embedding(tokens).to(dtype) + model.positional_embedding[:length].to(dtype)
    states = model.ln_final(model.transformer(states, attn_mask=model.attn_mask[:length, :length]))
    pooled: torch.Tensor = text_global_pool(states, tokens, model.text_pool_type)
    if model.text_projection is None:
        return pooled
    if isinstance(model.text_projection, torch.nn.Linear):
        return cast("torch.Tensor", model.text_projection(pooled))
    return pooled @ cast("torch.Tensor", model.text_projection)


def trimmed_text_forward(model: Any) -> TextForward:
    """The model's text encoder, given tokens without trailing padding where that cannot change the result.

    It cannot where later tokens are masked: in HF towers by the attention mask, in CLIP's own tower, causal
    and pooled at the end token, by causality. Every other tower keeps its full length.
    """
    if isinstance(model, open_clip.CLIP) and model.attn_mask is not None and model.text_pool_type == "argmax":
        return lambda tokens: _clip_text_forward(model, without_padding(tokens, 0))
    tower = getattr(model, "text", None)
    if isinstance(tower, HFTextEncoder):
        padding = int(tower.config.pad_token_id)
        return lambda tokens: cast("torch.Tensor", model.encode_text(without_padding(tokens, padding)))
    return cast("TextForward", model.encode_text)
