"""An export as an answer: the file of its format, written while it is sent."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse

from annotation.exchange.exporting import Export, ExportFormat
from annotation.exchange.exporting_label_studio import ExportedPair, label_studio_file, labeling_config
from annotation.exchange.exporting_tables import json_lines, long_columns, long_rows, wide_columns, wide_rows
from polyannot.kernel.tables import csv_answer
from projects.access import Access

# What is sent at a time.
PIECE = 64 * 1024


def file_of(request: HttpRequest, access: Access, export: Export) -> HttpResponseBase:
    """Return the file of an export that was allowed, written as it is sent."""
    name = f"judgments-{access.project.slug}"
    match export.request.format:
        case ExportFormat.LONG_CSV:
            return csv_answer(f"{name}.csv", long_columns(export.request), long_rows(export))
        case ExportFormat.WIDE_CSV:
            return csv_answer(f"{name}-wide.csv", wide_columns(export), wide_rows(export))
        case ExportFormat.JSON_LINES:
            return _text(f"{name}.jsonl", "application/x-ndjson", json_lines(export))
        case ExportFormat.LABEL_STUDIO:
            tasks = label_studio_file(export, _image_address(request, access, export.request.image_address))
            return _text(f"{name}-label-studio.json", "application/json", tasks)
    return _text(f"{name}-label-studio.xml", "application/xml", [labeling_config(export.schema)])


def _image_address(request: HttpRequest, access: Access, pattern: str) -> Callable[[ExportedPair], str]:
    """Return what names a pair's picture: by the pattern given, else its address on this site."""
    if pattern:
        return lambda pair: pattern.replace("{key}", quote(pair.image_key))
    slug = access.project.slug
    return lambda pair: request.build_absolute_uri(
        reverse("image-file", args=[slug, pair.image_id, "display"])
    )


def _text(name: str, content_type: str, parts: Iterable[str]) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(_pieces(parts), content_type=f"{content_type}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _pieces(parts: Iterable[str]) -> Iterator[str]:
    """Yield the same text in pieces worth sending."""
    waiting: list[str] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= PIECE:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)
