"""What goes into a release only when somebody asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Extras:
    """Whether what people wrote while they worked goes in, and what participants said of themselves; both stay out."""

    free_text: bool = False
    demographics: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return what the parameters of a job, or the fields of a form, ask for."""
        return cls(
            free_text=bool(given.get("with_free_text")), demographics=bool(given.get("with_demographics"))
        )

    @property
    def named(self) -> str:
        """Return what is asked for in words that a program compares; empty without anything."""
        asked = {"free_text": self.free_text, "demographics": self.demographics}
        return " ".join(name for name, is_asked in asked.items() if is_asked)


NOTHING_EXTRA = Extras()
