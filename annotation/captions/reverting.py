"""Going back to an earlier text of a caption: a new version with that text and a reason; nothing is removed."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Caption, CaptionVersion, VersionState
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event

LONGEST_REASON = 300


def revert_to_version(*, version: CaptionVersion, actor: User, reason: str) -> CaptionVersion:
    """Make the text of a named version of a caption its current text again; return the new version.

    The new version is an accepted child of the one that stood until now, and waits for a second person before it can be
    released. Raises Invalid without a reason, Conflict where the text stands already, or the version is
    only proposed or was taken back.
    """
    reason = one_line(reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid("revert_reason_needed", _("Say in a sentence why the caption goes back to this text."))
    with transaction.atomic():
        caption = Caption.objects.select_for_update(no_key=True, of=("self",)).get(pk=version.caption_id)
        named = CaptionVersion.objects.get(pk=version.pk)
        standing = CaptionVersion.objects.filter(caption=caption).current().get()
        if named.text == standing.text:
            raise Conflict("text_stands", _("This is the text of the caption now; nothing was changed."))
        if named.state == VersionState.PROPOSED:
            raise Conflict("edit_waits", _("This edit waits for a decision: accept it instead."))
        if named.state == VersionState.WITHDRAWN:
            raise Conflict("edit_withdrawn", _("This edit was taken back; nothing was changed."))
        made = CaptionVersion.objects.create(
            project_id=caption.project_id,
            image_id=caption.image_id,
            caption=caption,
            parent=standing,
            text=named.text,
            content_hash=named.content_hash,
            state=VersionState.ACCEPTED,
            author=actor,
            reverts_to=named,
            reason=reason,
        )
        append_event(actor=actor, act="version_reverted", row=made, fields=["text", "reverts_to", "reason"])
    return made
