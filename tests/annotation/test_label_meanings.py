"""Verdicts speak of what a label means, whatever it is called; labels in use keep what they mean."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from annotation.models import (
    Adjudication,
    Batch,
    CaptionVersion,
    Judgment,
    Label,
    LabelMeaning,
    LabelSchema,
    MeasurementLevel,
)
from annotation.progress.verdicts import Verdict, with_verdict
from annotation.review.adjudicating import adjudicate
from polyannot.kernel.errors import Invalid
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


def add_schema(project: Project, name: str, labels: list[tuple[str, str]], **columns: object) -> LabelSchema:
    schema = LabelSchema.objects.create(project=project, name=name, **columns)
    for position, (key, meaning) in enumerate(labels):
        Label.objects.create(
            schema=schema,
            key=key,
            name=key.title(),
            shortcut=str(position),
            position=position,
            meaning=meaning,
        )
    return schema


def judged(version: CaptionVersion, schema: LabelSchema, labels: list[str]) -> Batch:
    """Judge the version with another set of labels, one annotator a label."""
    project = schema.project
    batch = make.make_batch(project, [version.image], overlap=len(labels))
    Batch.objects.filter(pk=batch.pk).update(schema=schema)
    batch.refresh_from_db()
    for label in labels:
        assignment = make.claim(batch, make.add_member(project))
        make.judge(assignment, version, label)
    return batch


def verdict_of(version: CaptionVersion) -> str:
    versions: QuerySet[CaptionVersion] = with_verdict(CaptionVersion.objects.filter(pk=version.pk))
    return str(versions.get().verdict)  # type: ignore[attr-defined]


@pytest.fixture
def version() -> CaptionVersion:
    return make.add_caption(make.add_image(make.make_project()))


def test_a_label_of_another_name_that_means_good_makes_the_verdict_good(version: CaptionVersion) -> None:
    schema = add_schema(version.project, "Fits", [("fits", "good"), ("misses", "bad")])

    judged(version, schema, ["fits", "fits"])

    assert verdict_of(version) == Verdict.GOOD
    assert set(Judgment.objects.values_list("label", "meaning")) == {("fits", LabelMeaning.GOOD)}


def test_a_label_called_good_that_is_neutral_does_not(version: CaptionVersion) -> None:
    schema = add_schema(version.project, "Grades", [("good", "neutral"), ("better", "neutral")])

    judged(version, schema, ["good", "good"])

    assert verdict_of(version) == Verdict.NOT_JUDGED


def test_grades_beside_judgments_leave_the_verdict_as_it_is(version: CaptionVersion) -> None:
    imp = version.project.label_schemas.get()
    grades = add_schema(version.project, "Grades", [("g0", "neutral"), ("g1", "neutral")])
    judged(version, imp, ["good", "good"])

    judged(version, grades, ["g0", "g1", "g1"])

    assert verdict_of(version) == Verdict.GOOD


def test_a_neutral_final_label_leaves_the_verdict_and_stands_beside_the_other(
    version: CaptionVersion,
) -> None:
    head = make.add_member(version.project, Role.HEAD)
    grades = add_schema(version.project, "Grades", [("g0", "neutral"), ("g1", "neutral")])
    judged(version, version.project.label_schemas.get(name="IMP"), ["good", "bad"])

    adjudicate(version=version, head=head, label="bad")
    adjudicate(version=version, head=head, label="g1", schema=grades)

    assert verdict_of(version) == Verdict.BAD
    assert set(
        Adjudication.objects.filter(is_current=True).values_list("schema__name", "label", "meaning")
    ) == {("IMP", "bad", "bad"), ("Grades", "g1", "neutral")}


def test_a_final_label_is_one_of_the_set_that_the_pair_was_judged_with(version: CaptionVersion) -> None:
    head = make.add_member(version.project, Role.HEAD)
    judged(version, add_schema(version.project, "Fits", [("fits", "good"), ("misses", "bad")]), ["fits"])

    with pytest.raises(Invalid):
        adjudicate(version=version, head=head, label="good")


def test_labels_in_use_keep_key_meaning_and_order_and_may_change_name_and_colour(
    version: CaptionVersion,
) -> None:
    make.make_batch(version.project, [version.image])
    label = Label.objects.get(schema__project=version.project, key="good")

    for column, value in (("key", "fine"), ("meaning", "neutral"), ("position", 9)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Label.objects.filter(pk=label.pk).update(**{column: value})
    with pytest.raises(IntegrityError), transaction.atomic():
        label.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        LabelSchema.objects.filter(pk=label.schema_id).update(level=MeasurementLevel.ORDINAL)

    Label.objects.filter(pk=label.pk).update(name="Passt", color="teal", shortcut="p")


def test_the_database_takes_no_judgment_whose_meaning_is_not_its_label_s(version: CaptionVersion) -> None:
    batch = make.make_batch(version.project, [version.image])
    assignment = make.claim(batch, make.add_member(version.project))
    judgment = make.judge(assignment, version, "good")
    assert judgment is not None
    columns = {field.attname: getattr(judgment, field.attname) for field in Judgment._meta.concrete_fields}
    del columns["id"], columns["public_id"]
    columns |= {"is_current": False}

    with pytest.raises(IntegrityError), transaction.atomic():
        Judgment.objects.create(**(columns | {"meaning": "bad"}))

    filled = Judgment.objects.create(**(columns | {"meaning": None}))
    filled.refresh_from_db()
    assert filled.meaning == LabelMeaning.GOOD
