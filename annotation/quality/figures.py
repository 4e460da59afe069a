"""What a report on quality over time holds before it is stored."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class QualityFigures:
    """Figures as plain JSON, and the judgments that they rest on."""

    n_judgments: int
    last_judgment: int
    includes_demo: bool
    figures: dict[str, Any] = field(default_factory=dict)
