"""Pages of a list: a cursor after the last row, so that rows that come meanwhile are neither skipped nor told twice."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

LARGEST_ROW_ID = 2**63 - 1


class ByCursor(CursorPagination):
    """Newest first, or oldest first where the view says so; `page_size` from 1 to 200."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    cursor_query_description = "Where to go on: as it stands in `next` and `previous`."
    page_size_query_description = "Rows of a page, at most 200."

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """Return the view's order by row id."""
        return ("pk",) if getattr(view, "oldest_first", False) else ("-pk",)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor; raises NotFound for one that this API did not write."""
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        if not (position.isascii() and position.isdigit() and int(position) <= LARGEST_ROW_ID):
            raise NotFound(_("There is no such place in the list."))
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the form of a page for the document."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }
