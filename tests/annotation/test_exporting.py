"""Judgments going out: what stands in each file, under which names, and that nothing is added to the ratings."""

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.urls import reverse

from annotation.captions.editing import decide_edit
from annotation.exchange.exporting import ExportFormat, ExportRequest, Which, begin_export
from annotation.exchange.exporting_label_studio import label_studio_tasks, labeling_config
from annotation.exchange.exporting_tables import json_lines, long_columns, long_rows, wide_columns, wide_rows
from annotation.exchange.reading_judgments import GivenRating, read_long_table
from annotation.models import CaptionVersion, Judgment
from annotation.models.reviews import ReviewDraw
from annotation.review.reviewing import open_round, return_item
from annotation.review.revising import revise_judgment
from annotation.rules.known_answers import make_known_answer
from annotation.rules.label_presets import GivenLabel
from annotation.rules.label_schemas import make_schema
from annotation.working.assigning import skip_assignment
from annotation.working.judging import record_judgment
from annotation.working.opening import open_batch
from measures.agreement.command import main
from polyannot.kernel.errors import Denied, Invalid
from projects.access import Access
from projects.models import Event, Project, Role
from tests import factories as make
from tests.annotation.agreement_work import computed, work

pytestmark = pytest.mark.django_db

ANSWERS = [
    ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
    ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
    ["good", "good+red", "bad", "good", "good", "bad", "good", "bad"],
]


def access(project: Project, role: str = Role.HEAD) -> Access:
    return Access(user=make.add_member(project, role), project=project, role=role)


def long_table(project: Project, role: str = Role.HEAD, **choices: Any) -> list[dict[str, str]]:
    export = begin_export(access=access(project, role), request=ExportRequest(**choices))
    columns = long_columns(export.request)
    return [dict(zip(columns, map(str, row), strict=True)) for row in long_rows(export)]


def test_the_long_table_has_a_row_for_each_rating_with_the_columns_that_statisticians_expect() -> None:
    project, batch, annotators = work(ANSWERS)
    rows = long_table(project, batch=batch, with_mode=True, with_edits=True)
    assert list(rows[0])[:7] == [
        "item_id",
        "rater_id",
        "round",
        "label",
        "caption_version",
        "duration_ms",
        "created_at",
    ]
    assert len(rows) == 24
    assert len({row["item_id"] for row in rows}) == 8
    assert {row["rater_id"] for row in rows} == {"rater_01", "rater_02", "rater_03"}
    assert {row["round"] for row in rows} == {batch.name}
    edited = [row for row in rows if row["edited_text"] != "None"]
    assert [row["edit_kinds"] for row in edited] == ["color", "color"]
    assert not {annotator.username for annotator in annotators} & {row["rater_id"] for row in rows}


def test_pseudonyms_hold_inside_a_file_and_differ_between_files() -> None:
    project, _batch, _annotators = work(
        [["good", "bad", "good", "bad"] for _person in range(6)],
    )
    who = access(project)
    orders = set()
    for _file in range(12):
        export = begin_export(access=who, request=ExportRequest())
        assert sorted(export.rater_names.values()) == [f"rater_{n:02d}" for n in range(1, 7)]
        orders.add(tuple(export.rater_names[pk] for pk in sorted(export.rater_names)))
    assert len(orders) > 1


def test_sign_in_names_go_out_to_admins_alone() -> None:
    project, _batch, annotators = work(ANSWERS)
    with pytest.raises(Denied):
        long_table(project, names="usernames")
    rows = long_table(project, Role.ADMIN, names="usernames")
    assert {row["rater_id"] for row in rows} == {annotator.username for annotator in annotators}


def test_an_export_is_noted_in_the_history_without_anybodys_answers() -> None:
    project, batch, _annotators = work(ANSWERS)
    long_table(project, batch=batch)
    event = Event.objects.get(act="judgments_exported")
    assert (event.row_id, event.fields) == (batch.pk, "long_csv,ratings,pseudonyms")


def test_the_wide_table_has_a_column_for_each_rater_and_a_blank_where_they_gave_no_answer() -> None:
    project, batch, annotators = work(ANSWERS)
    undone = Judgment.objects.filter(annotator=annotators[0], label="unsure").get()
    make.judge(undone.assignment, undone.version, None)
    request = ExportRequest(format=ExportFormat.WIDE_CSV, batch=batch, outcome="with_edits")
    export = begin_export(access=access(project), request=request)
    assert wide_columns(export) == ("item_id", "rater_01", "rater_02", "rater_03")
    rows = list(wide_rows(export))
    assert len(rows) == 8
    assert sum(cell == "" for row in rows for cell in row[1:]) == 1
    assert sum(cell == "good_after_edit" for row in rows for cell in row) == 2


def test_a_wide_table_of_every_judgment_ever_made_is_refused() -> None:
    project, _batch, _annotators = work(ANSWERS)
    with pytest.raises(Invalid):
        begin_export(
            access=access(project), request=ExportRequest(format=ExportFormat.WIDE_CSV, which=Which.ALL)
        )


def test_ratings_leave_out_what_agreement_leaves_out_and_last_words_do_not() -> None:
    project, batch, annotators = work(ANSWERS)
    assignment = annotators[0].assignments.order_by("pk").first()
    assert assignment is not None
    version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
    record_judgment(
        assignment=assignment, annotator=annotators[0], given=make.given(version, "bad", mode="rest_bad")
    )
    assert len(long_table(project, batch=batch)) == 23
    assert len(long_table(project, batch=batch, which=Which.CURRENT)) == 24
    assert len(long_table(project, batch=batch, which=Which.ALL)) == 25


@pytest.mark.parametrize("kind", [ExportFormat.LONG_CSV, ExportFormat.WIDE_CSV])
def test_a_revised_judgment_goes_out_as_it_was_before_the_feedback(kind: str) -> None:
    project, batch, _annotators = work([["good", "good", "bad", "bad"], ["bad", "good", "bad", "bad"]])
    head = make.add_member(project, Role.HEAD)
    for item in open_round(batch=batch, head=head, draw=ReviewDraw.RANDOM).items.all():
        return_item(item=item, head=head, comment="Look again.")
        person = item.judgment.annotator
        revise_judgment(item=item, annotator=person, given=make.given(item.judgment.version, "unsure"))
    export = begin_export(access=access(project), request=ExportRequest(format=kind, batch=batch))
    rows = list(long_rows(export)) if kind == ExportFormat.LONG_CSV else list(wide_rows(export))
    cells = [cell for row in rows for cell in row if cell in {"good", "bad", "unsure"}]
    assert (cells.count("good"), cells.count("bad"), cells.count("unsure")) == (3, 5, 0)


def test_json_lines_hold_everything_that_is_known_of_a_judgment() -> None:
    project, batch, annotators = work([["good+red", "bad", "good", "bad"]])
    person = annotators[0]
    first = Judgment.objects.filter(annotator=person).order_by("pk").first()
    assert first is not None
    make.judge(first.assignment, first.version, None)
    request = ExportRequest(format=ExportFormat.JSON_LINES, batch=batch, which=Which.ALL)
    lines = [json.loads(line) for line in json_lines(begin_export(access=access(project), request=request))]
    assert len(lines) == 5
    undo = lines[-1]
    assert (undo["label"], undo["supersedes"]) == (None, str(first.public_id))
    edited = next(line for line in lines if line["edit"])
    assert edited["edit"]["text"].endswith("red")
    assert edited["edit"]["kinds"] == ["color"]
    assert {line["rater_id"] for line in lines} == {"rater_01"}
    assert person.username not in json.dumps(lines)


def test_label_studio_gets_a_task_for_each_pair_and_an_annotation_for_each_rater() -> None:
    project, batch, _annotators = work(ANSWERS)
    request = ExportRequest(format=ExportFormat.LABEL_STUDIO, batch=batch)
    export = begin_export(access=access(project), request=request)
    tasks = list(label_studio_tasks(export, lambda pair: f"/images/{pair.image_key}.jpg"))
    assert len(tasks) == 8
    assert all(len(task["annotations"]) == 3 for task in tasks)
    assert set(tasks[0]["data"]) == {"image", "text", "item_id", "image_key", "caption_key"}
    annotation = tasks[0]["annotations"][0]
    assert annotation["lead_time"] == 1.5
    assert annotation["result"][0]["value"] == {"choices": ["good"]}
    edited = [row for task in tasks for row in task["annotations"] if len(row["result"]) == 3]
    assert [result["type"] for result in edited[0]["result"]] == ["choices", "textarea", "choices"]


def test_a_known_answer_is_ground_truth_and_nobodys_judgment() -> None:
    project, batch, _annotators = work([["good", "good", "bad", "bad"]])
    version = CaptionVersion.objects.order_by("pk")[0]
    head = make.add_member(project, Role.HEAD)
    make_known_answer(
        version=version, schema=project.label_schemas.get(), label="good", use="example", actor=head
    )
    request = ExportRequest(format=ExportFormat.LABEL_STUDIO, batch=batch)
    export = begin_export(access=access(project), request=request)
    tasks = list(label_studio_tasks(export, lambda pair: pair.image_key))
    known = [row for task in tasks for row in task["annotations"] if row["ground_truth"]]
    assert [row["result"][0]["value"] for row in known] == [{"choices": ["good"]}]
    assert sum(len(task["annotations"]) for task in tasks) == 5


def test_a_skip_is_a_cancelled_annotation_also_of_a_pair_that_nobody_judged() -> None:
    project = make.make_project()
    image = make.add_image(project)
    make.add_caption(image)
    batch = make.make_batch(project, [image])
    annotator = make.add_member(project)
    skip_assignment(
        assignment=make.claim(batch, annotator), annotator=annotator, reason="cannot_see", note=""
    )
    other = make.add_member(project)
    make.judge(make.claim(batch, other), CaptionVersion.objects.get(), "good")
    request = ExportRequest(format=ExportFormat.LABEL_STUDIO, batch=batch)
    export = begin_export(access=access(project), request=request)
    (task,) = label_studio_tasks(export, lambda pair: pair.image_key)
    assert [row["was_cancelled"] for row in task["annotations"]] == [False, True]


def test_the_labeling_config_is_xml_with_every_label_and_the_edits_below_good() -> None:
    project = make.make_project()
    tree = ET.fromstring(labeling_config(project.label_schemas.get()))
    label = tree.find("Choices[@name='label']")
    assert label is not None
    assert [choice.get("alias") for choice in label] == ["good", "bad", "unsure"]
    assert tree.find(".//TextArea[@name='caption']") is not None
    assert len(tree.findall(".//Choices[@name='kinds']/Choice")) == 6


def test_agreement_of_the_long_table_is_that_of_the_page(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    project, batch, _annotators = work(ANSWERS)
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    for outcome in ("labels", "with_edits"):
        answer = client.post(
            reverse("judgments-export-file", args=[project.slug]),
            {"format": "long_csv", "batch": str(batch.public_id), "which": "ratings", "outcome": outcome}
            | {"names": "pseudonyms", "with_keys": "on"},
        )
        assert answer.status_code == 200
        path = tmp_path / f"{outcome}.csv"
        path.write_bytes(answer.getvalue())
        report = computed(project, batch, outcome=outcome).figures
        categories = "good,bad,unsure" + (",good_after_edit" if outcome == "with_edits" else "")
        options = ["--categories", categories, "--cluster", "image_key", "--replicates", "100"]
        assert main([str(path), "--json", *options, "--seed", "20240501", "--weights", "none"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert set(told["coefficients"]) >= {"raw_agreement", "krippendorff_alpha_nominal", "gwet_ac1"}
        # The shell has short names beside the full ones.
        for name in told["coefficients"].keys() & report["coefficients"].keys():
            figure = told["coefficients"][name]
            assert figure["value"] == pytest.approx(report["coefficients"][name]["value"], abs=1e-12), name
            assert figure["items"] == report["coefficients"][name]["items"]


def test_the_page_sends_each_format_as_a_file() -> None:
    project, _batch, _annotators = work(ANSWERS)
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    address = reverse("judgments-export-file", args=[project.slug])
    common = {"which": "ratings", "outcome": "labels", "names": "pseudonyms"}
    for kind in ExportFormat:
        answer = client.post(address, {"format": kind.value, **common})
        assert answer.status_code == 200, kind
        assert "attachment" in answer.headers["Content-Disposition"]
        content = answer.getvalue().decode()
        if kind in {ExportFormat.LONG_CSV, ExportFormat.WIDE_CSV}:
            assert len(list(csv.reader(io.StringIO(content)))) > 8
        elif kind == ExportFormat.LABEL_STUDIO:
            assert len(json.loads(content)) == 8
        elif kind == ExportFormat.JSON_LINES:
            assert len([json.loads(line) for line in content.splitlines()]) == 24


def test_annotators_export_nothing_and_heads_no_names() -> None:
    project, _batch, annotators = work(ANSWERS)
    client = Client()
    client.force_login(annotators[0])
    assert client.get(reverse("judgments-export", args=[project.slug])).status_code == 403
    client.force_login(make.add_member(project, Role.HEAD))
    page = client.get(reverse("judgments-export", args=[project.slug])).content.decode()
    assert "usernames" not in page
    answer = client.post(
        reverse("judgments-export-file", args=[project.slug]),
        {"format": "long_csv", "which": "ratings", "outcome": "labels", "names": "usernames"},
    )
    assert answer.status_code in {403, 422}


def test_an_image_address_for_label_studio_must_be_a_pattern() -> None:
    project, _batch, _annotators = work(ANSWERS)
    client = Client()
    client.force_login(make.add_member(project, Role.HEAD))
    answer = client.post(
        reverse("judgments-export-file", args=[project.slug]),
        {
            "format": "label_studio",
            "which": "ratings",
            "outcome": "labels",
            "names": "pseudonyms",
            "image_address": "javascript:alert(1)",
        },
    )
    assert answer.status_code == 422


def test_answers_with_different_labels_go_out_together_in_json_alone() -> None:
    project, batch, annotators = work(ANSWERS)
    grades = make_schema(
        project=project,
        actor=None,
        name="Grades",
        description="",
        level="ordinal",
        allows_edits=False,
        compares_paraphrases=False,
        labels=[GivenLabel(str(grade), f"Grade {grade}", str(grade)) for grade in range(3)],
    )
    image = batch.assignments.earliest("pk").image
    graded = open_batch(project=project, name="Graded", images=[image], overlap=1, actor=None, schema=grades)
    assignment = make.claim(graded, annotators[0])
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "2")

    for chosen in ({}, {"which": Which.ALL}, {"format": ExportFormat.LABEL_STUDIO}):
        with pytest.raises(Invalid, match="labels_needed"):
            begin_export(access=access(project), request=ExportRequest(**chosen))
    assert {row["label"] for row in long_table(project, schema=grades)} == {"2"}
    assert {row["label"] for row in long_table(project, schema=batch.schema, which=Which.ALL)} == {
        "good",
        "bad",
        "unsure",
    }
    both = begin_export(
        access=access(project), request=ExportRequest(format=ExportFormat.JSON_LINES, which=Which.ALL)
    )
    assert {json.loads(line)["schema"] for line in json_lines(both)} == {batch.schema.name, "Grades"}


def test_a_table_of_every_judgment_says_which_still_stand() -> None:
    project, batch, annotators = work([["good", "bad", "good", "bad"]])
    assignment = batch.assignments.get(annotator=annotators[0])
    version = CaptionVersion.objects.get(pk=assignment.version_ids[0])
    make.judge(assignment, version, "unsure")
    rows = [
        row
        for row in long_table(project, batch=batch, which=Which.ALL, with_mode=True)
        if row["item_id"] == str(version.public_id)
    ]
    assert [row["is_current"] for row in rows] == ["false", "true"]
    assert {(row["guideline"], row["label_set"]) for row in rows} == {("1", batch.schema.name)}
    lines = "item_id,rater_id,label,is_current\n" + "".join(
        f"{row['item_id']},{row['rater_id']},{row['label']},{row['is_current']}\n" for row in rows
    )
    read = [row for row in read_long_table(io.BytesIO(lines.encode())) if isinstance(row, GivenRating)]
    assert [row.is_rating for row in read] == [False, True]


def test_the_text_of_an_edit_goes_to_reviewers_alone_until_it_is_accepted() -> None:
    project, batch, _annotators = work(
        [["good", "good+red", "bad", "good"], ["good", "good+blue", "bad", "bad"]]
    )
    edits = list(CaptionVersion.objects.filter(parent__isnull=False).order_by("pk"))

    def texts(role: str) -> list[str]:
        rows = long_table(project, role, batch=batch, with_edits=True)
        return sorted(row["edited_text"] for row in rows if row["edit_kinds"])

    assert texts(Role.HEAD) == sorted(edit.text for edit in edits)
    assert texts(Role.RESEARCHER) == ["", ""]
    decide_edit(version=edits[0], reviewer=make.add_member(project, Role.HEAD), accept=True)
    assert texts(Role.RESEARCHER) == ["", edits[0].text]
    for kind in (ExportFormat.JSON_LINES, ExportFormat.LABEL_STUDIO):
        export = begin_export(
            access=access(project, Role.RESEARCHER), request=ExportRequest(format=kind, batch=batch)
        )
        written = "".join(json_lines(export)) + json.dumps(list(label_studio_tasks(export, lambda _pair: "")))
        assert edits[0].text in written
        assert edits[1].text not in written
