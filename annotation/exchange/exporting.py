"""Judgments for use elsewhere: which of them, under which names of raters, in which file; written as they are sent.

What each file holds: docs/algorithms/judgment-formats.md.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import models, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, QuerySet, Subquery, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.agreement.ratings import AFTER_EDIT, Outcome, judgments_before_feedback
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    CaptionVersion,
    Judgment,
    LabelSchema,
    VersionState,
)
from annotation.models.work import JudgmentMode
from polyannot.kernel.errors import Denied, Invalid
from projects.access import Access
from projects.history import append_event
from projects.models import Project, Role

ROWS_AT_ONCE = 2000


class ExportFormat(models.TextChoices):
    """The files that judgments go out in."""

    LONG_CSV = "long_csv", gettext_lazy("Long table: one judgment a row (CSV)")
    WIDE_CSV = "wide_csv", gettext_lazy("Wide table: pairs by raters (CSV)")
    JSON_LINES = "json_lines", gettext_lazy("JSON lines: one judgment a line, with everything")
    LABEL_STUDIO = "label_studio", gettext_lazy("Label Studio: tasks with annotations (JSON)")
    LABEL_STUDIO_CONFIG = "label_studio_config", gettext_lazy("Label Studio: the labeling config (XML)")


class Which(models.TextChoices):
    """Which judgments are sent."""

    RATINGS = "ratings", gettext_lazy("Independent ratings, as agreement reads them")
    CURRENT = "current", gettext_lazy("Everybody's last word, revisions and bulk answers included")
    ALL = "all", gettext_lazy("Every judgment ever made, changed and undone ones too")


class RaterNames(models.TextChoices):
    """What raters are called in a file."""

    PSEUDONYMS = "pseudonyms", gettext_lazy("Pseudonyms, new in each file")
    USERNAMES = "usernames", gettext_lazy("Sign-in names")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What somebody asks for; `image_address` is a pattern with {key}, for Label Studio, "" for this site's pages.

    `schema` is the set of labels where no batch says it: answers with different sets are no answers to one question,
    and stand together in JSON lines alone, each with its set.
    """

    format: str = ExportFormat.LONG_CSV
    batch: Batch | None = None
    schema: LabelSchema | None = None
    which: str = Which.RATINGS
    outcome: str = Outcome.LABELS
    names: str = RaterNames.PSEUDONYMS
    with_keys: bool = True
    with_mode: bool = False
    with_edits: bool = False
    image_address: str = ""


@dataclass(frozen=True, slots=True)
class ExportedJudgment:
    """One judgment with all that a file may say of it; the rater is named by row id until it is written."""

    version_id: int
    annotator_id: int
    public_id: UUID
    batch: str
    batch_id: UUID
    purpose: str
    image_key: str
    image_id: UUID
    caption_key: str
    item_id: UUID
    text: str
    caption_version: int
    label: str | None
    meaning: str | None
    schema: str
    guideline: int
    note: str
    mode: str
    is_revision: bool
    is_current: bool
    is_gold: bool
    is_demo: bool
    duration_ms: int
    made_at: datetime
    received_at: datetime
    supersedes: UUID | None
    edited_text: str | None
    edited_kinds: list[str] | None
    edited_state: str | None

    def outcome(self, outcome: str) -> str:
        """Return the label, a good after an edit kept apart where the outcome says so; "" for an undo."""
        if outcome == Outcome.WITH_EDITS and self.edited_text is not None:
            return AFTER_EDIT
        return self.label or ""


def without_proposed_text(row: ExportedJudgment) -> ExportedJudgment:
    """Return the judgment without the text of an edit that nobody has accepted: reviewers and adjudicators see that."""
    is_hidden = row.edited_state not in {None, VersionState.ACCEPTED}
    return replace(row, edited_text="") if is_hidden else row


COLUMNS = (
    "version_id annotator_id public_id batch__name batch__public_id batch__purpose image__key image__public_id "
    "caption__key version__public_id version__text caption_version label meaning schema__name guideline__number "
    "note mode is_revision is_current is_gold is_demo duration_ms made_at received_at supersedes__public_id "
    "edited_version__text edited_version__kinds edited_version__state"
).split()


@dataclass(frozen=True)
class Export:
    """An export that was allowed: what was asked for, and what raters are called in this file alone."""

    project: Project
    request: ExportRequest
    schema: LabelSchema
    rater_names: Mapping[int, str] = field(default_factory=dict)
    sees_proposed: bool = True

    @property
    def judgments(self) -> QuerySet[Judgment]:
        """Return the judgments that were asked for, revised ratings as they are now."""
        return wanted_judgments(self.project, self.request, self.schema)

    def rows(self, *, by_item: bool = False) -> Iterator[ExportedJudgment]:
        """Yield the judgments in the order they were received, or item by item; a few thousand in memory at a time.

        Of the independent ratings, those that feedback revised come as they were before it, after the others.
        """
        for row in self._rows(by_item=by_item):
            yield row if self.sees_proposed else without_proposed_text(row)

    def _rows(self, *, by_item: bool) -> Iterator[ExportedJudgment]:
        earlier: list[int] = []
        if self.request.which == Which.RATINGS:
            earlier = [row.pk for row in self.before_feedback()]
        if by_item:
            together = self.judgments | Judgment.objects.filter(pk__in=earlier) if earlier else self.judgments
            yield from exported(together.order_by("version_id", "pk"))
            return
        yield from exported(self.judgments.order_by("pk"))
        if earlier:
            yield from exported(Judgment.objects.filter(pk__in=earlier).order_by("pk"))

    def before_feedback(self) -> list[Judgment]:
        """Return the independent ratings that revisions took the place of."""
        revised = _ratings_of(self.project, self.request, self.schema).filter(is_revision=True)
        before = revised.exclude(supersedes=None).values_list("supersedes_id", flat=True)
        return judgments_before_feedback([pk for pk in before if pk is not None])


def begin_export(*, access: Access, request: ExportRequest) -> Export:
    """Allow an export and note it in the history; the file is then made from `Export.rows` as it is sent.

    Raises Denied for sign-in names to anybody but an admin, Invalid where the project has no labels or the choices do
    not go together.
    """
    if request.names == RaterNames.USERNAMES and not access.may_act_as(Role.ADMIN):
        raise Denied("names_for_admins", _("Only a project admin may export the names of raters."))
    if request.format == ExportFormat.WIDE_CSV and request.which == Which.ALL:
        raise Invalid(
            "wide_needs_one_answer",
            _("A wide table has room for one answer of a rater to a pair; choose ratings or last words."),
        )
    schema = _schema_of(access.project, request)
    with transaction.atomic():
        append_event(
            actor=access.user,
            act="judgments_exported",
            row=request.batch or access.project,
            project=access.project,
            fields=[request.format, request.which, request.names],
        )
    names: Mapping[int, str] = {}
    if request.format != ExportFormat.LABEL_STUDIO_CONFIG:
        names = _rater_names(access.project, request)
    return Export(
        project=access.project,
        request=request,
        schema=schema,
        rater_names=names,
        sees_proposed=access.may_act_as(Role.HEAD),
    )


def schemas_asked(project: Project) -> QuerySet[LabelSchema]:
    """Return the sets of labels that batches of the project ask for; all of its sets before there is a batch."""
    schemas = LabelSchema.objects.filter(project=project).order_by("pk")
    asked = schemas.filter(Exists(Batch.objects.filter(schema=OuterRef("pk"))))
    return asked if asked.exists() else schemas


def _schema_of(project: Project, request: ExportRequest) -> LabelSchema:
    """Return the set of labels of an export. Raises Invalid where there is none, or nobody said which of several."""
    if request.batch is not None:
        return request.batch.schema
    if request.schema is not None:
        return request.schema
    asked = list(schemas_asked(project)[:2])
    if not asked:
        raise Invalid("labels_missing", _("This project has no labels yet, so there are no judgments."))
    if len(asked) > 1 and not _mixes_schemas(request):
        raise Invalid(
            "labels_needed",
            _(
                "These batches ask for different labels; choose a batch, or one set of labels. Nothing was sent."
            ),
        )
    return asked[0]


def _mixes_schemas(request: ExportRequest) -> bool:
    """Say whether the file holds judgments with any labels: each line then names its set."""
    is_open = request.batch is None and request.schema is None
    return is_open and request.format == ExportFormat.JSON_LINES and request.which != Which.RATINGS


def wanted_judgments(project: Project, request: ExportRequest, schema: LabelSchema) -> QuerySet[Judgment]:
    """Return the judgments that a request means, without order."""
    if request.which == Which.RATINGS:
        return _ratings_of(project, request, schema).filter(is_revision=False)
    judgments = _in_scope(project, request)
    if not _mixes_schemas(request):
        judgments = judgments.filter(schema=schema)
    return judgments.last_words() if request.which == Which.CURRENT else judgments  # type: ignore[attr-defined]


def _in_scope(project: Project, request: ExportRequest) -> QuerySet[Judgment]:
    judgments = Judgment.objects.filter(project=project)
    return judgments.filter(batch=request.batch) if request.batch else judgments


def _ratings_of(project: Project, request: ExportRequest, schema: LabelSchema) -> QuerySet[Judgment]:
    """Return what `read_judgments` takes, with the revisions that it takes an earlier judgment for."""
    current: QuerySet[Judgment] = _in_scope(project, request).current()  # type: ignore[attr-defined]
    return current.filter(schema=schema, version__state=VersionState.BASE).exclude(mode=JudgmentMode.REST_BAD)


def exported(judgments: QuerySet[Judgment]) -> Iterator[ExportedJudgment]:
    """Yield ordered judgments as they are written, read from the database a few thousand at a time."""
    older = (
        CaptionVersion.objects.filter(caption=OuterRef("caption"), pk__lt=OuterRef("version"))
        .order_by()
        .values("caption")
        .annotate(n=Count("pk"))
        .values("n")
    )
    number = Case(When(version__parent=None, then=Value(0)), default=Subquery(older))
    rows = judgments.annotate(caption_version=number).values_list(*COLUMNS)
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield ExportedJudgment(*row)


def _rater_names(project: Project, request: ExportRequest) -> dict[int, str]:
    """Return what each rater is called in this file.

    Pseudonyms are drawn anew each time from the system's randomness, and no seed is kept: two files cannot be joined
    by them.
    """
    people = ("annotator", "annotator__username")
    raters = set(_in_scope(project, request).order_by().values_list(*people).distinct())
    if request.format == ExportFormat.LABEL_STUDIO:
        skips = Assignment.objects.filter(project=project, state=AssignmentState.SKIPPED)
        skips = skips.filter(batch=request.batch) if request.batch else skips
        raters |= set(skips.order_by().values_list(*people).distinct())
    found = sorted(raters)
    if request.names == RaterNames.USERNAMES:
        return dict(found)
    secrets.SystemRandom().shuffle(found)
    width = max(2, len(str(len(found))))
    return {pk: f"rater_{place:0{width}d}" for place, (pk, _name) in enumerate(found, start=1)}


def count_judgments(project: Project, batch: Batch | None, most: int) -> int:
    """Return how many last words a scope has, counted no further than one above `most`."""
    judgments = _in_scope(project, ExportRequest(batch=batch))
    return judgments.filter(is_current=True, label__isnull=False).annotate(one=F("pk"))[: most + 1].count()
