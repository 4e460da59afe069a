"""Which images are worked on: retiring one that cannot reach its target, and swapping a reserve in."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Image, ImageState
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import one_line
from projects.history import append_event

LONGEST_REASON = 300


def retire_image(*, image: Image, actor: User, why: str) -> None:
    """Take an image out of the work; its judgments stay. Raises Invalid without a reason, Conflict when it is out."""
    why = one_line(why)
    if not why or len(why) > LONGEST_REASON:
        raise Invalid("retire_reason_needed", _("Say in a sentence why the image is taken out."))
    with transaction.atomic():
        changed = (
            Image.objects.filter(pk=image.pk)
            .exclude(state=ImageState.RETIRED)
            .update(state=ImageState.RETIRED, retired_at=timezone.now(), retired_by=actor, retired_why=why)
        )
        if not changed:
            raise Conflict("image_retired", _("The image had already been taken out."))
        append_event(actor=actor, act="image_retired", row=image, fields=["state", "retired_why"])


def activate_image(*, image: Image, actor: User) -> None:
    """Bring a reserve, set aside or retired image into the work. Raises Conflict when it is there already."""
    with transaction.atomic():
        changed = (
            Image.objects.filter(pk=image.pk)
            .exclude(state=ImageState.ACTIVE)
            .update(state=ImageState.ACTIVE, retired_at=None, retired_by=None, retired_why="")
        )
        if not changed:
            raise Conflict("image_active", _("The image is in the work already."))
        append_event(actor=actor, act="image_activated", row=image, fields=["state"])


def reserve_image(*, image: Image, actor: User) -> None:
    """Set an active image aside that is in no batch yet. Raises Conflict."""
    with transaction.atomic():
        changed = Image.objects.filter(pk=image.pk, state=ImageState.ACTIVE, assignments=None).update(
            state=ImageState.RESERVE
        )
        if not changed:
            raise Conflict("image_in_work", _("Only an active image that is in no batch can be set aside."))
        append_event(actor=actor, act="image_reserved", row=image, fields=["state"])
