"""Filters over captions that people keep under a name."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from annotation.captions.searching import filter_of
from annotation.models import SavedFilter
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import one_line
from projects.access import Access
from projects.history import append_event

LONGEST_NAME = 80


def save_filter(*, access: Access, name: str, query: str, is_shared: bool = False) -> SavedFilter:
    """Keep a filter under a name; one's own filter of that name is replaced.

    Raises Invalid without a name or for a filter that asks nothing, Conflict where a shared one has the name.
    """
    name, query = one_line(name), filter_of(query).query
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(
            "filter_name", _("Give the filter a name of at most %(n)d characters.") % {"n": LONGEST_NAME}
        )
    if not query:
        raise Invalid("filter_empty", _("This filter asks for nothing: set something before you save it."))
    try:
        with transaction.atomic():
            row, _created = SavedFilter.objects.update_or_create(
                project=access.project,
                owner=access.user,
                name=name,
                defaults={"query": query, "is_shared": is_shared},
            )
            append_event(actor=access.user, act="filter_saved", row=row)
    except IntegrityError as error:
        raise Conflict(
            "filter_name_taken", _("Somebody shares a filter of this name already; take another.")
        ) from error
    return row


def delete_filter(*, saved: SavedFilter, access: Access) -> None:
    """Remove one's own filter; nothing else refers to it. Raises Denied."""
    if saved.owner_id != access.user.pk:
        raise Denied("filter_of_another", _("Only who saved a filter removes it."))
    with transaction.atomic():
        append_event(actor=access.user, act="filter_deleted", row=saved)
        saved.delete()
