"""WCAG 2.2 AA, computed from the tokens: every colour of text on every ground that it is used on, in both themes."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
THEMES = {"light": 0, "dark": 1}
TEXT = 4.5
PARTS = 3.0

Colour = tuple[float, float, float]

GROUNDS = ("ground", "surface", "sunken", "hover")
LABELS = ("good", "bad", "unsure", "blue", "violet", "teal", "rose", "plain")
SOFT = ("accent-soft", *(f"{name}-soft" for name in LABELS))

TEXT_PAIRS = [
    *[("ink", ground) for ground in (*GROUNDS, *SOFT)],
    *[("ink-soft", ground) for ground in (*GROUNDS, *SOFT)],
    *[(name, ground) for name in ("accent", "accent-strong", *LABELS) for ground in GROUNDS],
    *[(name, f"{name}-soft") for name in LABELS],
    *[(f"on-{name}", name) for name in ("accent", *LABELS)],
    ("accent", "accent-soft"),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent-strong"),
    ("ground", "ink"),
]
PART_PAIRS = [
    (part, ground)
    for part in ("line-strong", "focus", "accent", *LABELS)
    for ground in ("ground", "surface", "sunken")
]


def tokens(theme: str) -> dict[str, Colour]:
    """Return every colour token of one theme as sRGB in 0..1."""
    text = (CSS / "tokens.css").read_text()
    found = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", text)
    return {name: colour(pair[THEMES[theme]]) for name, *pair in found}


def colour(text: str) -> Colour:
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def luminance(shade: Colour) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(one, other, strict=True))
    return red, green, blue


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_is_read_on_its_ground(theme: str, front: str, back: str) -> None:
    shades = tokens(theme)
    assert contrast(shades[front], shades[back]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), PART_PAIRS)
def test_borders_shapes_and_the_focus_ring_are_seen(theme: str, front: str, back: str) -> None:
    shades = tokens(theme)
    assert contrast(shades[front], shades[back]) >= PARTS


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_are_read_on_every_step_of_the_heat_map(theme: str) -> None:
    shades = tokens(theme)
    steps = re.findall(r"\.heat-(\d+) \{ background: color-mix\(in srgb, var\(--heat\) (\d+)%", table_rules())
    assert len(steps) == 9
    for step, percent in steps:
        ground = mixed(shades["heat"], shades["ground"], int(percent) / 100)
        ink = shades["ink"] if int(step) <= 5 else shades["on-heat"]
        assert contrast(ink, ground) >= TEXT, f"heat-{step}"
    assert contrast(shades["on-heat"], shades["heat"]) >= TEXT


def table_rules() -> str:
    return (CSS / "tables.css").read_text()


def test_literal_colours_stand_in_the_tokens_only() -> None:
    for sheet in CSS.glob("*.css"):
        if sheet.name != "tokens.css":
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text()), sheet.name
