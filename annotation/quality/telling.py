"""Stored reports on quality over time as scripts are told them: captions by public id."""

from collections.abc import Iterator
from typing import Any

from annotation.models import CaptionVersion, QualityReport


def told_quality(report: QualityReport) -> dict[str, Any]:
    """Return the figures of a report; the captions behind a signal by the public ids of their versions."""
    figures: dict[str, Any] = report.figures
    if "annotators" not in figures:
        return figures
    wanted = {version for block in _signals(figures) for version in block["versions"]}
    named = CaptionVersion.objects.filter(project=report.project_id, pk__in=wanted)
    names = {pk: str(public_id) for pk, public_id in named.values_list("pk", "public_id")}
    for block in _signals(figures):
        block["versions"] = [names[version] for version in block["versions"] if version in names]
    return figures


def _signals(figures: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for by_measure in figures["annotators"].values():
        for chart in by_measure.values():
            yield from (block for block in chart["blocks"] if "versions" in block)
