"""What a page shows of free texts: each with its caption or image, and what in it may be personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.models import Caption, Image
from releases.free_text import FreeText
from releases.personal import possible_personal_data


@dataclass(frozen=True, slots=True)
class ToldText:
    """A text, the caption that it is about (None: the image), and which kinds of personal data it may hold."""

    text: FreeText
    caption: Caption | None
    image: Image
    personal: tuple[str, ...]


def told_texts(texts: Sequence[FreeText]) -> list[ToldText]:
    """Return the texts of one page."""
    captions = Caption.objects.in_bulk({text.caption for text in texts if text.caption is not None})
    images: dict[UUID, Image] = Image.objects.in_bulk({text.image for text in texts}, field_name="public_id")
    return [
        ToldText(
            text=text,
            caption=captions[text.caption] if text.caption is not None else None,
            image=images[text.image],
            personal=possible_personal_data(text.text),
        )
        for text in texts
    ]
