"""Judgments for use elsewhere: the page, and the file written while it is sent."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotation.exchange.exporting import Export, ExportFormat, begin_export, count_judgments, schemas_asked
from annotation.exchange.exporting_label_studio import ExportedPair, label_studio_file, labeling_config
from annotation.exchange.exporting_tables import json_lines, long_columns, long_rows, wide_columns, wide_rows
from annotation.forms.exporting import ExportForm
from polyannot.kernel.errors import Invalid
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role

MAY_EXPORT = (Role.HEAD, Role.RESEARCHER)
# The page says "more than" beyond this.
MOST_COUNTED = 10_000
# What is sent at a time.
PIECE = 64 * 1024


@require_safe
@project_view(*MAY_EXPORT)
def judgments_export(request: HttpRequest, access: Access) -> HttpResponse:
    """Say what each file holds, and ask which one."""
    form = ExportForm(project=access.project, may_name=access.may_act_as(Role.ADMIN))
    return _page(request, access, form)


def _page(request: HttpRequest, access: Access, form: ExportForm) -> HttpResponse:
    schema = schemas_asked(access.project).first()
    context = {
        "form": form,
        "schema": schema,
        "categories": ",".join(label.key for label in schema.labels.all()) if schema else "",
        "n_judgments": count_judgments(access.project, None, MOST_COUNTED),
        "most_counted": MOST_COUNTED,
        "may_name": access.may_act_as(Role.ADMIN),
        "may_import": access.may_act_as(Role.HEAD, Role.ADMIN),
        "tab": "judgments",
    }
    status = 422 if form.errors else 200
    return render(request, "annotation/exchange/export.html", context, status=status)


@require_POST
@project_view(*MAY_EXPORT)
def judgments_export_file(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Note the export and send the file while it is written."""
    form = ExportForm(request.POST, project=access.project, may_name=access.may_act_as(Role.ADMIN))
    if not form.is_valid():
        return _page(request, access, form)
    try:
        export = begin_export(access=access, request=form.wanted)
    except Invalid as error:
        form.add_error(None, str(error.message))
        return _page(request, access, form)
    return _file(request, access, export)


def _file(request: HttpRequest, access: Access, export: Export) -> HttpResponseBase:
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
