"""Thresholds at three batch sizes, as the last calibration of a project found them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.machine.reports import report_of
from annotation.models import MachineReport
from projects.models import Project

KIND = "calibration"
CSV_COLUMNS = ("encoder", "batch_size", "threshold", "precision", "recall")


@dataclass(frozen=True, slots=True)
class SizeCell:
    """What one encoder's calibration found at one batch size; `is_repeated` where there were too few pairs for it."""

    found: Mapping[str, Any]
    is_used: bool
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class ShownCalibration:
    """The last calibration of a project: a row for each encoder with a cell for each size asked for."""

    report: MachineReport
    asked: Sequence[int]
    rows: list[tuple[str, list[SizeCell]]]


def shown_calibration(project: Project) -> ShownCalibration | None:
    """Return the last calibration of a project that kept its curves, or None before there is one."""
    report = report_of(project, KIND)
    if report is None:
        return None
    told = report.figures["encoders"]
    return ShownCalibration(
        report=report,
        asked=[one["asked"] for one in told[0]["sizes"]],
        rows=[(one["encoder"], _cells(one)) for one in told],
    )


def _cells(told: Mapping[str, Any]) -> list[SizeCell]:
    cells, seen = [], set[int]()
    for place, found in enumerate(told["sizes"]):
        cells.append(SizeCell(found, place == 1, found["batch_size"] in seen))
        seen.add(found["batch_size"])
    return cells


def curve_rows(report: MachineReport) -> Iterator[Sequence[object]]:
    """Yield the curve of each encoder at the batch size that is used."""
    for one in report.figures["encoders"]:
        for point in one["curve"]:
            yield one["encoder"], one["used"], point["threshold"], point["precision"], point["recall"]
