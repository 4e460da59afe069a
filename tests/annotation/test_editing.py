"""Edits: what is checked, what is stored, and the word-level difference."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.captions.editing import checked_text, propose_edit, word_difference
from annotation.models import CaptionVersion, VersionState
from polyannot.kernel.errors import Invalid
from tests import factories as make

WORDS = st.lists(st.sampled_from(["a", "red", "blue", "car", "<person>", "waits"]), max_size=8).map(" ".join)


@given(before=WORDS, after=WORDS)
@settings(max_examples=150, deadline=None)
def test_the_difference_holds_both_texts(before: str, after: str) -> None:
    changes = word_difference(before, after)
    assert " ".join(c.words for c in changes if c.kind != "added") == before
    assert " ".join(c.words for c in changes if c.kind != "removed") == after


def test_the_difference_names_the_word_that_changed() -> None:
    changes = word_difference("A red car waits", "A blue car waits")
    assert [(change.kind, change.words) for change in changes] == [
        ("same", "A"),
        ("removed", "red"),
        ("added", "blue"),
        ("same", "car waits"),
    ]


@pytest.fixture
def base() -> CaptionVersion:
    """Return a base version."""
    return make.add_caption(make.add_image(make.make_project()), "Emma rides a red bicycle")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "edit_empty"),
        ("  \n ", "edit_empty"),
        ("Emma rides a red bicycle", "edit_unchanged"),
        ("Emma rides  a red\tbicycle ", "edit_unchanged"),
        ("Bicycle", "edit_too_short"),
        ("word " * 300, "edit_too_long"),
        ("<Person> rides a red bicycle", "placeholder_misspelt"),
        ("< person > rides a red bicycle", "placeholder_misspelt"),
        ("<persn> rides a red bicycle", "placeholder_misspelt"),
        ("<person rides a red bicycle", "placeholder_misspelt"),
        ("person> rides a red bicycle", "placeholder_misspelt"),
        ("<PERSON> rides a red bicycle", "placeholder_misspelt"),
        ("<preson rides a red bicycle", "placeholder_misspelt"),
        ("</person> rides a red bicycle", "placeholder_misspelt"),
        ("< > rides a red bicycle", "placeholder_misspelt"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_with_its_reason(
    base: CaptionVersion, text: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        checked_text(parent=base, text=text)
    assert refused.value.code == code


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "<person> rides a red bicycle",
        "<person>'s bicycle is red",
        "Fewer than < 3 wheels",
        "A person rides",
        "I <3 you and 5 > 4",
    ],
)
def test_a_placeholder_spelt_right_and_ordinary_words_are_taken(base: CaptionVersion, text: str) -> None:
    assert checked_text(parent=base, text=text) == text


@pytest.mark.django_db
def test_an_edit_is_a_proposed_child_with_its_kinds_in_order(base: CaptionVersion) -> None:
    author = make.make_user()
    child = propose_edit(
        parent=base, text="<person> rides a  blue bicycle", kinds=["person", "color"], author=author
    )
    assert (child.parent, child.state, child.author) == (base, VersionState.PROPOSED, author)
    assert child.text == "<person> rides a blue bicycle"
    assert child.kinds == ["color", "person"]
    again = propose_edit(parent=base, text=child.text, kinds=["color"], author=author)
    assert again == child


@pytest.mark.django_db
@pytest.mark.parametrize("kinds", [[], ["shape"], ["color", "shape"]])
def test_an_edit_says_what_it_repairs(base: CaptionVersion, kinds: list[str]) -> None:
    with pytest.raises(Invalid):
        propose_edit(parent=base, text="Emma rides a bus", kinds=kinds, author=make.make_user())


@pytest.mark.django_db
def test_an_edit_does_not_go_back_to_a_text_that_the_caption_had(base: CaptionVersion) -> None:
    child = propose_edit(
        parent=base, text="Emma rides a blue bicycle", kinds=["color"], author=make.make_user()
    )
    with pytest.raises(Invalid) as refused:
        propose_edit(parent=child, text=base.text, kinds=["color"], author=make.make_user())
    assert refused.value.code == "edit_earlier_text"


@pytest.mark.django_db
def test_two_people_may_propose_the_same_text_without_knowing_of_each_other(base: CaptionVersion) -> None:
    text = "<person> rides a red bicycle"
    made = [propose_edit(parent=base, text=text, kinds=["person"], author=make.make_user()) for _ in range(2)]
    assert made[0].pk != made[1].pk
    assert made[0].content_hash == made[1].content_hash
