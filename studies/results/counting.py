"""Answers as counts: participants x pairs, in an order that says nothing about who came when."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from studies.design.cards import Role
from studies.design.rows import AnswerRow

Counts = npt.NDArray[np.float64]


class AnswerTable:
    """Counts of good (or sums of grades, where `by_grade`) and of all answers in one role, participants x pairs.

    Participants stand in the order of their answers (which pairs, then what they said), not of their arrival: the
    same answers under other names, or in another order, give the same table and so the same resamples. Raises
    ValueError where a pair is named twice or was answered twice by one person.
    """

    def __init__(
        self,
        rows: Sequence[AnswerRow],
        pairs: Sequence[int],
        role: Role = "target",
        *,
        by_grade: bool = False,
    ) -> None:
        place = {pair: column for column, pair in enumerate(pairs)}
        if len(place) < len(pairs):
            raise ValueError("A set names a pair twice.")
        used = [row for row in rows if row.role == role and row.pair in place]
        line = {who: number for number, who in enumerate(sorted({row.participant for row in used}))}
        good: Counts = np.zeros((len(line), len(pairs)))
        size: Counts = np.zeros((len(line), len(pairs)))
        for row in used:
            size[line[row.participant], place[row.pair]] += 1
            good[line[row.participant], place[row.pair]] += (row.grade or 0) if by_grade else row.is_good
        if size.size and size.max() > 1:
            raise ValueError("A participant answered a pair twice; a repeat has a role of its own.")
        order = sorted(range(len(line)), key=lambda number: (*size[number].tolist(), *good[number].tolist()))
        self.good, self.size = good[order], size[order]
