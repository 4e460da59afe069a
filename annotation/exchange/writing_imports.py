"""Writing imported ratings: labels and batches where they lack, an assignment for each rater and image, judgments."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.captions.editing import propose_edit
from annotation.exchange.deciding_imports import Decided, LabelsFound, NewRating
from annotation.exchange.imported_raters import FileRater
from annotation.models import (
    Assignment,
    AssignmentState,
    Batch,
    BatchPurpose,
    CaptionVersion,
    Judgment,
    LabelSchema,
)
from annotation.models.work import JudgmentMode, SkipReason
from annotation.rules.label_schemas import make_schema
from annotation.working.judging import LONGEST_DURATION_MS
from polyannot.kernel.errors import Conflict, Invalid
from projects.history import append_event
from projects.models import Project

ROWS_AT_ONCE = 2000


def schema_for(
    project: Project,
    *,
    given: LabelSchema | None,
    name: str,
    level: str,
    labels: LabelsFound,
    actor: User | None,
) -> LabelSchema:
    """Return the set of labels, made from the file's labels where there is none of this name."""
    if given is not None:
        return given
    return make_schema(
        project=project,
        actor=actor,
        name=name,
        level=level,
        labels=labels.labels,
        allows_edits=labels.allows_edits,
    )


def batches_for(
    project: Project,
    names: Mapping[str, str],
    *,
    schema: LabelSchema,
    needed: int,
    there: Mapping[str, Batch | None],
    actor: User | None,
) -> dict[str, Batch]:
    """Return the batch of each round; new ones are closed, for nobody is to judge in them.

    Raises Conflict where a batch of the name holds other work or other labels.
    """
    guideline = project.guidelines.order_by("-number").first()
    if guideline is None:
        raise Invalid("project_unready", _("The project needs guidelines before judgments are imported."))
    found: dict[str, Batch] = {}
    for each, name in names.items():
        batch = there.get(each)
        if batch is None:
            batch = Batch.objects.create(
                project=project,
                name=name,
                purpose=BatchPurpose.IMPORTED,
                overlap=needed,
                schema=schema,
                guideline=guideline,
                closed_at=timezone.now(),
            )
        elif batch.purpose != BatchPurpose.IMPORTED or batch.schema_id != schema.pk:
            raise Conflict(
                "batch_of_other_work",
                _("The batch %(name)s holds other work or other labels; choose another name.")
                % {"name": name},
            )
        append_event(actor=actor, act="judgments_imported", row=batch, project=project)
        found[each] = batch
    return found


@dataclass
class Places:
    """The assignments of a batch's raters, those that are there and those to be made, and the next free slots."""

    batch: Batch
    there: dict[tuple[int, int], Assignment] = field(default_factory=dict)
    made: list[Assignment] = field(default_factory=list)
    grown: dict[int, Assignment] = field(default_factory=dict)
    slots: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    position: int = 0

    @classmethod
    def of(cls, batch: Batch) -> "Places":
        """Return the places as earlier imports into the batch left them."""
        places = cls(batch=batch)
        for row in Assignment.objects.filter(batch=batch).order_by("pk").iterator():
            places.there[(row.image_id, row.annotator_id or 0)] = row
        rows = Assignment.objects.filter(batch=batch).order_by().values("image")
        for told in rows.annotate(slot=Max("slot"), place=Max("position")):
            places.slots[told["image"]] = told["slot"] + 1
            places.position = max(places.position, told["place"] + 1)
        return places

    def place(
        self, image: int, person: int, versions: Iterable[int], times: Sequence[datetime]
    ) -> Assignment:
        """Return the assignment of a rater for an image, with these versions added to what was shown."""
        found = self.there.get((image, person))
        if found is None:
            found = self._new(image, person, AssignmentState.DONE, times)
        elif found.pk:
            self.grown[found.pk] = found
            found.state, found.skip_reason = AssignmentState.DONE, ""
        found.version_ids = list(dict.fromkeys([*found.version_ids, *versions]))
        return found

    def skip(self, image: int, person: int, versions: Iterable[int], now: datetime) -> None:
        """Note that a rater passed over an image, unless they judged something of it."""
        if (image, person) not in self.there:
            row = self._new(image, person, AssignmentState.SKIPPED, [now])
            row.skip_reason, row.version_ids = SkipReason.OTHER, list(versions)

    def _new(self, image: int, person: int, state: AssignmentState, times: Sequence[datetime]) -> Assignment:
        row = Assignment(
            project_id=self.batch.project_id,
            batch=self.batch,
            image_id=image,
            annotator_id=person,
            slot=self.slots[image],
            position=self.position,
            state=state,
            started_at=min(times),
            finished_at=max(times),
        )
        self.slots[image] += 1
        self.position += 1
        self.there[(image, person)] = row
        self.made.append(row)
        return row

    def write(self) -> None:
        """Write what is new and what grew."""
        Assignment.objects.bulk_create(self.made, batch_size=ROWS_AT_ONCE)
        Assignment.objects.bulk_update(
            self.grown.values(), ["version_ids", "state", "skip_reason"], batch_size=ROWS_AT_ONCE
        )


def write_ratings(
    *,
    decided: Decided,
    labels: LabelsFound,
    raters: Mapping[str, FileRater],
    batches: Mapping[str, Batch],
    schema: LabelSchema,
) -> None:
    """Write the new ratings and skips of a file; call it inside the import's transaction."""
    now = timezone.now()
    people = {name: rater.user for name, rater in raters.items() if rater.user is not None}
    for each, batch in batches.items():
        places = Places.of(batch)
        rows = [row for row in decided.new if row.given.round == each]
        groups: dict[tuple[int, int], list[NewRating]] = defaultdict(list)
        for row in rows:
            if row.version is not None:
                groups[(row.version.image, people[row.given.rater].pk)].append(row)
        for (image, person), group in groups.items():
            times = [row.given.made_at or now for row in group]
            places.place(image, person, [row.version.pk for row in group if row.version], times)
        for (image, person), shown in _skipped(decided, each, people).items():
            places.skip(image, person, shown, now)
        places.write()
        edits = _edits(rows, people)
        Judgment.objects.bulk_create(
            (
                _judgment(row, places, people[row.given.rater].pk, labels, schema, edits.get(place), now)
                for place, row in enumerate(rows)
                if row.version is not None
            ),
            batch_size=ROWS_AT_ONCE,
        )


def _skipped(decided: Decided, each: str, people: Mapping[str, User]) -> dict[tuple[int, int], list[int]]:
    """Return the versions that raters passed over in a round, by image and person."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, version in decided.skips:
        if row.is_skip and row.round == each and version is not None:
            found[(version.image, people[row.rater].pk)].append(version.pk)
    return found


def _edits(rows: Sequence[NewRating], people: Mapping[str, User]) -> dict[int, int]:
    """Propose the edits of these ratings; return the row id of each by its place among the rows."""
    edits: dict[int, int] = {}
    for place, row in enumerate(rows):
        if row.edited_text and row.version is not None:
            parent = CaptionVersion.objects.get(pk=row.version.pk)
            edits[place] = propose_edit(
                parent=parent, text=row.edited_text, kinds=row.edit_kinds, author=people[row.given.rater]
            ).pk
    return edits


def _judgment(
    row: NewRating,
    places: Places,
    person: int,
    labels: LabelsFound,
    schema: LabelSchema,
    edit: int | None,
    now: datetime,
) -> Judgment:
    given, version, batch = row.given, row.version, places.batch
    assert version is not None, "a caption was made for every new rating"
    assignment = places.there[(version.image, person)]
    made_at = given.made_at or now
    return Judgment(
        project_id=batch.project_id,
        batch=batch,
        assignment=assignment,
        image_id=version.image,
        caption_id=version.caption,
        version_id=version.pk,
        annotator_id=person,
        schema=schema,
        guideline_id=batch.guideline_id,
        label=row.label,
        meaning=labels.meaning(row.label),
        edited_version_id=edit,
        note=row.note,
        mode=JudgmentMode.REST_BAD if given.is_bulk else JudgmentMode.IMPORTED,
        is_revision=given.is_revision,
        shown_position=assignment.version_ids.index(version.pk),
        duration_ms=min(given.duration_ms, LONGEST_DURATION_MS),
        client_sequence=int(made_at.timestamp() * 1000),
        made_at=min(made_at, now),
    )
