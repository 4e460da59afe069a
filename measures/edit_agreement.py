"""Agreement of edits: did both edit the same caption, with the same kinds, to the same text?

The item is the caption as it was shown. Kept apart from agreement on labels, with an n of its own each
(docs/algorithms/agreement.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from measures.intervals import Interval
from measures.proportions import wilson


@dataclass(frozen=True, slots=True)
class GoodAnswer:
    """A rater's good on a caption: as it is (`text` empty), or after an edit to `text` of these kinds."""

    rater: object
    text: str = ""
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PairShare:
    """A share of rater pairs with Wilson's interval, which takes pairs as independent; None without a pair."""

    pairs: int
    agreed: int
    share: float | None
    interval: Interval

    def to_json(self) -> dict[str, object]:
        """The share as plain JSON values."""
        return {
            "pairs": self.pairs,
            "agreed": self.agreed,
            "share": self.share,
            "interval": self.interval.to_json(),
        }


@dataclass(frozen=True, slots=True)
class EditAgreement:
    """Over pairs of raters who both called a caption good: what they made of it.

    both_edited: of the pairs in which at least one edited. same_kinds and same_text: of those in which both did.
    final_text: of all pairs, those whose text, edited or not, is the same in the end.
    """

    both_edited: PairShare
    same_kinds: PairShare
    same_text: PairShare
    final_text: PairShare

    def to_json(self) -> dict[str, object]:
        """The four shares as plain JSON values."""
        return {
            name: getattr(self, name).to_json()
            for name in ("both_edited", "same_kinds", "same_text", "final_text")
        }


def edit_agreement(edited: Iterable[Sequence[GoodAnswer]], unedited_pairs: int = 0) -> EditAgreement:
    """Count over captions that somebody edited; `edited` holds the goods on each, one of a rater.

    unedited_pairs: pairs of raters who called the same caption good and nobody edited it; their final text is the
    same.
    """
    some = both = kinds = texts = final = pairs = 0
    for answers in edited:
        for one, other in combinations(answers, 2):
            pairs += 1
            final += one.text == other.text
            some += bool(one.text or other.text)
            if one.text and other.text:
                both += 1
                kinds += one.kinds == other.kinds
                texts += one.text == other.text
    return EditAgreement(
        both_edited=_share(both, some),
        same_kinds=_share(kinds, both),
        same_text=_share(texts, both),
        final_text=_share(final + unedited_pairs, pairs + unedited_pairs),
    )


def _share(agreed: int, pairs: int) -> PairShare:
    return PairShare(pairs, agreed, agreed / pairs if pairs else None, wilson(agreed, pairs))


def unedited_good_pairs(goods: Mapping[object, int]) -> int:
    """Return the pairs of raters in captions of which so many raters said good and nobody edited."""
    return sum(n * (n - 1) // 2 for n in goods.values())
