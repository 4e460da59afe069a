"""What decides how a text tower is aligned with a locked image tower: the variant and every number of its training."""

from dataclasses import dataclass
from enum import StrEnum


class TextTower(StrEnum):
    """What becomes of the sentence encoder: kept as it is (layers may be appended), or trained along."""

    FROZEN = "frozen"
    FINETUNED = "finetuned"


class Losses(StrEnum):
    """PAIRS: InfoNCE of image and caption. PARAPHRASES: with InfoNCE of caption and paraphrase, twice (ParaCLIP)."""

    PAIRS = "pairs"
    PARAPHRASES = "paraphrases"


MOST_LAYERS = 12


@dataclass(frozen=True)
class AlignmentRecipe:
    """One variant with every number that decides the outcome; stored with the model.

    `layers` transformer layers are appended over the token states of the frozen sentence encoder (m of the paraphrased
    retrieval paper; 0: the heads alone). `head_rate`, `layer_rate` and `tower_rate` are the highest learning rates of
    the heads, the appended layers and a finetuned sentence encoder. With `mixed_precision` those layers run in bfloat16
    while training, as in the source: on a processor that knows it three times as fast. Raises ValueError for numbers
    that make no sense.
    """

    layers: int = 0
    text_tower: TextTower = TextTower.FROZEN
    losses: Losses = Losses.PARAPHRASES
    epochs: int = 10
    images_a_batch: int = 256
    head_rate: float = 1e-4
    layer_rate: float = 5e-4
    tower_rate: float = 5e-5
    weight_decay: float = 0.1
    dropout_in: float = 0.3
    dropout_hidden: float = 0.5
    text_noise: float = 0.5
    averaging: float = 0.99
    mixed_precision: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.layers <= MOST_LAYERS:
            raise ValueError(f"{self.layers} layers cannot be appended: 0 to {MOST_LAYERS}.")
        if self.layers and self.text_tower is TextTower.FINETUNED:
            raise ValueError("Layers are appended to a frozen text tower, not to a finetuned one.")
        if self.epochs < 1 or self.images_a_batch < 2:
            raise ValueError("Training needs at least one epoch and two images a batch.")

    @property
    def name(self) -> str:
        """The variant in a few words, as tables name it."""
        tower = "text tower finetuned" if self.text_tower is TextTower.FINETUNED else "text tower frozen"
        layers = f" + {self.layers} layers" if self.layers else ""
        losses = "image-caption loss" if self.losses is Losses.PAIRS else "paraphrase losses"
        return f"{tower}{layers}, {losses}"
