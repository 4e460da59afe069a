"""What people did, as a release tells it: judgments under pseudonyms, the labels they used, how far they agree."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from annotation.models import AgreementReport, Judgment
from projects.models import Project
from releases.days import day_of
from releases.free_text import free_texts

# A cell that fewer people or judgments stand behind is withheld (docs/algorithms/releases.md).
SMALLEST_CELL = 5
# Upper ends of the bins, in seconds, into which the time of a judgment is coarsened.
DURATION_BINS = (1, 2, 5, 10, 30, 60)
# By what free texts are ordered.
ORDER = ("kind", "image_id", "item_id", "rater_id", "text")


def duration_bin(milliseconds: int) -> str:
    """Return the bin of a duration: '<1', '1-2', ... '>60' seconds; empty when it was not measured."""
    if milliseconds <= 0:
        return ""
    seconds = milliseconds / 1000
    low: int | None = None
    for high in DURATION_BINS:
        if seconds < high:
            return f"<{high}" if low is None else f"{low}-{high}"
        low = high
    return f">{low}"


def read_labels(project: Project) -> list[dict[str, Any]]:
    """Return the labels of the sets that judgments were given with, with what each means."""
    used = Judgment.objects.filter(project=project).values("schema")
    return [
        {
            "set": schema.name,
            "level": schema.level,
            "label": label.key,
            "name": label.name,
            "meaning": label.meaning,
            "description": label.description,
        }
        for schema in project.label_schemas.filter(pk__in=used).prefetch_related("labels")
        for label in schema.labels.all()
    ]


def read_agreement(project: Project) -> list[dict[str, Any]]:
    """Return the newest report of each scope (labels in a choice of rounds), the one of most judgments first.

    Without named rounds it is over all that use these labels.
    """
    names = round_names(project)
    newest = project.agreement_reports.order_by("scope", "-pk").distinct("scope").values_list("pk", flat=True)
    reports = AgreementReport.objects.filter(pk__in=list(newest)).select_related("schema")
    return [
        {
            "made": day_of(report.made_at),
            "labels": report.schema.name,
            "rounds": sorted(names[batch.pk] for batch in report.batches.all()),
            "unsure": report.unsure,
            "n_items": report.n_items,
            "n_ratings": report.n_ratings,
            "n_raters": report.n_raters,
            "includes_demo": report.includes_demo,
            "code_version": report.code_version,
            "coefficients": report.figures.get("coefficients", {}),
        }
        for report in reports.prefetch_related("batches").order_by("-n_ratings", "pk")
    ]


def round_names(project: Project) -> dict[int, str]:
    """Return what batches are called in a release: their own names are free text, which stays here."""
    ids = project.batches.order_by("pk").values_list("pk", flat=True)
    return {pk: f"round-{place:03d}" for place, pk in enumerate(ids, start=1)}


def rater_names(project: Project, shuffler: random.Random) -> dict[int, str]:
    """Return a pseudonym for the account of everybody who has given a judgment that holds."""
    raters = sorted(
        set(Judgment.objects.filter(project=project).current().values_list("annotator", flat=True))
    )
    shuffler.shuffle(raters)
    return {rater: f"rater-{place + 1:03d}" for place, rater in enumerate(raters)}


def read_ratings(project: Project, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return every current judgment under these pseudonyms, new for each release; days and bins, no free text.

    A day on which a rater gave fewer than SMALLEST_CELL judgments is withheld.
    """
    rows = list(
        Judgment.objects.filter(project=project)
        .current()
        .select_related("version", "batch", "guideline", "image")
        .order_by("batch_id", "image_id", "version_id", "pk")
    )
    rounds = round_names(project)
    by_day = Counter((row.annotator_id, day_of(row.made_at)) for row in rows)
    listed = [
        {
            "item_id": str(row.version.public_id),
            "image_id": str(row.image.public_id),
            "rater_id": names[row.annotator_id],
            "round": rounds[row.batch_id],
            "purpose": row.batch.purpose,
            "label": row.label,
            "outcome": "good_after_edit" if row.edited_version_id else row.label,
            "mode": row.mode,
            "is_revision": row.is_revision,
            "guideline": row.guideline.number,
            "duration_s": duration_bin(row.duration_ms),
            "day": day if by_day[row.annotator_id, day := day_of(row.made_at)] >= SMALLEST_CELL else None,
            "is_demo": row.is_demo,
        }
        for row in rows
    ]
    return sorted(listed, key=lambda row: (row["round"], row["item_id"], row["rater_id"]))


def read_free_text(project: Project, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return what people wrote while they worked, annotators under the pseudonyms of their judgments.

    Ordered by kind, pair, author and text, which says nothing about who wrote when.
    """
    rounds = round_names(project)
    listed = [
        {
            "kind": row.kind.value,
            "item_id": str(row.version) if row.version is not None else None,
            "image_id": str(row.image),
            "round": rounds[row.batch] if row.batch is not None else None,
            "rater_id": names.get(row.rater) if row.rater is not None else None,
            "text": row.text,
        }
        for row in free_texts(project)
    ]
    return sorted(listed, key=lambda row: [str(row[name] or "") for name in ORDER])
