"""Adjudication: one final label where annotators differ; and the decision on reported pairs."""

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import (
    Adjudication,
    Caption,
    CaptionVersion,
    Judgment,
    Label,
    LabelMeaning,
    LabelSchema,
    PairReport,
)
from annotation.models.captions import DropReason
from annotation.models.reviews import ReportState
from annotation.progress.tallying import settle_tallies
from annotation.progress.verdicts import Verdict, versions_in_pool
from polyannot.kernel.errors import Conflict, Denied, Invalid
from polyannot.kernel.text import many_lines
from projects.history import append_event
from projects.models import Project


def undecided_versions(project: Project) -> QuerySet[CaptionVersion]:
    """Return the versions on which annotators differ and nobody has decided, in the order of their images.

    As the tallies were last settled; the images that changed last are settled here.
    """
    settle_tallies(project)
    return (
        versions_in_pool(project)
        .filter(tally__verdict=Verdict.UNDECIDED, tally__is_adjudicated=False)
        .order_by("image__position", "image_id", "caption__pool_rank", "pk")
    )


def adjudicate(
    *,
    version: CaptionVersion,
    head: User,
    label: str,
    schema: LabelSchema | None = None,
    note: str = "",
    seen: str | None = None,
    is_demo: bool = False,
) -> Adjudication:
    """Give a version its final label in a set of labels; a later one supersedes, the same one again changes nothing.

    Without `schema` the set is the one in which the version was judged (`schemas_judged`), else the project's first
    with such a label. `seen` is the final label that the head annotator had before their eyes, empty where there was
    none. Raises Denied for a good on one's own edit, Invalid for a label that the set does not have, Conflict where
    somebody else has given another label than the one seen.
    """
    chosen = _label_of(version, label, schema)
    if chosen.meaning == LabelMeaning.GOOD and version.author_id == head.pk:
        raise Denied("own_edit", _("Somebody else has to find your own edit good."))
    with transaction.atomic():
        CaptionVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=version.pk)
        last = Adjudication.objects.filter(version=version, schema=chosen.schema_id, is_current=True).first()
        if last is not None and last.label == label:
            return last
        if last is not None and seen is not None and last.adjudicator_id != head.pk and last.label != seen:
            raise Conflict(
                "adjudicated_meanwhile",
                _("Somebody else has given a final label meanwhile; nothing was changed. Look again."),
            )
        if last is not None:
            Adjudication.objects.filter(pk=last.pk).update(is_current=False)
        row = Adjudication.objects.create(
            project_id=version.project_id,
            version=version,
            schema_id=chosen.schema_id,
            label=label,
            meaning=chosen.meaning,
            note=many_lines(note)[:2000],
            adjudicator=head,
            supersedes=last,
            is_demo=is_demo,
        )
        append_event(actor=head, act="version_adjudicated", row=row)
    return row


def schemas_judged(version: CaptionVersion) -> list[LabelSchema]:
    """Return the sets of labels in which the version was judged: those that decide first, the last used first."""
    last = dict(
        Judgment.objects.current()
        .filter(version=version)
        .order_by()
        .values_list("schema")
        .annotate(last=Max("pk"))
    )
    schemas = LabelSchema.objects.filter(pk__in=last).prefetch_related("labels")
    return sorted(
        schemas,
        key=lambda row: (
            all(label.meaning == LabelMeaning.NEUTRAL for label in row.labels.all()),
            -last[row.pk],
        ),
    )


def _label_of(version: CaptionVersion, key: str, schema: LabelSchema | None) -> Label:
    """Return the label that is meant. Raises Invalid."""
    labels = Label.objects.filter(schema__project_id=version.project_id, key=key).order_by("schema_id")
    if schema is None:
        schema = next(iter(schemas_judged(version)), None)
    chosen = labels.filter(schema=schema).first() if schema else labels.first()
    if chosen is None:
        raise Invalid("label_unknown", _("There is no label %(label)s in this project.") % {"label": key})
    return chosen


def decide_report(*, report: PairReport, head: User, take_down: bool) -> PairReport:
    """Take a reported caption down for good, or put it back into the pool. Raises Conflict once decided otherwise."""
    state = ReportState.UPHELD if take_down else ReportState.DISMISSED
    with transaction.atomic():
        locked = PairReport.objects.select_for_update(no_key=True, of=("self",)).get(pk=report.pk)
        if locked.state == state:
            return locked
        if locked.state != ReportState.OPEN:
            raise Conflict("report_decided", _("This report was decided otherwise in the meantime."))
        locked.state = state
        locked.decided_by = head
        locked.decided_at = timezone.now()
        locked.save(update_fields=["state", "decided_by", "decided_at"])
        caption = Caption.objects.filter(pk=locked.caption_id)
        if take_down:
            caption.update(drop_reason=DropReason.TAKEN_DOWN)
        else:
            # What went out for another reason in the meantime stays out.
            caption.filter(drop_reason=DropReason.REPORTED).update(drop_reason=DropReason.NONE)
        append_event(actor=head, act="report_decided", row=locked, fields=["state"])
    return locked
