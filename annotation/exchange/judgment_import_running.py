"""Running an import of judgments: read the file, decide on each row, write in one transaction, or try it only."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.exchange.deciding_imports import Decided, Deciding, LabelsFound, find_labels, pairs_named
from annotation.exchange.imported_labels import told_labels
from annotation.exchange.imported_raters import FileRater, RaterNaming, find_raters, make_accounts
from annotation.exchange.matching_pairs import PairsFound, find_pairs
from annotation.exchange.reading_judgments import (
    FileRefused,
    GivenRating,
    PairNames,
    UnreadRating,
    read_json_lines,
    read_label_studio,
    read_long_table,
)
from annotation.exchange.told_raters import forget_tried_names, told_raters
from annotation.exchange.writing_imports import batches_for, schema_for, write_ratings
from annotation.importing.captions import add_captions, refresh_statistics
from annotation.importing.reading_rows import Row
from annotation.models import (
    Batch,
    CaptionVersion,
    JudgmentFormat,
    JudgmentImport,
    LabelSchema,
)
from polyannot.kernel.errors import Invalid
from projects.models import Job, JobChunk, Project, StoredFile
from projects.running import ChunkOutcome, ChunkPlan
from projects.storage import open_stored

# One transaction and one list in memory; a larger file comes in parts, into the same batch.
MOST_RATINGS = 200_000
# Refusals that are listed one by one; all are counted.
MOST_TOLD = 5_000

Rows = list[GivenRating | UnreadRating]


class JudgmentImportRunner:
    """Runs jobs of the kind `judgments`; parameters are those that `request_judgment_import` writes."""

    def plan(self, job: Job) -> Sequence[ChunkPlan]:
        """Return the one part: a rating is there or not together with all others of its file."""
        return [ChunkPlan(items=[0])]

    def run(self, job: Job, chunk: JobChunk) -> ChunkOutcome:
        """Read, decide and write; running it again finds everything there and keeps the first count."""
        rows = read_rows_of(job)
        with transaction.atomic():
            refused = import_rows(job, rows)
        prefix = job.parameters["file"]["name"]
        told = [(f"{prefix} {place}", reason) for place, reason in refused[:MOST_TOLD]]
        if (more := len(refused) - MOST_TOLD) > 0:
            told.append((prefix, _("%(n)d more rows were refused.") % {"n": more}))
        return ChunkOutcome(told)

    def finish(self, job: Job) -> dict[str, Any]:
        """Return the counts of the stored row."""
        row = JudgmentImport.objects.get(job=job)
        counts = {
            "given": row.n_rows,
            "added": 0 if row.is_trial else row.n_new,
            "already_there": row.n_there,
            "refused": row.n_refused,
            "without_rating": row.n_skips,
        }
        return {"judgments": counts | ({"would_be_added": row.n_new} if row.is_trial else {})}


def read_rows_of(job: Job) -> Rows:
    """Return the rows of the job's file. Raises Invalid where it cannot be read as what it is said to be."""
    parameters = job.parameters
    rows: Rows = []
    stored = StoredFile.objects.get(sha256=parameters["file"]["sha256"])
    with open_stored(stored) as source:
        readers = {
            JudgmentFormat.LONG_CSV: lambda: read_long_table(source),
            JudgmentFormat.JSON_LINES: lambda: read_json_lines(source),
            JudgmentFormat.LABEL_STUDIO: lambda: read_label_studio(
                source, label_control=parameters["label_control"]
            ),
        }
        try:
            for row in readers[JudgmentFormat(parameters["format"])]():
                rows.append(row)
                if len(rows) > MOST_RATINGS:
                    raise Invalid(
                        "file_too_long",
                        _("The file has more than %(n)d rows; send it in parts, into the same batch.")
                        % {"n": MOST_RATINGS},
                    )
        except FileRefused as error:
            raise Invalid("file_refused", str(error)) from error
    if not rows:
        raise Invalid("file_empty", _("The file holds no judgments."))
    return rows


def import_rows(job: Job, rows: Rows) -> list[tuple[str, str]]:
    """Decide on the rows, write them unless it is a trial, store what came of it; return the refusals.

    Call it inside a transaction.
    """
    project, parameters = _project(job), job.parameters
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    ratings = [row for row in rows if isinstance(row, GivenRating)]
    is_trial = bool(parameters["is_trial"])
    given_schema = _schema(project, parameters)
    labels = find_labels(given_schema, ratings, level=parameters["level"], listed=parameters["labels"])
    raters = find_raters(project, _raters(ratings), _naming(parameters))
    pairs, made_captions, not_made = _pairs(job, rows, labels, is_trial=is_trial)
    batches = _batches(project, parameters, ratings)
    deciding = Deciding(
        pairs=pairs,
        raters=raters,
        labels=labels,
        batches={name: batch for name, batch in batches.items() if batch is not None},
        makes_captions=bool(parameters["creates_captions"]) and is_trial,
        texts=_texts(pairs, ratings),
    )
    for pair, reason in not_made.items():
        pairs.reasons[pair] = reason
    decided = deciding.decide(rows)
    n_accounts = sum(rater.user is None for rater in raters.values())
    if not is_trial and (decided.new or decided.skips):
        _write(job, decided, labels, raters, batches)
    _store(job, decided, labels, raters, batches, n_captions=made_captions, n_accounts=n_accounts)
    return decided.refused


def _project(job: Job) -> Project:
    assert job.project is not None, "an import belongs to a project"
    return job.project


def _schema(project: Project, parameters: dict[str, Any]) -> LabelSchema | None:
    if parameters["schema"]:
        return LabelSchema.objects.get(project=project, public_id=parameters["schema"])
    return LabelSchema.objects.filter(project=project, name=parameters["schema_name"]).first()


def _naming(parameters: dict[str, Any]) -> RaterNaming:
    return RaterNaming(
        members=parameters["members"],
        keeps_names=parameters["keeps_names"],
        batch="" if parameters["names_hold"] else parameters["batch"],
    )


def _raters(ratings: Sequence[GivenRating]) -> list[str]:
    return list(dict.fromkeys(row.rater for row in ratings))


def _pairs(
    job: Job, rows: Rows, labels: LabelsFound, *, is_trial: bool
) -> tuple[PairsFound, int, dict[PairNames, str]]:
    """Return the pairs found, how many captions were or would be made, and why some were not."""
    project, named = _project(job), pairs_named(rows)
    found = find_pairs(project, named)
    if not job.parameters["creates_captions"]:
        return found, 0, {}
    rated = {row.pair for row in rows if isinstance(row, GivenRating) and row.label in labels.keys}
    wanted = {pair: key for pair, key in found.can_be_made.items() if pair in rated}
    if not wanted:
        return found, 0, {}
    texts = {(key, pair.text): pair for pair, key in wanted.items()}
    if is_trial:
        return found, len(texts), {}
    lines = dict(enumerate(texts.items()))
    given = [Row(line, {"image_key": key, "text": text}) for line, ((key, text), _pair) in lines.items()]
    refresh_statistics()
    source = PurePath(job.parameters["file"]["name"]).stem[:120]
    refused = add_captions(job=job, project=project, rows=given, default_source=source)
    reasons = {lines[line][1]: reason for line, reason in refused}
    return find_pairs(project, named), len(given) - len(refused), reasons


def _batches(
    project: Project, parameters: dict[str, Any], ratings: Sequence[GivenRating]
) -> dict[str, Batch | None]:
    """Return the batch of each round of the file, None where it is yet to be made."""
    rounds = list(dict.fromkeys(row.round for row in ratings)) or [""]
    names = {each: batch_name(parameters["batch"], each, is_only=len(rounds) == 1) for each in rounds}
    there = {batch.name: batch for batch in Batch.objects.filter(project=project, name__in=names.values())}
    return {each: there.get(name) for each, name in names.items()}


def batch_name(name: str, each: str, *, is_only: bool) -> str:
    """Return the name of a round's batch: the one that was asked for, with the round where a file has several."""
    return name if is_only else f"{name} · {each or '–'}"[:120]


def _texts(pairs: PairsFound, ratings: Sequence[GivenRating]) -> dict[int, str]:
    """Return the texts of edited versions by row id, to tell an edit from a text that was left as it was."""
    found = (pairs.versions.get(row.pair) for row in ratings if row.edited_text)
    ids = {version.pk for version in found if version is not None}
    return dict(CaptionVersion.objects.filter(pk__in=ids).values_list("pk", "text")) if ids else {}


def _write(
    job: Job,
    decided: Decided,
    labels: LabelsFound,
    raters: dict[str, FileRater],
    batches: dict[str, Batch | None],
) -> None:
    project, parameters = _project(job), job.parameters
    make_accounts(project, raters.values(), job.asked_by)
    schema = schema_for(
        project,
        given=_schema(project, parameters),
        name=parameters["schema_name"],
        level=parameters["level"],
        labels=labels,
        actor=job.asked_by,
    )
    names = {each: batch_name(parameters["batch"], each, is_only=len(batches) == 1) for each in batches}
    made = batches_for(
        project, names, schema=schema, needed=parameters["needed"], there=batches, actor=job.asked_by
    )
    write_ratings(decided=decided, labels=labels, raters=raters, batches=made, schema=schema)


def _store(
    job: Job,
    decided: Decided,
    labels: LabelsFound,
    raters: dict[str, FileRater],
    batches: dict[str, Batch | None],
    *,
    n_captions: int,
    n_accounts: int,
) -> None:
    """Store what came of it once; a part that is run again keeps the first account."""
    answers = Counter(row.given.rater for row in decided.new)
    names = [batch_name(job.parameters["batch"], each, is_only=len(batches) == 1) for each in batches]
    JudgmentImport.objects.get_or_create(
        job=job,
        defaults={
            "project": _project(job),
            "format": job.parameters["format"],
            "is_trial": job.parameters["is_trial"],
            "n_rows": decided.n_rows,
            "n_new": len(decided.new),
            "n_there": decided.n_there,
            "n_refused": len(decided.refused),
            "n_skips": len(decided.skips),
            "n_captions": n_captions,
            "n_edits": sum(bool(row.edited_text) for row in decided.new),
            "n_raters": n_accounts,
            "told": {
                "batches": names,
                "labels": told_labels(labels.labels, decided.used),
                "schema": job.parameters["schema_name"],
                "raters": told_raters(raters.values(), answers),
            },
        },
    )
    if not job.parameters["is_trial"]:
        forget_tried_names(job, raters.values())
