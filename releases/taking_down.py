"""Taking images, captions and whole releases back: the rows stay as tombstones that say who, when and why."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Caption, DropReason, Image
from annotation.models.reviews import ReportKind
from annotation.progress.stocking import retire_image
from annotation.review.adjudicating import decide_report
from annotation.working.reporting import report_pair
from polyannot.kernel.errors import Conflict, Invalid, Missing
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import Project
from releases.models import Release, ReleaseState

LONGEST_REASON = 300


def take_down_image(*, project: Project, key: str, actor: User, why: str) -> Image:
    """Take an image out with all its captions. Raises Missing, Invalid without a reason, Conflict when it is out."""
    image = Image.objects.filter(project=project, key=key.strip()).first()
    if image is None:
        raise Missing("image_missing", _("There is no image %(key)s in this project.") % {"key": key})
    retire_image(image=image, actor=actor, why=why)
    return image


def take_down_caption(*, project: Project, key: str, actor: User, kind: str, why: str) -> Caption:
    """Take a caption down as one act, as a head annotator does who upholds a report.

    Raises Missing, Invalid for an unknown kind, Conflict when it is out of circulation for another reason.
    """
    caption = Caption.objects.filter(project=project, key=key.strip()).first()
    if caption is None:
        raise Missing("caption_missing", _("There is no caption %(key)s in this project.") % {"key": key})
    if kind not in ReportKind.values:
        raise Invalid("report_kind_needed", _("Say why the caption is taken down."))
    with transaction.atomic():
        report = report_pair(caption=caption, reporter=actor, kind=kind, text=why)
        if report is None:
            caption.refresh_from_db(fields=["drop_reason"])
            raise Conflict(
                "caption_out",
                _("The caption is out of circulation already: %(reason)s.")
                % {"reason": DropReason(caption.drop_reason).label},
            )
        decide_report(report=report, head=actor, take_down=True)
    return caption


def withdraw_release(*, release: Release, actor: User, why: str) -> None:
    """Withdraw a release: its row, files and checksums stay listed, its file is given out no more.

    Raises Invalid without a reason, Conflict unless it is built.
    """
    why = one_line(why)
    if not why or len(why) > LONGEST_REASON:
        raise Invalid("withdraw_reason_needed", _("Say in a sentence why the release is withdrawn."))
    with transaction.atomic():
        changed = Release.objects.filter(pk=release.pk, state=ReleaseState.BUILT).update(
            state=ReleaseState.WITHDRAWN, withdrawn_at=timezone.now(), withdrawn_by=actor, withdrawn_why=why
        )
        if not changed:
            raise Conflict("release_not_built", _("Only a release that is built can be withdrawn."))
        append_event(actor=actor, act="release_withdrawn", row=release, fields=["state", "withdrawn_why"])
