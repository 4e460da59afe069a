"""Drawings: the same bytes for the same values, nothing that the policy blocks, colours that pages can change."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from polyannot.kernel import figures
from polyannot.kernel.figures import Drawn, Mark, Step

ROOT = Path(__file__).resolve().parents[2]


def drawn(name: str = "shares", label: str = "<share> & more") -> Drawn:
    with figures.drawing_style():
        figure, axes = figures.new_axes()
        figures.draw_marks(axes, [Mark(0.1, 0.5, 0.2, 0.8), Mark(0.2, 0.9, 0.6, 1.0)])
        figures.share_axis(axes, label)
        return figures.written(
            figure,
            name=name,
            title="Shares",
            alt="Two shares.",
            columns=("x", "y"),
            rows=[(0.1, 0.5), (0.2, 0.9)],
        )


def test_the_same_values_give_the_same_bytes_in_every_form() -> None:
    assert drawn() == drawn()


def test_each_form_is_what_its_name_says_and_the_data_stand_beside() -> None:
    found = drawn()
    assert ET.fromstring(found.svg).tag.endswith("svg")
    assert found.pdf.startswith(b"%PDF")
    assert found.png.startswith(b"\x89PNG")
    assert found.csv == "x,y\n0.1,0.5\n0.2,0.9\n"


def test_the_svg_holds_no_style_no_date_and_no_markup_of_a_label() -> None:
    svg = drawn().svg
    assert not re.search(r"style\s*=|<style|<script|<metadata", svg)
    assert "&lt;share&gt; &amp; more" in svg
    assert b"CreationDate" not in drawn().pdf


def test_two_drawings_on_one_page_share_no_id() -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', drawn(name).svg)) for name in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, own in zip((drawn("one").svg, drawn("two").svg), ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= own


@pytest.mark.parametrize(("colour", "name"), figures.CLASSES.items())
def test_colours_are_the_light_ones_of_the_tokens_and_have_a_class_that_follows_the_theme(
    colour: str, name: str
) -> None:
    tokens = (ROOT / "static/css/tokens.css").read_text()
    token = {"soft": "ink-soft", "ground": "paper"}.get(name, name)
    found = re.search(rf"--{token}: (?:light-dark\()?(#\w+)", tokens)
    assert found is not None
    assert found.group(1) == colour


def test_every_class_of_a_drawing_has_its_rule() -> None:
    with figures.drawing_style():
        figure, axes = figures.new_axes()
        figures.draw_flow(axes, [Step(3, "came", ("1 left",)), Step(2, "stayed")])
        svg = figures.written(figure, name="flow", title="", alt="", columns=(), rows=()).svg
    rules = (ROOT / "static/css/evidence.css").read_text()
    classes = {name for told in re.findall(r'class="([^"]+)"', drawn().svg + svg) for name in told.split()}
    assert "drawn-stroke-accent" in classes
    assert {name for name in classes if f".{name} " not in rules} <= {
        "drawn-fill-ground",
        "drawn-stroke-ground",
    }
