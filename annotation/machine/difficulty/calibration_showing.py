"""Thresholds at three batch sizes, as the last calibration of a project found them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.machine.reports import report_of
from annotation.models import MachineReport
from projects.models import Project

KIND = "calibration"
CSV_COLUMNS = (
    "encoder", "weights_sha256", "data_sha256", "seed", "batch_size", "n_pairs", "n_negative", "threshold",
    "precision", "recall", "f1", "is_used",
)  # fmt: skip


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
    """Yield each encoder's curve at the batch size that is used as the cells of `CSV_COLUMNS`, its threshold first.

    Reports of earlier versions have no hashes; their cells are empty.
    """
    for one in report.figures["encoders"]:
        found = next(size for size in one["sizes"] if size["batch_size"] == one["used"])
        told = (one["encoder"], *(one.get(name, "") for name in ("weights_sha256", "data_sha256", "seed")))
        told = (*told, one["used"], found["n_pairs"], found["n_negative"])
        yield (*told, found["threshold"], found["precision"], found["recall"], found["f1"], 1)
        for point in one["curve"]:
            yield (*told, point["threshold"], point["precision"], point["recall"], _f1(point), 0)


def _f1(point: Mapping[str, float]) -> float:
    precision, recall = point["precision"], point["recall"]
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
