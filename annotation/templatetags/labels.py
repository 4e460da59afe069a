"""A label as it is shown everywhere: its colour, its shape or key, its name."""

from typing import Any

from django import template

from annotation.models import Adjudication, Judgment, KnownAnswer, Label

register = template.Library()


@register.inclusion_tag("partials/label_mark.html", takes_context=True)
def given_label(
    context: template.Context, given: Judgment | Adjudication | KnownAnswer, *, word: bool = False
) -> dict[str, Any]:
    """Show the label that a row holds; a page reads the labels of its project once."""
    row = _labels(context, given.project_id).get((given.schema_id, given.label or ""))
    return {"row": row, "label": given.label, "word": word}


def _labels(context: template.Context, project_id: int) -> dict[tuple[int, str], Label]:
    """Return the labels of a project by set and key, remembered with the request."""
    request = context.get("request") or getattr(context, "request", None)
    known: dict[int, dict[tuple[int, str], Label]] = getattr(request, "known_labels", {})
    if project_id not in known:
        rows = Label.objects.filter(schema__project_id=project_id)
        known[project_id] = {(row.schema_id, row.key): row for row in rows}
        if request is not None:
            request.known_labels = known
    return known[project_id]
