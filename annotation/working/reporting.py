"""Reporting a pair: out of circulation at once, decided by a head annotator later."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Caption, DropReason, PairReport
from annotation.models.reviews import ReportKind, ReportState
from polyannot.kernel.errors import Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event

LONGEST_REPORT = 2000


def report_pair(*, caption: Caption, reporter: User, kind: str, text: str = "") -> PairReport | None:
    """Take a caption out of circulation and leave a report for a head annotator.

    Reporting again while a report is open returns that report; None when the caption is out for another reason
    already. Raises Invalid for an unknown kind.
    """
    if kind not in ReportKind.values:
        raise Invalid("report_kind_needed", _("Say why you report this pair."))
    with transaction.atomic():
        locked = Caption.objects.select_for_update(no_key=True, of=("self",)).get(pk=caption.pk)
        if locked.drop_reason != DropReason.NONE:
            return PairReport.objects.filter(caption=locked, state=ReportState.OPEN).first()
        locked.drop_reason = DropReason.REPORTED
        locked.save(update_fields=["drop_reason"])
        report = PairReport.objects.create(
            project_id=locked.project_id,
            image_id=locked.image_id,
            caption=locked,
            reporter=reporter,
            kind=kind,
            text=many_lines(text)[:LONGEST_REPORT],
        )
        append_event(actor=reporter, act="pair_reported", row=report, fields=["kind"])
    return report
