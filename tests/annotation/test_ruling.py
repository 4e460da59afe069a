"""Precedents: what makes a pair similar, and that blind work stays blind."""

import pytest
from django.test import Client

from annotation.models import Assignment, CaptionVersion, KnownUse, Precedent
from annotation.review.asking import answer_question, ask_question
from annotation.review.ruling import (
    FEWEST_SHARED,
    Ruling,
    ShownPair,
    make_precedent,
    precedents_of,
    rare_words,
    retire_precedent,
    similar_precedents,
    words_of,
)
from annotation.rules.known_answers import make_known_answer, retire_known_answer
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db

CAPTION = "A heron stands beside the turquoise boathouse"


@pytest.fixture
def project() -> Project:
    """Return a project of sixty captions of everyday words."""
    made = make.make_project("here")
    image = make.add_image(made)
    for number in range(60):
        make.add_caption(image, f"A person stands beside the house number {number}")
    return made


def ruled(project: Project, text: str = CAPTION, **more: object) -> tuple[Precedent, CaptionVersion]:
    version = make.add_caption(make.add_image(project), text)
    given = Ruling("Birds by their kind", "Name the kind only where it can be seen.", **more)  # type: ignore[arg-type]
    return make_precedent(version=version, head=make.add_member(project, Role.HEAD), given=given), version


def shown(version: CaptionVersion, kinds: tuple[str, ...] = ()) -> ShownPair:
    return ShownPair(version.caption_id, version.text, version.content_hash, kinds)


def similar(project: Project, pair: ShownPair) -> list[Precedent]:
    return similar_precedents(project=project, pairs=[pair])[0]


def test_rare_words_are_long_and_in_few_other_captions(project: Project) -> None:
    version = make.add_caption(make.add_image(project), CAPTION)
    assert set(rare_words(version)) == {"heron", "turquoise", "boathouse"}
    assert words_of("A heron, the HERON; a red car") == {"heron"}


def test_the_same_text_the_same_kind_of_edit_or_shared_rare_words_make_a_pair_similar(
    project: Project,
) -> None:
    precedent, _version = ruled(project, kinds=["color"])
    other = make.add_image(project)
    same_text = make.add_caption(other, CAPTION)
    shared = make.add_caption(other, "The heron left its boathouse")
    one_word = make.add_caption(other, "The heron left early")
    assert FEWEST_SHARED == 2
    assert similar(project, shown(same_text)) == [precedent]
    assert similar(project, shown(shared)) == [precedent]
    assert similar(project, shown(one_word)) == []
    assert similar(project, shown(one_word, kinds=("color",))) == [precedent]
    assert similar(project, shown(one_word, kinds=("number",))) == []


def test_the_same_text_stands_before_the_same_kind_before_shared_words(project: Project) -> None:
    words, _v1 = ruled(project, "A heron near a boathouse")
    kind, _v2 = ruled(project, "Something else entirely", kinds=["person"])
    text, _v3 = ruled(project)
    pair = shown(make.add_caption(make.add_image(project), CAPTION), kinds=("person",))
    assert similar(project, pair) == [text, kind, words]


def test_a_precedent_is_never_shown_on_its_own_pair_while_somebody_may_still_judge_it(
    project: Project,
) -> None:
    precedent, version = ruled(project)
    batch = make.make_batch(project, [version.image], overlap=2)
    assert similar(project, shown(version)) == []
    assert precedents_of(project).get().is_pair_blind  # type: ignore[attr-defined]
    for person in (make.add_member(project), make.add_member(project)):
        assignment = make.claim(batch, person)
        assert similar(project, shown(version)) == []
        make.judge(assignment, version, "good")
        make.finish(assignment)
    assert similar(project, shown(version)) == [precedent]


def test_the_page_hides_the_pair_in_blind_work_and_never_names_who_asked(project: Project) -> None:
    version = make.add_caption(make.add_image(project), CAPTION)
    batch = make.make_batch(project, [version.image], overlap=2)
    asker, other = make.add_member(project), make.add_member(project)
    head = make.add_member(project, Role.HEAD)
    assignment = make.claim(batch, asker)
    question = ask_question(assignment=assignment, version=version, asker=asker, text="Is it a heron?")
    answer_question(question=question, head=head, answer="Yes.")
    client = Client()
    client.force_login(head)
    place = f"/p/here/review/questions/{question.public_id}/"
    assert "Make it a precedent" in client.get(place).content.decode()
    sent = {
        "title": "Herons",
        "ruling": "Name the kind where it shows.",
        "guideline_section": "",
        "kinds": [],
    }
    assert client.post(f"{place}precedent/", {**sent, "title": ""}).status_code == 422
    assert client.post(f"{place}precedent/", sent).status_code == 302
    client.force_login(other)
    page = client.get("/p/here/guidelines/precedents/").content.decode()
    assert "Name the kind where it shows." in page
    for hidden in (CAPTION, str(asker), str(head), str(version.image.public_id), "Is it a heron?"):
        assert hidden not in page
    Assignment.objects.filter(batch=batch, state="open").delete()
    make.judge(assignment, version, "good")
    make.finish(assignment)
    page = client.get("/p/here/guidelines/precedents/").content.decode()
    assert CAPTION in page
    assert str(asker) not in page
    assert "Herons" in client.get("/p/here/guidelines/").content.decode()


def test_precedents_are_found_by_their_words_and_leave_force_once(project: Project) -> None:
    precedent, _version = ruled(project)
    assert list(precedents_of(project, query="kind birds")) == [precedent]
    assert list(precedents_of(project, query="kind boats")) == []
    head = make.add_member(project, Role.HEAD)
    client = Client()
    client.force_login(head)
    assert client.post(f"/p/here/guidelines/precedents/{precedent.public_id}/retire/").status_code == 302
    with pytest.raises(Conflict):
        retire_precedent(precedent=precedent, head=head)
    assert not precedents_of(project).exists()
    assert Precedent.objects.count() == 1


def test_a_precedent_needs_title_and_ruling_and_one_question_gives_one(project: Project) -> None:
    version = make.add_caption(make.add_image(project), CAPTION)
    head = make.add_member(project, Role.HEAD)
    with pytest.raises(Invalid):
        make_precedent(version=version, head=head, given=Ruling(" ", "Something"))
    with pytest.raises(Invalid, match="kind_unknown"):
        make_precedent(version=version, head=head, given=Ruling("A", "B", kinds=["smell"]))
    asker = make.add_member(project)
    assignment = make.claim(make.make_batch(project, [version.image]), asker)
    question = ask_question(assignment=assignment, version=version, asker=asker, text="Why?")
    with pytest.raises(Conflict, match="question_open"):
        make_precedent(version=version, head=head, given=Ruling("A", "B"), question=question)
    question = answer_question(question=question, head=head, answer="It is so.")
    first = make_precedent(version=version, head=head, given=Ruling("A", "B"), question=question)
    assert make_precedent(version=version, head=head, given=Ruling("C", "D"), question=question) == first


def test_the_workspace_shows_the_ruling_beside_a_similar_pair(project: Project) -> None:
    ruled(project)
    image = make.add_image(project)
    make.add_caption(image, CAPTION)
    batch = make.make_batch(project, [image])
    person = make.add_member(project)
    client = Client()
    client.force_login(person)
    page = client.get(f"/p/here/annotate/{batch.public_id}/").content.decode()
    assert "Birds by their kind" in page
    assert "Name the kind only where it can be seen." in page


def test_a_pair_with_a_known_answer_stays_hidden_while_it_is_in_use(project: Project) -> None:
    _precedent, version = ruled(project)
    head = make.add_member(project, Role.HEAD)
    known = make_known_answer(
        version=version, schema=project.label_schemas.get(), label="good", use=KnownUse.GOLD, actor=head
    )
    assert precedents_of(project).get().is_pair_blind  # type: ignore[attr-defined]
    assert similar(project, shown(version)) == []
    retire_known_answer(known=known, actor=head)
    assert not precedents_of(project).get().is_pair_blind  # type: ignore[attr-defined]
