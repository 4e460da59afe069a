"""All that a project holds of one person, for that person: what My work speaks of, as one file."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from annotation.models import (
    Assignment,
    AssignmentState,
    GenericnessAnswer,
    GuidelineReading,
    OnboardingAnswer,
    PairReport,
    Question,
    ReviewItem,
)
from annotation.models.reviews import ReviewState
from annotation.working.own_work import CSV_COLUMNS, csv_rows, own_judgments, work_by_day
from projects.models import Event, Membership, Project

HOURS_COLUMNS = ("day_utc", "images", "judgments", "edits", "focused_minutes")


def hours_rows(*, project: Project, person: User) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a table for pay, one a day, the last first; minutes of focused time to two decimals."""
    for day in work_by_day(project=project, annotator=person):
        yield day.name, day.n_images, day.n_judgments, day.n_edits, round(day.minutes, 2)


def own_record(*, project: Project, person: User) -> dict[str, Any]:
    """Return everything that the project holds of the person, in plain types.

    Left out is what would tell the answer of a pair that they may meet again: which pairs are known, and whether an
    answer to one was right.
    """
    own = {"project": project}
    judged = {**own, "judgment__annotator": person}
    return {
        "account": _account(person),
        "membership": _first(Membership.objects.filter(**own, user=person), "role", "joined_at"),
        "judgments": _judgments(project, person),
        "skipped": _rows(_skipped(project, person), "image__key", "skip_reason", "note", "finished_at"),
        "reports": _rows(
            PairReport.objects.filter(**own, reporter=person),
            "caption__key",
            "kind",
            "text",
            "made_at",
            "state",
        ),
        "questions": _rows(
            Question.objects.filter(**own, asker=person),
            "caption__key",
            "text",
            "asked_at",
            "answer",
            "state",
        ),
        "review": _rows(
            ReviewItem.objects.filter(**judged).exclude(state=ReviewState.WAITING),
            "judgment__caption__key",
            "state",
            "comment",
            "reply",
            "decided_at",
        ),
        "fits_answers": _rows(
            GenericnessAnswer.objects.filter(**own, annotator=person),
            "question__image__key",
            "question__check_row__caption__key",
            "fits",
            "made_at",
        ),
        "guidelines_read": _rows(
            GuidelineReading.objects.filter(**own, person=person), "guideline__number", "read_at"
        ),
        "onboarding_answers": _rows(
            OnboardingAnswer.objects.filter(**own, run__person=person), "stage", "label", "given_at"
        ),
        "acts": _rows(Event.objects.filter(**own, actor=person), "act", "at"),
    }


def _account(person: User) -> dict[str, Any]:
    return {
        "sign_in_name": person.username,
        "shown_name": str(person),
        "joined_at": person.date_joined.isoformat(),
        "last_sign_in": person.last_login.isoformat() if person.last_login else None,
    }


def _judgments(project: Project, person: User) -> list[dict[str, Any]]:
    places = own_judgments(project=project, annotator=person).order_by("pk")
    more = places.values_list("shown_position", "guideline__number")
    return [
        {**dict(zip(CSV_COLUMNS, row, strict=True)), "shown_position": place, "guideline": number}
        for row, (place, number) in zip(csv_rows(project=project, annotator=person), more, strict=True)
    ]


def _skipped(project: Project, person: User) -> QuerySet[Assignment]:
    return Assignment.objects.filter(project=project, annotator=person, state=AssignmentState.SKIPPED)


def _first(rows: QuerySet[Any], *columns: str) -> dict[str, Any] | None:
    return next(iter(_rows(rows, *columns)), None)


def _rows(rows: QuerySet[Any], *columns: str) -> list[dict[str, Any]]:
    """Return the rows in the order in which they were made, without the joins in the names of columns."""
    found = rows.order_by("pk").values_list(*columns)
    return [{_plain(name): _text(value) for name, value in zip(columns, row, strict=True)} for row in found]


def _plain(column: str) -> str:
    return column.rpartition("__")[0].rpartition("__")[2] or column if column.endswith("__key") else column


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
