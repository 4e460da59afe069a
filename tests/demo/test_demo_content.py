"""The demo content is complete, free to pass on, and says what its columns promise."""

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"
IMPORT = ROOT / "tests" / "fixtures" / "import"

LICENCES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "Public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
    "No known copyright restrictions": "https://www.brooklynmuseum.org/copyright",
}
EDIT_KIND_OF_STYLE = {
    "wrong_color": {"color"},
    "wrong_number": {"number"},
    "wrong_object": {"object_name"},
    "wrong_person": {"person"},
    "wrong_location": {"location"},
    "specific_name": {"person", "location", "other"},
}
STYLES = {"plain", "poetic", "humorous", "too_generic", "unrelated", *EDIT_KIND_OF_STYLE}
LONGEST_SIDE = 1280
MOST_BYTES = 400_000


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the demo's CSV files."""
    with (DEMO / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def pools() -> dict[str, list[dict[str, str]]]:
    """Return the candidate captions by the key of their image."""
    by_image: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows("captions.csv"):
        by_image[row["image_key"]].append(row)
    return by_image


def trigrams(text: str) -> set[tuple[str, ...]]:
    """Return the runs of three words of a text."""
    words = re.findall(r"[\w'<>-]+", text.casefold())
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


def image_keys() -> list[str]:
    """Return the keys of the demo's images in the order of the file."""
    return [row["key"] for row in rows("images.csv")]


@pytest.mark.parametrize("row", rows("images.csv"), ids=lambda row: str(row["key"]))
def test_a_demo_image_opens_is_small_upright_and_without_metadata(row: dict[str, str]) -> None:
    path = DEMO / row["file"]
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as image:
        image.load()
        assert image.format == "JPEG"
        assert image.mode in {"RGB", "L"}
        assert 250 <= max(image.size) <= LONGEST_SIDE
        assert not image.getexif()
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }


def test_every_demo_image_has_its_author_source_and_a_licence_that_lets_it_be_passed_on() -> None:
    images = rows("images.csv")
    assert len(images) >= 14
    for row in images:
        assert all(row.values()), row
        assert row["licence_url"] == LICENCES[row["licence"]]
        assert re.fullmatch(r"https?://\S+", row["source_url"])
        if row["licence"].startswith("CC"):
            assert row["author"].removesuffix(" (Flickr)") in row["attribution"]


def test_every_demo_image_is_listed_once_and_named_in_the_attribution_text() -> None:
    keys = image_keys()
    assert len(keys) == len(set(keys))
    files = {row["file"] for row in rows("images.csv")}
    assert files == {f"images/{path.name}" for path in (DEMO / "images").iterdir()}
    attribution = (DEMO / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert Counter(re.findall(r"^- \*\*([a-z-]+)\*\*:", attribution, re.MULTILINE)) == Counter(keys)


@pytest.mark.parametrize("key", image_keys())
def test_a_demo_pool_has_at_least_14_captions_seven_good_and_each_way_to_fail(key: str) -> None:
    pool = pools()[key]
    expected = Counter(row["expected"] for row in pool)
    styles = Counter(row["style"] for row in pool)
    assert len(pool) >= 14
    assert expected["good"] >= 7
    assert expected["bad"] >= 5
    assert expected["unsure"] >= 1
    assert {"plain", "poetic", "humorous", "too_generic", "unrelated"} <= set(styles)
    assert sum(1 for row in pool if row["edit_text"]) >= 4


@pytest.mark.parametrize("key", image_keys())
def test_no_two_captions_of_a_demo_pool_are_near_duplicates(key: str) -> None:
    grams = [trigrams(row["text"]) for row in pools()[key]]
    for at, one in enumerate(grams):
        for other in grams[at + 1 :]:
            assert len(one & other) < 0.6 * len(one | other)


def test_demo_captions_have_their_own_key_and_text_and_belong_to_a_demo_image() -> None:
    captions = rows("captions.csv")
    assert set(pools()) == set(image_keys())
    for column in ("caption_key", "text"):
        assert max(Counter(row[column] for row in captions).values()) == 1
    versions = Counter(
        (row["image_key"], text) for row in captions for text in (row["text"], row["edit_text"]) if text
    )
    assert max(versions.values()) == 1


def test_demo_captions_are_clean_single_lines_of_at_least_five_words() -> None:
    for row in rows("captions.csv"):
        for text in (row["text"], row["edit_text"]):
            assert text == unicodedata.normalize("NFC", " ".join(text.split()))
            assert not text or 5 <= len(text.split()) <= 20 or text == row["edit_text"]
        assert row["style"] in STYLES
        assert row["source"] in {"demo-corpus", "demo-web"}
        assert row["expected"] in {"good", "bad", "unsure"}


def test_an_edit_repairs_a_bad_caption_in_the_respect_that_its_style_names() -> None:
    for row in rows("captions.csv"):
        if not row["edit_text"]:
            assert not row["edit_kind"]
            assert row["style"] not in EDIT_KIND_OF_STYLE or (row["style"], row["expected"]) == (
                "specific_name",
                "good",
            )
            continue
        assert row["expected"] == "bad"
        assert row["edit_text"] != row["text"]
        assert row["edit_kind"] in EDIT_KIND_OF_STYLE[row["style"]]
        if row["edit_kind"] == "person" and row["style"] == "specific_name":
            assert "<person>" in row["edit_text"]
        assert "<person>" not in row["text"]


def test_neither_the_key_nor_the_source_of_a_demo_caption_gives_its_expected_label_away() -> None:
    captions = rows("captions.csv")
    share_good = sum(row["expected"] == "good" for row in captions) / len(captions)
    for source in ("demo-corpus", "demo-web"):
        labels = [row["expected"] == "good" for row in captions if row["source"] == source]
        assert abs(sum(labels) / len(labels) - share_good) < 0.1
    early = [row["expected"] == "good" for row in captions if int(row["caption_key"].rsplit("-", 1)[1]) <= 9]
    assert abs(sum(early) / len(early) - share_good) < 0.1


def test_every_caption_quoted_in_the_guidelines_is_one_of_the_demo_pool() -> None:
    guidelines = (DEMO / "guidelines.md").read_text(encoding="utf-8").replace("\\<", "<")
    known = {(row["image_key"], row["text"]) for row in rows("captions.csv")}
    quoted = re.findall(r'`([a-z-]+)`: "([^"]+)"', guidelines)
    assert len(quoted) >= 15
    assert set(quoted) <= known
    edits = {row["text"]: row["edit_text"] for row in rows("captions.csv")}
    repaired = re.findall(r'^\|.*`: "([^"]+)" \| "([^"]+)" \|$', guidelines, re.MULTILINE)
    assert len(repaired) == 6
    assert all(edits[before] == after for before, after in repaired)


@pytest.mark.parametrize("name", ["consent.md", "instructions.md", "debriefing.md"])
def test_the_survey_texts_leave_only_the_study_own_fields_open(name: str) -> None:
    text = (DEMO / name).read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert set(re.findall(r"\{(\w*)\}", text)) <= {"institution", "contact", "ethics"}


def test_the_import_fixtures_are_two_good_images_one_cut_off_and_one_text_file() -> None:
    for name, size in (("cat.jpg", (48, 32)), ("cup.png", (48, 32))):
        with Image.open(IMPORT / "images" / name) as image:
            image.load()
            assert image.size == size
    with Image.open(IMPORT / "images" / "broken.jpg") as image, pytest.raises(OSError, match="truncated"):
        image.load()
    with pytest.raises(UnidentifiedImageError):
        Image.open(IMPORT / "images" / "note.jpg")


def test_the_caption_fixture_that_is_not_utf8_cannot_be_read_as_such() -> None:
    with pytest.raises(UnicodeDecodeError):
        (IMPORT / "captions_not_utf8.csv").read_text(encoding="utf-8")
