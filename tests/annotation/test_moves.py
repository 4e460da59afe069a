"""The database lets rows move by the rules of docs/algorithms alone, whoever writes to it and in whatever way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from annotation.captions.editing import decide_edit, propose_edit
from annotation.models import (
    Adjudication,
    Assignment,
    AssignmentState,
    Batch,
    CaptionFix,
    CaptionVersion,
    FixItem,
    FixOutcome,
    FixState,
    OnboardingRun,
    OnboardingState,
    PairReport,
    Precedent,
    VersionState,
)
from annotation.models.reviews import ReportState
from annotation.review.adjudicating import adjudicate
from annotation.review.asking import answer_question, ask_question
from annotation.review.reviewing import open_round
from annotation.review.ruling import Ruling, make_precedent, retire_precedent
from annotation.rules.known_answers import make_known_answer, retire_known_answer
from annotation.working.reporting import report_pair
from projects.models import Project, Role
from tests import factories as make
from tests.annotation.known_rows import answer_all, ask_onboarding, begin

pytestmark = pytest.mark.django_db


def is_refused(sql: str, *values: Any) -> bool:
    """Say whether the database refuses a statement."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            assert cursor.rowcount == 1, "the statement met no row"
    except IntegrityError:
        return True
    return False


def is_kept(row: Model, **columns: object) -> bool:
    """Say whether the database refuses to give the row these values."""
    named = ", ".join(f"{name} = %s" for name in columns)
    return is_refused(f"UPDATE {row._meta.db_table} SET {named} WHERE id = %s", *columns.values(), row.pk)


@dataclass
class Bench:
    """A pair with one judgment, an annotator, two head annotators."""

    project: Project
    version: CaptionVersion
    batch: Batch
    assignment: Assignment
    annotator: User
    head: User
    other_head: User


@pytest.fixture
def bench() -> Bench:
    project = make.make_project()
    version = make.add_caption(make.add_image(project), "A red car waits")
    batch = make.make_batch(project, [version.image])
    annotator = make.add_member(project)
    assignment = make.claim(batch, annotator)
    make.judge(assignment, version, "good")
    heads = [make.add_member(project, Role.HEAD) for _ in range(2)]
    return Bench(project, version, batch, assignment, annotator, *heads)


def edit_in(bench: Bench, state: str) -> CaptionVersion:
    edit = propose_edit(
        parent=bench.version, text=f"A blue car {state}", kinds=["color"], author=bench.annotator
    )
    filled = {"decided_by": bench.head, "decided_at": timezone.now()} if state == "rejected" else {}
    CaptionVersion.objects.filter(pk=edit.pk).update(state=state, **filled)
    return edit


def fix_in(bench: Bench, state: str) -> CaptionFix:
    filled: dict[str, Any] = {}
    if state not in {"draft", "discarded"}:
        filled["n_named"] = 1
    if state in {"applied", "undone"}:
        filled["applied_at"] = timezone.now()
    if state == "undone":
        filled |= {"undone_at": timezone.now(), "undone_by": bench.head}
    return CaptionFix.objects.create(
        project=bench.project, pattern="red", replacement="blue", kinds=["color"], made_by=bench.head,
        state=state, **filled,
    )  # fmt: skip


def item_in(bench: Bench, outcome: str) -> FixItem:
    fix = fix_in(bench, "applied")
    made = edit_in(bench, "proposed") if outcome in {"changed", "undone", "kept"} else None
    reason = {"skipped": "out", "kept": "judged"}.get(outcome, "")
    return FixItem.objects.create(
        project=bench.project, fix=fix, version=bench.version, made=made, outcome=outcome, reason=reason
    )


def report_in(bench: Bench, state: str) -> PairReport:
    report = report_pair(caption=bench.version.caption, reporter=bench.annotator, kind="broken")
    assert report is not None
    if state != "open":
        PairReport.objects.filter(pk=report.pk).update(
            state=state, decided_by=bench.head, decided_at=timezone.now()
        )
    return report


def slot_in(bench: Bench, state: str) -> Assignment:
    filled: dict[str, Any] = {}
    if state != "open":
        filled["annotator"] = bench.head
    if state == "leased":
        filled["lease_until"] = timezone.now()
    if state in {"done", "skipped"}:
        filled["finished_at"] = timezone.now()
    return Assignment.objects.create(
        project=bench.project, batch=bench.batch, image=bench.version.image, slot=9, position=9, state=state,
        **filled,
    )  # fmt: skip


def run_in(bench: Bench, state: str) -> OnboardingRun:
    filled: dict[str, Any] = {}
    if state in {"passed", "failed", "waived"}:
        filled["ended_at"] = timezone.now()
    if state == "waived":
        filled["waived_by"] = bench.head
    return OnboardingRun.objects.create(
        project=bench.project, person=bench.annotator, guideline=bench.batch.guideline, attempt=1, seed=1,
        pass_percent=80, state=state, **filled,
    )  # fmt: skip


NOW = timezone.now()
# What has to be written together with a state so that the row fits it: all that is left to say no is the move.
FILLED: dict[str, dict[str, dict[str, Any]]] = {
    "version": {
        state: {"decided_by_id": None, "decided_at": None} for state in ("base", "proposed", "withdrawn")
    },
    "fix": {
        "draft": {"n_named": None, "applied_at": None, "undone_at": None, "undone_by_id": None},
        "discarded": {"n_named": None, "applied_at": None, "undone_at": None, "undone_by_id": None},
        "running": {"n_named": 1, "applied_at": None, "undone_at": None, "undone_by_id": None},
        "applied": {"n_named": 1, "applied_at": NOW, "undone_at": None, "undone_by_id": None},
        "undone": {"n_named": 1, "applied_at": NOW, "undone_at": NOW, "undone_by_id": "head"},
    },
    "item": {
        "left_out": {"made_id": None, "reason": ""},
        "skipped": {"made_id": None, "reason": "out"},
        "changed": {"made_id": "edit", "reason": ""},
        "undone": {"made_id": "edit", "reason": ""},
        "kept": {"made_id": "edit", "reason": "judged"},
    },
    "report": {
        "open": {"decided_by_id": None, "decided_at": None},
        "upheld": {"decided_by_id": "head", "decided_at": NOW},
        "dismissed": {"decided_by_id": "head", "decided_at": NOW},
    },
    "slot": {
        "open": {"annotator_id": None, "lease_until": None},
        "leased": {"annotator_id": "head", "lease_until": NOW},
        "done": {"annotator_id": "head", "finished_at": NOW},
        "skipped": {"annotator_id": "head", "finished_at": NOW},
    },
    "run": {
        "training": {"ended_at": None, "waived_by_id": None},
        "qualification": {"ended_at": None, "waived_by_id": None},
        "passed": {"ended_at": NOW, "waived_by_id": None},
        "failed": {"ended_at": NOW, "waived_by_id": None},
        "waived": {"ended_at": NOW, "waived_by_id": "head"},
    },
}


def moves(text: str) -> set[tuple[str, str]]:
    """Return the moves in `a>b a>c`."""
    return {(before, after) for move in text.split() for before, after in [move.split(">")]}


@dataclass(frozen=True)
class Machine:
    """How to make a row in a state, the states, and the moves that there are."""

    made: Callable[[Bench, str], Model]
    column: str
    states: Iterable[str]
    moves: set[tuple[str, str]]


MACHINES = {
    "version": Machine(
        edit_in,
        "state",
        set(VersionState.values) - {"base", "uncleaned"},
        moves(
            "proposed>accepted proposed>rejected proposed>withdrawn accepted>rejected accepted>proposed"
            " accepted>withdrawn rejected>accepted rejected>proposed"
        ),
    ),
    "fix": Machine(
        fix_in,
        "state",
        FixState.values,
        moves("draft>running draft>discarded running>applied applied>undone"),
    ),
    "item": Machine(item_in, "outcome", FixOutcome.values, moves("changed>undone changed>kept")),
    "report": Machine(report_in, "state", ReportState.values, moves("open>upheld open>dismissed")),
    "slot": Machine(
        slot_in,
        "state",
        AssignmentState.values,
        moves("open>leased leased>open leased>done leased>skipped done>leased skipped>done"),
    ),
    "run": Machine(
        run_in,
        "state",
        OnboardingState.values,
        moves(
            "training>qualification training>failed training>waived qualification>passed"
            " qualification>failed qualification>waived"
        ),
    ),
}


@pytest.mark.parametrize("called", list(MACHINES))
def test_a_row_moves_as_its_page_says_and_in_no_other_way(bench: Bench, called: str) -> None:
    machine = MACHINES[called]
    for before, after in product(sorted(machine.states), sorted(machine.states)):
        if before == after:
            continue
        point = transaction.savepoint()
        row = machine.made(bench, before)
        edit = edit_in(bench, "accepted")
        known = {"head": bench.head.pk, "edit": edit.pk}
        filled = {
            name: known.get(value, value) if isinstance(value, str) else value
            for name, value in FILLED[called].get(after, {}).items()
        }
        refused = is_kept(row, **{machine.column: after}, **filled)
        assert refused != ((before, after) in machine.moves), f"{called}: {before} to {after}"
        transaction.savepoint_rollback(point)


def test_an_edit_takes_no_place_of_an_imported_text_and_that_moves_by_cleaning_alone(bench: Bench) -> None:
    edit = edit_in(bench, "proposed")
    for state in ("base", "uncleaned"):
        assert is_kept(edit, state=state)
    for state in ("proposed", "accepted", "rejected"):
        assert is_kept(bench.version, state=state)
    assert not is_kept(bench.version, state="uncleaned")


def test_who_made_a_text_and_why_is_kept_and_no_text_is_deleted(bench: Bench) -> None:
    edit = edit_in(bench, "proposed")
    assert is_kept(edit, author_id=bench.head.pk)
    assert is_kept(edit, reverts_to_id=bench.version.pk, reason="Because.")
    assert is_refused("DELETE FROM annotation_captionversion WHERE id = %s", edit.pk)
    assert is_kept(edit, state="proposed", decided_by_id=bench.head.pk)
    assert is_kept(edit, state="accepted", decided_by_id=bench.head.pk), "no time"


def test_nobody_finds_their_own_edit_good_and_final_labels_are_kept(bench: Bench) -> None:
    edit = edit_in(bench, "accepted")
    row = {"project": bench.project, "version": edit, "schema": bench.batch.schema}
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjudication.objects.create(**row, label="good", meaning="good", adjudicator=bench.annotator)
    Adjudication.objects.create(**row, label="bad", meaning="bad", adjudicator=bench.annotator)
    first = adjudicate(version=bench.version, head=bench.head, label="good")
    assert is_kept(first, label="bad", meaning="bad")
    assert is_kept(first, adjudicator_id=bench.other_head.pk)
    assert is_refused("DELETE FROM annotation_adjudication WHERE id = %s", first.pk)
    adjudicate(version=bench.version, head=bench.other_head, label="bad")
    Adjudication.objects.filter(version=bench.version, is_current=True).update(is_current=False)
    assert is_kept(first, is_current=True), "the earlier label does not come back"


def test_nobody_reviews_their_own_judgment_and_a_revision_is_the_annotators(bench: Bench) -> None:
    item = open_round(batch=bench.batch, head=bench.head, draw="random").items.get()
    decided = {"state": "accepted", "decided_at": NOW}
    assert is_kept(item, **decided, reviewer_id=bench.annotator.pk)
    colleague = make.add_member(bench.project)
    other = make.judge(make.claim(bench.batch, colleague), bench.version, "bad")
    assert other is not None
    for revision in (item.judgment, other):
        assert is_kept(
            item, state="revised", decided_at=NOW, reviewer_id=bench.head.pk, revision_id=revision.pk
        )
    assert is_kept(item, judgment_id=other.pk)
    assert not is_kept(item, **decided, reviewer_id=bench.head.pk)


def test_questions_precedents_and_reports_stay_as_they_were(bench: Bench) -> None:
    question = ask_question(
        assignment=bench.assignment, version=bench.version, asker=bench.annotator, text="Does it count?"
    )
    answer = {"state": "answered", "answer": "Yes.", "answered_at": NOW}
    assert is_kept(question, **answer, answered_by_id=bench.annotator.pk)
    assert is_kept(question, asker_id=bench.head.pk)
    answer_question(question=question, head=bench.head, answer="Yes.")
    assert is_kept(question, text="Something else?")
    precedent = make_precedent(version=bench.version, head=bench.head, given=Ruling("Mirrors", "They count."))
    assert is_kept(precedent, ruling="They do not.")
    retire_precedent(precedent=precedent, head=bench.head)
    assert is_kept(precedent, retired_at=None, retired_by_id=None)
    report = report_in(bench, "open")
    assert is_kept(report, kind="legal")
    for row in (question, precedent, report):
        assert is_refused(f"DELETE FROM {row._meta.db_table} WHERE id = %s", row.pk)
    assert Precedent.objects.get().ruling == "They count."


def test_guidelines_known_answers_and_attempts_stay_as_they_were(bench: Bench) -> None:
    guideline = bench.batch.guideline
    assert is_kept(guideline, text="Everything is good.")
    assert is_kept(guideline, is_major=not guideline.is_major)
    assert is_refused("DELETE FROM annotation_guideline WHERE id = %s", guideline.pk)
    known = make_known_answer(
        version=bench.version, schema=bench.batch.schema, label="good", use="gold", actor=bench.head
    )
    assert is_kept(known, label="bad")
    retire_known_answer(known=known, actor=bench.head)
    assert is_kept(known, retired_at=None, retired_by_id=None)

    head = ask_onboarding(bench.project)
    run = answer_all(begin(bench.project, make.add_member(bench.project)), n_wrong=4)
    assert run.state == OnboardingState.FAILED
    assert head != run.person
    assert is_kept(run, pass_percent=1)
    assert is_kept(run, qualification_ids=[])
    wrong = run.answers.filter(is_right=False).earliest("pk")
    assert is_kept(wrong, is_right=True)
    assert is_kept(wrong, label="good" if wrong.label == "bad" else "bad")


def test_a_find_and_fix_keeps_what_it_does(bench: Bench) -> None:
    fix = fix_in(bench, "applied")
    assert is_kept(fix, replacement="green")
    assert is_kept(fix, accepts=True)
    assert is_kept(fix, n_named=2)


def test_a_decision_that_is_made_by_the_act_goes_through(bench: Bench) -> None:
    edit = edit_in(bench, "proposed")
    assert decide_edit(version=edit, reviewer=bench.head, accept=True).state == VersionState.ACCEPTED
