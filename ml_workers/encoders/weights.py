"""What names a model's weights, and where and in which precision they run."""

import hashlib
from typing import Literal

import torch

Precision = Literal["float32", "bfloat16"]


def default_device() -> str:
    """`cuda` where torch can use it, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_of(precision: Precision) -> torch.dtype:
    """The type of weights and activations."""
    return torch.float32 if precision == "float32" else torch.bfloat16


def weights_sha256(model: torch.nn.Module) -> str:
    """SHA-256 over name, type, shape and bytes of every stored tensor, in the order of their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
