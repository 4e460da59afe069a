"""Cleaning: each step on what it is for and on what it must leave alone, near-duplicates against all pairs."""

import csv
import json
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_workers import clean as command
from ml_workers.cleaning import dropping, repairs
from ml_workers.cleaning.duplicates import grams_of, near_duplicates
from ml_workers.cleaning.packaged import packaged_rules
from ml_workers.cleaning.pipeline import STEPS, GivenCaption, clean
from ml_workers.cleaning.tagging import HANTA, TaggerUnavailable, tagger_rule

RULES = packaged_rules()

# The captions of its own that IMP prints whole (Figures 1, 8, 9, 12, 13, 16, 17, 19 to 22).
PRINTED = tuple(
    """
Woman walking in the middle of a forest
A furry tide ebbs and flows across the green shore.
A windowpane's temporary tattoos from the sky.
Nature's painting with water on a canvas of rocks.
Sunset captured on a single branch.
The kind of day when coffee and a good book are mandatory.
Each step a brushstroke in the painting of their day.
The calm before the coconut's playful tumble.
The white knight rests before the next adventure.
A majestic stroll through nature's autumn tapestry.
In a room full of art, I would still stare at it.
The quiet before the storm of thoughts inside <person>'s head.
Awaiting the warmth of spring to dress in a lush green again.
Nature's mirror, reflecting the beauty of an endless sky.
A golden curtain before the night's performance.
A tapestry woven with wings and wax, humming with life.
Energy-saving mode has been activated.
An artificial mountain, steeped in human dreams.
A quiet conversation with the oldest inhabitants of the earth.
The lone sentinel standing guard in an ocean of sand.
For those who believe in moving fast and living faster.
Not all traffic jams happen on the highway.
The sun takes a bow, exiting stage west.
Sun-kissed leaves tell stories of growth and survival
The forgotten tales of fall, captured in a single frame
A harmony of elements: rock, lake, and sky in a silent symphony of calm
A serene moment captured, where rock meets lake under a peaceful sky
Escape the hustle: find peace beside these quiet mountain waters
As the world turns gold, the lake quietly reflects on change
The stillness of the lake presents a perfect reflection of a monolithic boulder
The lake: nature's pause amidst the earth's dialogue
In nature's palette, brown and gray paint a serene landscape
Ink stains on a watery canvas, the groynes sketch the coastline's edge
A dance of strength and endurance: black groynes under a brooding sky
Delicate ecosystems, perfectly encased in geometric simplicity
The delicate dance of light and life within a glass sanctuary
From the desert to the desktop: A journey in miniature
Gaze upon this glass-enclosed garden, where succulents bask in a self-contained paradise
Nature's artistry, meticulously maintained in a transparent dome
In the distance, a group of riders adds life to the quiet domain at the mountain's base
United with the wind, each stride a symphony of power and grace
A journey back in time, riding the trails of history
Galloping towards the horizon, where earth meets sky
A celebration of heritage and the simple joy of being together
Nature's monochrome ballet: a black and white performer pirouettes on water
A single ibis in an expanse of water, a minimalist's dream in black and white
Amidst the whispers of water, a black and white spectacle unfolds in silent majesty
The art of stillness, as a black and white avian grace adorns the tranquil waters
Navigating the calm waters, a striking visitor contrasts the serene landscape
Nightfall brings a sparkle, city lights mimicking the stars
Echoes of footsteps, whispers of the high-rise
The geometric beauty of urban sprawl
Night falls, and the city's heartbeat is captured in lights and reflections
Nighttime cityscape by the bay, where the urban glow meets the sea
""".strip().split("\n")
)


def cleaned(text, **more):
    (one,) = clean([GivenCaption(text)], RULES, **more).captions
    return one


def test_the_captions_that_the_paper_prints_survive_as_they_are():
    result = clean([GivenCaption(text) for text in PRINTED], RULES)
    assert [one.text for one in result.captions] == list(PRINTED)
    assert [one.reason for one in result.captions] == [""] * len(PRINTED)


@pytest.mark.parametrize(
    ("given_text", "text", "steps"),
    [
        ("<PERSON> walks with &lt;person&gt; in the snow", "<person> walks with <person> in the snow", "placeholders"),
        ("the cafÃ© at the corner of a street", "the café at the corner of a street", "encoding"),
        ("Bread &amp; butter on a wooden table", "Bread & butter on a wooden table", "encoding"),
        ("A <b>red</b> boat<br/>on the lake today", "A red boat on the lake today", "html"),
        ("Old bridge over the river | Flickr", "Old bridge over the river", "site_names"),
        ("Getty Images - Old bridge over the river", "Old bridge over the river", "site_names"),
        ("Cat on a sofa at home -- stock photo #12345678", "Cat on a sofa at home", "site_names"),
        ("Oranges and a glass of juice royalty free stock vectors", "Oranges and a glass of juice", "site_names"),
        ("Green clover in the light stock vector - 18054559", "Green clover in the light", "site_names"),
        ("A winding road on a hill, Royalty-Free", "A winding road on a hill", "site_names"),
        ("Dogs on a beach - by the sea - photos.example.com", "Dogs on a beach - by the sea", "site_names"),
        ("A calm lake in the morning #lake #calm", "A calm lake in the morning", "hashtags"),
        ("An amazing #sunset over the old town", "An amazing sunset over the old town", "hashtags"),
        ("See https://example.org/a?b=1 for the boats at sea", "See for the boats at sea", "links spaces"),
        ("boats , at sea !  and gulls above", "boats, at sea! and gulls above", "spaces"),
        ("two men talk on a bench .", "two men talk on a bench.", "spaces"),
        ("and so it goes ... on and on", "and so it goes ... on and on", ""),
    ],
)  # fmt: skip
def test_each_repair_mends_what_it_is_for_and_is_counted(given_text, text, steps):
    one = cleaned(given_text)
    assert (one.text, " ".join(one.changed_by), one.reason) == (text, steps, "")
    assert one.given == given_text


@pytest.mark.parametrize(
    "text",
    [
        "A man who is 5 < 6 feet tall > the door",
        "Number #1 fan of the home team at the game",
        "The quiet side - a village street at noon",
        "Keeping fans informed: since their birth in January",
        "Dr. Watson looks at the U.S. flag in the wind",
        "A well-known photo of a photographer at work",
        "This is what people want from a stock photo.",
        "A rare stock photo of a lighthouse -- by night",
        "“Curly quotes” and an em-dash — stay in this text",
    ],
)
def test_repairs_leave_alone_what_only_looks_like_their_prey(text):
    one = cleaned(text)
    assert (one.text, one.reason) == (text, "")


@pytest.mark.parametrize(
    ("text", "step", "reason"),
    [
        ("Ein kleiner Hund läuft über die grüne Wiese am Fluss", "language", "language de"),
        (
            "wallpaper hd wallpaper nature wallpaper green nature wallpaper",
            "repetition",
            "“wallpaper” comes 4",
        ),
        ("of the with and for if but", "parts_of_speech", "no noun, verb or adjective"),
        ("Four words are few", "too_short", "4 words, fewer than 5"),
        ("#only #hashtags", "too_short", "fewer than 5"),
        ("", "parts_of_speech", "no noun"),
    ],
)
def test_each_rule_drops_with_its_reason_and_keeps_the_text_that_was_given(text, step, reason):
    one = cleaned(text)
    assert one.dropped_by == step
    assert reason in one.reason
    assert one.given == text
    assert cleaned(text, without=[step]).dropped_by != step, "leaving the step out undoes it"


@pytest.fixture
def spacy_model(tmp_path):
    """A spaCy model of German on disk that knows the parts of speech of some words."""
    pipeline = spacy.blank("de")
    speech: Any = pipeline.add_pipe("attribute_ruler")
    speech.add([[{"LOWER": "hund"}], [{"LOWER": "dog"}]], {"POS": "NOUN"})
    speech.add([[{"LOWER": "auf"}], [{"LOWER": "und"}]], {"POS": "ADP"})
    pipeline.to_disk(tmp_path / "model")
    return str(tmp_path / "model")


def test_a_spacy_model_tells_parts_of_speech_in_its_own_language(spacy_model):
    rule = tagger_rule(spacy_model, ["de"])
    assert rule("auf und auf und auf") == "no noun, verb or adjective"
    assert (rule("auf den Hund"), rule("<person> und <person>")) == ("", "")
    assert tagger_rule(spacy_model, ["en"])("auf und auf und auf") == "", "it knows no English"
    assert tagger_rule(HANTA, ["de", "en"])("of the with and for") == ""


def test_a_spacy_model_that_cannot_be_had_says_what_to_do(tmp_path, capsys):
    spacy.blank("en").to_disk(tmp_path / "untagged")
    for model, reason in (
        ("no_such_model", "no_such_model cannot be loaded here: .*name its folder in SPACY_MODEL"),
        (str(tmp_path), "cannot be loaded here"),
        (str(tmp_path / "untagged"), "tells no parts of speech"),
    ):
        with pytest.raises(TaggerUnavailable, match=reason):
            tagger_rule(model, ["en"])
    table = tmp_path / "captions.csv"
    table.write_text("text\nA red boat on the lake\n", encoding="utf-8")
    assert command.main([str(table), "--out", str(tmp_path / "out"), "--spacy-model", "no_such_model"]) == 2
    assert "no_such_model cannot be loaded here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_sentence_may_repeat_words_and_one_content_word_is_enough():
    text = "tennis player prepares to return in his match with tennis player won by tennis player"
    assert dropping.repetitive(text) == ""
    assert cleaned("to be or not to be").reason == ""
    assert dropping.repetitive("<person> , <person> , <person> on red carpet") == ""
    assert cleaned("<person> and <person> of the <person>").reason == ""


def test_words_count_placeholders_hyphens_and_apostrophes_once():
    assert dropping.words_of("<person>'s dog, a 3-year-old – isn't it?") == [
        "<person>", "s", "dog", "a", "3-year-old", "isn't", "it",
    ]  # fmt: skip


WORDS = st.lists(st.sampled_from("red blue dog cat runs".split()), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=14), st.sampled_from([0.3, 0.5, 0.6, 1.0]))
@settings(max_examples=200, deadline=None)
def test_near_duplicates_are_those_of_comparing_all_pairs(texts, least):
    grams = [grams_of(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda j: (-len(texts[j].split()), -len(texts[j]), j))
    kept: list[int] = []
    dropped: dict[int, tuple[int, float]] = {}
    for place in order:
        near = {
            one: len(grams[place] & grams[one]) / len(grams[place] | grams[one])
            for one in kept
            if grams[place] and grams[one]
        }
        best = max(near, key=lambda one: (near[one], -one), default=None)
        if best is not None and near[best] >= least - 1e-9:
            dropped[place] = (best, near[best])
        else:
            kept.append(place)
    found = near_duplicates(texts, least)
    assert {one.place: (one.kept, round(one.jaccard, 9)) for one in found} == {
        place: (kept_one, round(jaccard, 9)) for place, (kept_one, jaccard) in dropped.items()
    }


def test_near_duplicates_keep_the_longer_and_stay_within_a_pool():
    long, short = "A brown dog runs along a wet beach today", "A brown dog runs along a wet beach"
    result = clean([GivenCaption(short, "1"), GivenCaption(long, "1"), GivenCaption(short, "2")], RULES)
    assert [one.dropped_by for one in result.captions] == ["near_duplicates", "", ""]
    assert result.captions[0].reason == "says what row 2 says, Jaccard 0.86"
    with pytest.raises(ValueError, match="least similarity"):
        near_duplicates([short], 0)


def test_counts_add_up_and_a_source_that_is_not_cleaned_meets_near_duplicates_alone():
    texts = ["Too short", "A dog on a #beach in the evening sun", "A dog on a #beach in the evening sun"]
    rows = [GivenCaption(text, is_cleaned=place < 2) for place, text in enumerate(texts)]
    result = clean(rows, RULES)
    assert [one.is_kept for one in result.captions] == [False, False, True], (
        "the longer one stays, here by a #"
    )
    counts = {count.step: count for count in result.counts}
    assert list(counts) == list(STEPS)
    assert (counts["hashtags"].n, counts["hashtags"].n_changed) == (2, 1)
    assert (counts["too_short"].n, counts["too_short"].n_dropped) == (2, 1)
    assert (counts["near_duplicates"].n, counts["near_duplicates"].n_dropped) == (2, 1)
    with pytest.raises(ValueError, match="no step nothing"):
        clean(rows, RULES, without=["nothing"])


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_cleaning_fail_or_lose_what_was_given(text):
    one = cleaned(text)
    assert one.given == text
    assert repairs.HIDDEN_PERSON not in one.text or repairs.HIDDEN_PERSON in text


def test_the_command_writes_what_is_kept_what_is_dropped_and_a_report(tmp_path, capsys):
    table = tmp_path / "captions.csv"
    table.write_text(
        "image_key,text,source\n1,A dog at the beach | Flickr,web\n1,Too short,web\n2,Too short,corpus\n",
        encoding="utf-8",
    )
    status = command.main([str(table), "--out", str(tmp_path / "out"), "--only-sources", "web"])
    assert status == 0
    assert "2 of 3 captions are kept" in capsys.readouterr().out
    kept = list(csv.DictReader((tmp_path / "out" / "kept.csv").open(encoding="utf-8")))
    assert [row["text"] for row in kept] == ["A dog at the beach", "Too short"]
    assert kept[0]["text_before_cleaning"] == "A dog at the beach | Flickr"
    dropped = list(csv.DictReader((tmp_path / "out" / "dropped.csv").open(encoding="utf-8")))
    assert [(row["row"], row["step"], row["text"]) for row in dropped] == [("2", "too_short", "Too short")]
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["n"], report["n_kept"]) == (3, 2)
    step = next(one for one in report["steps"] if one["step"] == "site_names")
    assert step["examples"][0]["after"] == "A dog at the beach"


def test_a_table_without_texts_and_one_in_another_encoding_are_refused_in_words(tmp_path, capsys):
    table = tmp_path / "captions.tsv"
    table.write_text("a red boat on the lake\thttps://example.org/1\n", encoding="utf-8")
    assert command.main([str(table), "--out", str(tmp_path)]) == 2
    assert "has no column text, caption or title" in capsys.readouterr().err
    assert command.main([str(table), "--out", str(tmp_path / "out"), "--columns", "caption,url"]) == 0
    other = tmp_path / "latin.csv"
    other.write_bytes("text\ncafé\n".encode("latin-1"))
    assert command.main([str(other), "--out", str(tmp_path)]) == 2
    assert "is not UTF-8" in capsys.readouterr().err
