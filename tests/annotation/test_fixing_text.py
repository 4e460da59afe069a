"""What a find-and-fix does to one text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.captions.fixing_text import TextFix

TEXTS = st.text(alphabet="ab .*(<A", max_size=30)


@pytest.mark.parametrize(
    ("fix", "before", "after"),
    [
        (TextFix("grey", "gray"), "A grey cat", "A gray cat"),
        (TextFix("cat", "dog"), "A cat and a catfish", "A dog and a catfish"),
        (TextFix("cat", "dog", is_whole_word=False), "A cat and a catfish", "A dog and a dogfish"),
        (TextFix("cat", "dog"), "Cat and cat", "Cat and dog"),
        (TextFix("cat", "dog", is_case_sensitive=False), "Cat and CAT", "Dog and dog"),
        (TextFix("very", ""), "A very very old man", "A old man"),
        (TextFix("a.c", "x", is_whole_word=False), "abc a.c", "abc x"),
        (TextFix("<persn>", "<person>"), "A <persn> waits", "A <person> waits"),
        (TextFix("x", r"\1\g<0>"), "x y", r"\1\g<0> y"),
        (TextFix("été", "summer"), "Un été, l'été", "Un summer, l'summer"),
    ],
)
def test_text_is_found_literally_and_put_in_its_place(fix: TextFix, before: str, after: str) -> None:
    assert fix.applied(before) == after


@given(text=TEXTS, pattern=TEXTS.filter(bool), whole=st.booleans(), case=st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_text_is_changed_only_where_something_is_found(
    text: str, pattern: str, whole: bool, case: bool
) -> None:
    fix = TextFix(pattern, "-", is_whole_word=whole, is_case_sensitive=case)
    changed = fix.applied(text)
    if not fix.finds(text):
        assert changed == " ".join(text.split())
    else:
        assert changed.count("-") >= 1
    if not whole and case:
        assert changed == " ".join(text.replace(pattern, "-").split())


def test_any_pattern_takes_a_short_time_on_the_longest_text() -> None:
    fix = TextFix("(a+)+$" * 20, "b", is_whole_word=False)
    begun = time.perf_counter()
    for _time in range(1000):
        fix.applied("a" * 1000)
    assert time.perf_counter() - begun < 5
