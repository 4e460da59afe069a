"""Two small heads over frozen features, in the very form that open_clip gives them."""

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from ml_workers.encoders.towers import IMAGE_WIDTH, TEXT_WIDTH


class ProjectionHeads(nn.Module):
    """An MLP for image features (n, 1280) and one for text features (m, 384), both into `embed_dim` columns.

    Widths, biases and activation are those of open_clip's timm tower (`proj: mlp`) and HF tower
    (`hf_proj_type: mlp`), so that the trained tensors go into an open_clip model unchanged. While
    training, the text features get Gaussian noise and both towers dropout: the towers never change, so
    nothing else varies.
    """

    def __init__(
        self, embed_dim: int, *, dropout_in: float, dropout_hidden: float, text_noise: float
    ) -> None:
        super().__init__()
        between = (TEXT_WIDTH + embed_dim) // 2
        self.image_in = nn.Linear(IMAGE_WIDTH, 2 * embed_dim)
        self.image_out = nn.Linear(2 * embed_dim, embed_dim, bias=False)
        self.text_in = nn.Linear(TEXT_WIDTH, between, bias=False)
        self.text_out = nn.Linear(between, embed_dim, bias=False)
        self.dropout_in = dropout_in
        self.dropout_hidden = dropout_hidden
        self.text_noise = text_noise

    def images(self, features: torch.Tensor) -> torch.Tensor:
        """Standardised image features -> rows of length 1."""
        hidden = functional.dropout(features, self.dropout_in, self.training)
        hidden = functional.gelu(self.image_in(hidden))
        hidden = functional.dropout(hidden, self.dropout_hidden, self.training)
        return functional.normalize(self.image_out(hidden), dim=-1)

    def texts(self, features: torch.Tensor) -> torch.Tensor:
        """Scaled text features -> rows of length 1."""
        if self.training and self.text_noise:
            features = features + self.text_noise * torch.randn_like(features)
        hidden = functional.gelu(self.text_in(functional.dropout(features, 0.1, self.training)))
        return functional.normalize(self.text_out(functional.dropout(hidden, 0.1, self.training)), dim=-1)


# A column that varies less than this share of the median column is dead: it carries nothing to learn.
DEAD_BELOW = 0.01


def column_spread(features: torch.Tensor) -> torch.Tensor:
    """Standard deviation of each column; infinite where the column is dead, so that dividing by it leaves zero.

    MiniLM has three such columns. Divided by their tiny spread they would blow up in half precision.
    """
    spread = features.std(0)
    return spread.masked_fill((spread < DEAD_BELOW * spread.median()) | (spread == 0), torch.inf)


class Standardisation:
    """Mean and spread of the training features, later folded into the first layers so that nobody needs them."""

    def __init__(self, images: torch.Tensor, texts: torch.Tensor) -> None:
        self.image_mean = images.mean(0)
        self.image_spread = column_spread(images)
        # The text head has no bias to take up a mean, so its features are only scaled.
        self.text_spread = column_spread(texts)

    def images(self, features: torch.Tensor) -> torch.Tensor:
        """Zero mean and unit spread in each column."""
        return (features - self.image_mean) / self.image_spread

    def texts(self, features: torch.Tensor) -> torch.Tensor:
        """Unit spread in each column."""
        return features / self.text_spread

    def open_clip_tensors(self, heads: ProjectionHeads, scale: float) -> dict[str, torch.Tensor]:
        """The heads for raw features under open_clip's names, half precision; `scale` multiplies cosines.

        Raises ValueError where a weight is not finite in half precision.
        """
        first = heads.image_in.weight.detach() / self.image_spread
        bias = cast("torch.Tensor", heads.image_in.bias).detach() - first @ self.image_mean
        tensors = {
            "visual.head.mlp.fc1.weight": first,
            "visual.head.mlp.fc1.bias": bias,
            "visual.head.mlp.fc2.weight": heads.image_out.weight.detach(),
            "text.proj.0.weight": heads.text_in.weight.detach() / self.text_spread,
            "text.proj.2.weight": heads.text_out.weight.detach(),
        }
        halved = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
        if not all(torch.isfinite(tensor).all() for tensor in halved.values()):
            raise ValueError("Training did not converge: a weight is not a finite number.")
        return halved | {"logit_scale": torch.tensor(scale).log()}


def project_images(tensors: dict[str, torch.Tensor], features: torch.Tensor) -> torch.Tensor:
    """What the assembled model makes of tower features (n, 1280): rows of length 1."""
    hidden = functional.linear(
        features, tensors["visual.head.mlp.fc1.weight"].float(), tensors["visual.head.mlp.fc1.bias"].float()
    )
    return functional.normalize(
        functional.linear(functional.gelu(hidden), tensors["visual.head.mlp.fc2.weight"].float()), dim=-1
    )


def project_texts(tensors: dict[str, torch.Tensor], features: torch.Tensor) -> torch.Tensor:
    """What the assembled model makes of pooled token states (n, 384): rows of length 1."""
    hidden = functional.gelu(functional.linear(features, tensors["text.proj.0.weight"].float()))
    return functional.normalize(functional.linear(hidden, tensors["text.proj.2.weight"].float()), dim=-1)
