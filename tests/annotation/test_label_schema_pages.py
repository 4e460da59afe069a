"""Sets of labels through their pages: from a preset, with errors kept, in use, retired; and a batch that asks them."""

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import LabelMeaning, LabelSchema
from annotation.rules.label_presets import IMP, SIMILARITY, GivenLabel
from annotation.rules.label_schemas import change_schema, make_schema, retire_schema
from annotation.working.opening import free_images, open_batch
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make.make_project()


@pytest.fixture
def head(project: Project, client: Client) -> Client:
    client.force_login(make.add_member(project, Role.HEAD))
    return client


def typed(page: object, **changed: object) -> dict[str, object]:
    """Return what a browser would send of the form on a page."""
    form, rows = page.context["form"], page.context["rows"]  # type: ignore[attr-defined]
    sent: dict[str, object] = {}
    for part in (form, rows.management_form, *rows.forms):
        for field in part:
            value = field.value()
            if value not in (None, False):
                sent[field.html_name] = value
    return {**sent, **changed}


def address(name: str, project: Project, *more: object) -> str:
    return reverse(name, args=[project.slug, *more])


def test_a_preset_becomes_a_set_of_labels(head: Client, project: Project) -> None:
    new = f"{address('label-schema-new', project)}?preset=similarity"
    page = head.get(new)

    answer = head.post(new, typed(page, name="Grades"))

    assert answer.status_code == 302
    schema = project.label_schemas.get(name="Grades")
    assert [label.key for label in schema.labels.all()] == ["0", "1", "2", "3", "4", "5"]
    assert {label.meaning for label in schema.labels.all()} == {LabelMeaning.NEUTRAL}
    assert (schema.level, schema.allows_edits, schema.compares_paraphrases) == ("ordinal", False, True)


def test_rows_are_put_in_the_order_of_their_places_and_left_out(head: Client, project: Project) -> None:
    new = f"{address('label-schema-new', project)}?preset=imp"
    page = head.get(new)

    head.post(
        new,
        typed(page, **{"name": "Two", "labels-0-ORDER": 9, "labels-2-DELETE": "on", "labels-0-key": "fits"}),
    )

    assert [label.key for label in project.label_schemas.get(name="Two").labels.all()] == ["bad", "fits"]


def test_a_reserved_key_is_refused_and_what_was_typed_stays(head: Client, project: Project) -> None:
    new = f"{address('label-schema-new', project)}?preset=imp"
    page = head.get(new)

    answer = head.post(new, typed(page, **{"name": "Ours", "labels-1-shortcut": "n"}))

    assert answer.status_code == 422
    assert "which the workspace uses" in answer.content.decode()
    assert 'value="Ours"' in answer.content.decode()
    assert not project.label_schemas.filter(name="Ours").exists()


def test_labels_in_use_change_their_names_and_swap_their_keys_only(head: Client, project: Project) -> None:
    image = make.add_image(project)
    make.add_caption(image)
    schema = make.make_batch(project, [image]).schema
    place = address("label-schema", project, schema.public_id)
    page = head.get(place)
    assert page.context["is_in_use"]

    answer = head.post(
        place,
        typed(page, **{"labels-0-name": "Fits", "labels-0-shortcut": "b", "labels-1-shortcut": "g"}),
    )

    assert answer.status_code == 302
    assert [(label.key, label.name, label.shortcut) for label in schema.labels.all()] == [
        ("good", "Fits", "b"),
        ("bad", "Bad", "g"),
        ("unsure", "Unsure", "u"),
    ]
    with pytest.raises(Conflict):
        change_schema(
            schema=schema,
            actor=make.make_user(),
            name="IMP",
            level="nominal",
            labels=[*IMP[:2], GivenLabel("unsure", "Unsure", "u")],
            allows_edits=True,
            compares_paraphrases=False,
        )


def test_labels_that_cannot_be_told_apart_are_refused(project: Project) -> None:
    for labels in (
        [GivenLabel("a", "A", "a")],
        [GivenLabel("a", "A", "a"), GivenLabel("a", "B", "b")],
        [GivenLabel("a", "A", "a"), GivenLabel("b", "B", "a")],
        [GivenLabel("a", "Same", "a"), GivenLabel("b", "same", "b")],
        [GivenLabel("A b", "A", "a"), GivenLabel("b", "B", "b")],
    ):
        with pytest.raises(Invalid):
            make_schema(project=project, actor=None, name="New", level="nominal", labels=labels)
    with pytest.raises(Invalid):
        make_schema(
            project=project, actor=None, name="New", level="ordinal", labels=SIMILARITY, allows_edits=True
        )
    with pytest.raises(Conflict):
        make_schema(project=project, actor=None, name="IMP", level="ordinal", labels=SIMILARITY)


def test_a_retired_set_is_offered_to_no_new_batch_and_the_last_one_stays(project: Project) -> None:
    head = make.make_user()
    imp = project.label_schemas.get()
    with pytest.raises(Conflict):
        retire_schema(schema=imp, actor=head)
    grades = make_schema(project=project, actor=head, name="Grades", level="ordinal", labels=SIMILARITY)

    retire_schema(schema=imp, actor=head)

    assert list(LabelSchema.objects.offered()) == [grades]


def test_a_batch_that_grades_paraphrases_shows_each_beside_its_original(project: Project) -> None:
    with_paraphrase, without = make.add_image(project), make.add_image(project)
    original = make.add_caption(with_paraphrase, "A dog runs along the beach").caption
    paraphrase = make.add_caption(with_paraphrase, "A hound races over the sand").caption
    paraphrase.paraphrase_of = original
    paraphrase.save(update_fields=["paraphrase_of"])
    make.add_caption(without)
    make.make_batch(project, [with_paraphrase, without], name="Fits?")
    grades = make_schema(
        project=project,
        actor=None,
        name="Grades",
        level="ordinal",
        labels=SIMILARITY,
        compares_paraphrases=True,
    )
    images = free_images(project, grades)
    assert list(images) == [with_paraphrase]
    batch = open_batch(project=project, name="Alike?", images=images, overlap=2, actor=None, schema=grades)
    annotator = make.add_member(project)
    assignment = make.claim(batch, annotator)
    assert assignment.image == with_paraphrase
    assert assignment.version_ids == [paraphrase.versions.get().pk]
    page = Client()
    page.force_login(annotator)
    shown = page.get(address("workspace", project, batch.public_id)).content.decode()
    assert "A dog runs along the beach" in shown
    assert "Mark the rest" not in shown
    assert 'data-act="edit"' not in shown
