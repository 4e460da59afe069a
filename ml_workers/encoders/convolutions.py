"""Convolutions as a processor likes them: batch norms folded in, channels last; the outputs stay the same."""

from typing import Any, cast

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from ml_workers.encoders import torchvision_shim  # noqa: F401 - must come before timm

from timm.layers.norm_act import BatchNormAct2d  # isort: skip


def fold_batch_norms(model: nn.Module) -> nn.Module:
    """Fold each frozen timm batch norm into the convolution just before it, in place; returns the model.

    The outputs stay equal within float32 rounding (about 2e-5 on features of order 1). Only for evaluation.
    """
    for parent in model.modules():
        previous: tuple[str, nn.Module] | None = None
        for name, child in list(parent.named_children()):
            if previous and isinstance(child, BatchNormAct2d) and isinstance(previous[1], nn.Conv2d):
                setattr(parent, previous[0], fuse_conv_bn_eval(previous[1], child))
                setattr(parent, name, child.act)
            previous = (name, child)
    return model


def channels_last(model: nn.Module) -> nn.Module:
    """The model with its weights in channels-last order, in place; on a CPU about twice as fast."""
    untyped = cast("Any", model)
    untyped.to(memory_format=torch.channels_last)
    return model
