"""What the strict content security policy and the style page ask of every template and sheet."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import override_settings

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = sorted(
    path
    for path in ROOT.glob("**/templates/**/*.html")
    if not {".venv", "build", "dist"} & set(path.relative_to(ROOT).parts)
)
FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an htmx handler": re.compile(r"\shx-on\b"),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "a foreign host": re.compile(
        r"<(?:script|link|img|use)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json)", re.IGNORECASE)
COMMENT = re.compile(r"{% comment.*?%}.*?{% endcomment %}", re.DOTALL)


def markup(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


TIME_OF_DAY = re.compile(r"date:\"[^\"]*H:i(?::s)?( T)?\"")
NAMED = re.compile(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)[\"']")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_has_nothing_that_the_policy_blocks(path: Path) -> None:
    text = markup(path)
    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    if INLINE_SCRIPT.search(text):
        found.append("an inline script")
    assert not found


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_static_file_that_a_template_names_exists(path: Path) -> None:
    named = re.findall(r"{% static ['\"]([^'\"]+)['\"] %}", markup(path))
    assert [each for each in named if not (STATIC / each).is_file()] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_icon_that_a_template_names_is_drawn(path: Path) -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "img" / "icons.svg").read_text()))
    named = set(re.findall(r'partials/icon\.html" with name="([^"]+)"', markup(path)))
    assert named <= drawn


def test_error_pages_need_no_request_and_show_the_reference() -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        page = get_template("500.html").render({"reference": "4f1c09ae"})
    assert "4f1c09ae" in page
    assert "What was kept" in page


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_time_of_day_stands_with_its_zone(path: Path) -> None:
    text = markup(path)
    nameless = [
        found.group()
        for found in TIME_OF_DAY.finditer(text)
        # The zone stands behind it, or in the label of its column.
        if not found.group(1) and "UTC" not in text[max(0, found.start() - 160) : found.end() + 160]
    ]
    assert nameless == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_whatever_a_template_includes_is_there(path: Path) -> None:
    for included in NAMED.findall(markup(path)):
        get_template(included)
