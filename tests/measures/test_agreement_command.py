"""python -m measures.agreement: what it reads, prints, reports and refuses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from measures.agreement import Ratings, report
from measures.agreement.command import main
from measures.agreement.reading import UnreadableRatings, read_ratings

KRIPPENDORFF = """item,rater,label
1,A,1\n2,A,2\n3,A,3\n4,A,3\n5,A,2\n6,A,1\n7,A,4\n8,A,1\n9,A,2
1,B,1\n2,B,2\n3,B,3\n4,B,3\n5,B,2\n6,B,2\n7,B,4\n8,B,1\n9,B,2\n10,B,5\n12,B,3
2,C,3\n3,C,3\n4,C,3\n5,C,2\n6,C,3\n7,C,4\n8,C,2\n9,C,2\n10,C,5\n11,C,1
1,D,1\n2,D,2\n3,D,3\n4,D,3\n5,D,2\n6,D,4\n7,D,4\n8,D,1\n9,D,2\n10,D,5\n11,D,1
"""


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    path = tmp_path / "ratings.csv"
    path.write_text(KRIPPENDORFF, encoding="utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, Any], str]:
    assert main([*arguments, "--json"]) == 0
    out = capsys.readouterr()
    return json.loads(out.out), out.err


def test_the_module_runs_without_django_and_prints_every_coefficient(ratings: Path) -> None:
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "measures.agreement",
        str(ratings),
        "--json",
        "--replicates",
        "50",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    for level, value in (("nominal", 0.7434), ("ordinal", 0.8154), ("interval", 0.8491), ("ratio", 0.7974)):
        row = found["coefficients"][f"krippendorff_alpha_{level}"]
        assert row["value"] == pytest.approx(value, abs=5e-5)
        assert (row["items"], row["ratings"], row["raters"]) == (11, 40, 4)
        assert row["excluded"][0]["items"] == 1
        assert row["intervals"][0]["replicates"] == 50
    assert not any(name in done.stderr for name in ("django", "torch", "celery"))


def test_options_reach_the_report(ratings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = printed(
        capsys, str(ratings), "--level", "ordinal", "--order", "1<2<3<4<5", "--weights", "linear",
        "--bootstrap", "both", "--bootstrap", "raters", "--replicates", "60", "--seed", "9", "--confidence", "0.9",
    )  # fmt: skip
    assert found["primary"] == "krippendorff_alpha_ordinal"
    assert found["parameters"]["category_source"] == "declared"
    assert "gwet_ac2_linear" in found["coefficients"]
    assert "gwet_ac2_quadratic" not in found["coefficients"]
    intervals = found["coefficients"]["gwet_ac1"]["intervals"]
    assert [row["method"] for row in intervals] == [
        "percentile bootstrap over items+raters",
        "percentile bootstrap over raters",
    ]
    assert {(row["replicates"], row["seed"], row["level"]) for row in intervals} == {(60, 9, 0.9)}


def test_a_malformed_row_is_reported_by_its_line_and_the_others_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        'item_id,rater_id,label\n1,a,good\n1,b,good\n\n2,a\n,b,good\n2,,bad\n2,b,"bad\n2,a,bad,x\n2,a,bad\n2,b,bad\n',
        encoding="utf-8",
    )
    found, complaint = printed(capsys, str(path), "--bootstrap", "none")
    assert [row["line"] for row in found["file"]["left_out"]] == [5, 6, 7, 8, 9]
    assert found["coefficients"]["raw_agreement"]["value"] == 1.0
    assert found["coefficients"]["cohen_kappa"]["value"] == 1.0
    assert "line 5: 2 fields instead of 3; the row was left out" in complaint
    assert "line 6: no item" in complaint
    assert "line 7: no rater" in complaint
    assert "line 8: a quotation mark that does not close" in complaint
    assert "5 of 9 rows were left out, 4 were kept." in complaint
    assert main([str(path), "--strict"]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty"),
        ("item,label\n1,x\n", "no column named 'rater' or 'rater_id'"),
        ("item,Item,item,rater,label\n", "more than one column"),
        ("item,ann,bob\n1,good,bad\n", "a row holds one rating of one rater"),
    ],
)
def test_a_file_without_its_columns_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableRatings, match=message):
        read_ratings(io.StringIO(text))


def test_nothing_is_computed_from_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("item,rater,label\n1,a,schön\n".encode("latin-1"))
    assert main([str(path)]) == 2
    assert "not UTF-8" in capsys.readouterr().err
    assert main([str(tmp_path / "none.csv")]) == 2
    assert "No such file" in capsys.readouterr().err
    path.write_text("item,rater,label\n1,a,x\n", encoding="utf-8")
    assert main([str(path), "--bootstrap", "clusters"]) == 2
    assert "--cluster" in capsys.readouterr().err


def test_a_quoted_note_may_run_over_lines_and_an_open_quotation_swallows_no_row() -> None:
    text = 'item,rater,label,note\n1,a,good,"two\n\nlines"\n1,b,good,\n2,a,"bad,\n2,b,bad,\n3,b,bad,"x"\n'
    found = read_ratings(io.StringIO(text))
    assert [problem.line for problem in found.problems] == [6]
    assert (found.rows, len(found.ratings), found.ratings.items) == (5, 4, ("1", "2", "3"))


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nItem ID;Annotator;Rating\n1;a;good\n",
        "\n\nitem|rater|label\n1|a|good\n",
        "item_id,rater_id,rating,label\n1,a,5,good\n",
        "item,rater,label,\r1,a,good,\r",
    ],
)
def test_files_of_other_programs_are_read(text: str) -> None:
    found = read_ratings(io.StringIO(text, newline=None))
    assert (found.ratings.items, found.ratings.raters, found.ratings.labels) == (("1",), ("a",), ("good",))


def test_labels_that_look_like_slips_are_counted_and_named() -> None:
    labels = ["good", "Good", "?", "bad", "null", "N/A"]
    ratings = Ratings.from_columns(["1", "1", "2", "2", "3", "3"], list("ababab"), labels)
    found = report(ratings, bootstraps=())
    assert (found.ratings, found.excluded[0].ratings) == (4, 2)
    assert "'?': counted as a label; if it means no rating, declare it as missing." in found.notes
    assert "'Good' and 'good' differ in capitals only and count as 2 labels." in found.notes


def test_separators_names_quotes_and_marks_of_other_programs_are_read() -> None:
    text = '\ufeffwho;what;verdict;image\r\nA;"a; b";good;p\r\nB;"a; b";NA;p\r\n'
    names = {"item": "what", "rater": "who", "label": "verdict"}
    found = read_ratings(io.StringIO(text), columns=names, cluster="image")
    assert found.ratings.items == ("a; b",)
    assert found.ratings.label.tolist() == [0, -1]
    assert found.ratings.clusters == ("p",)
    tabbed = read_ratings(io.StringIO("Item\tRater\tLabel\n1\tx\t*\n"), missing=["*"])
    assert tabbed.ratings.label.tolist() == [-1]


def test_a_cluster_column_is_drawn_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "clusters.csv"
    lines = [f"{i},{r},{'good' if (i * r) % 5 else 'bad'},{i // 3}" for i in range(30) for r in (1, 2, 3)]
    path.write_text("item,rater,label,image\n" + "\n".join(lines) + "\n", encoding="utf-8")
    found, _ = printed(capsys, str(path), "--cluster", "image", "--replicates", "100")
    assert found["coefficients"]["gwet_ac1"]["intervals"][0]["method"] == "percentile bootstrap over clusters"


def test_unsure_is_treated_as_declared_and_the_text_names_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "unsure.csv"
    labels = [("good", "good"), ("bad", "bad"), ("unsure", "good"), ("good", "bad"), ("good", "good")] * 3
    lines = [f"{i},{r},{label}" for i, pair in enumerate(labels) for r, label in zip("ab", pair, strict=True)]
    path.write_text("item,rater,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert main([str(path), "--unsure", "not-good", "--replicates", "50"]) == 0
    text = capsys.readouterr().out
    assert "categories not good, good" in text
    assert "If unsure counted as missing" in text
    assert "percentile bootstrap over items, 50 replicates" in text
    assert "Positive specific agreement (good)" in text


ANSWERS = ("good good", "good bad", "bad bad", "unsure good", "bad unsure", "good good")


def written(path: Path, header: str = "item,rater,label", capitals: bool = False) -> str:
    rows = [
        (place, who, label)
        for place, both in enumerate(ANSWERS)
        for who, label in zip("ab", both.split(), strict=True)
    ]
    lines = [f"{item},{rater},{label.title() if capitals else label}" for item, rater, label in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("header", ["Item,Rater,Label", "unit,coder,value", "subject_id,judge,score"])
def test_a_header_in_the_words_of_the_field_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str
) -> None:
    found, _ = printed(capsys, written(tmp_path / "words.csv", header), "--bootstrap", "none")
    assert found["coefficients"]["raw_agreement"]["value"] == 0.5


def test_labels_in_capitals_are_the_good_bad_and_unsure_that_they_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "capitals.csv", capitals=True)
    found, _ = printed(capsys, path, "--bootstrap", "none")
    assert found["parameters"]["categories"] == ["Bad", "Unsure", "Good"]
    assert found["coefficients"]["positive_agreement"]["value"] == pytest.approx(2 / 3)
    assert found["coefficients"]["negative_agreement"]["value"] == 0.5
    assert {row["treatment"] for row in found["sensitivity"]} == {"missing", "ordinal", "not_good"}
    ordered, _ = printed(capsys, path, "--bootstrap", "none", "--order", "bad,unsure,good")
    assert ordered["ratings"] == 12
    assert "'Good' counts as 'good'." in ordered["notes"]


def test_an_order_holds_at_every_level_and_weights_that_are_asked_for_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "order.csv")
    plain, _ = printed(
        capsys, path, "--bootstrap", "none", "--level", "ordinal", "--order", "bad<unsure<good"
    )
    expected = plain["coefficients"]["cohen_kappa_quadratic"]["value"]
    assert expected == pytest.approx(0.3793, abs=5e-5)
    for options in (
        ["--order", "bad, unsure, good"],
        ["--weights", "linear,squared"],
        ["--level", "Ordinal"],
    ):
        found, _ = printed(capsys, path, "--bootstrap", "none", *options)
        assert found["coefficients"]["cohen_kappa_quadratic"]["value"] == expected, options
    with pytest.raises(SystemExit):
        main([path, "--weights", "steep"])
    assert "'steep' is none of identity, linear" in capsys.readouterr().err
    assert main([path, "--order", "a,b", "--categories", "a,b"]) == 2


@pytest.mark.parametrize(
    ("word", "treatment"),
    [("missing", "missing"), ("drop", "missing"), ("category", "nominal"), ("Not-Good", "not_good")],
)
def test_the_words_for_unsure_may_be_written_in_several_ways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, treatment: str
) -> None:
    found, _ = printed(capsys, written(tmp_path / "unsure.csv"), "--bootstrap", "none", "--unsure", word)
    assert found["parameters"]["unsure_treatment"] == treatment


def test_the_json_has_alpha_and_ac2_under_their_bare_names_and_says_what_is_undefined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "names.csv")
    found, _ = printed(capsys, path, "--bootstrap", "none", "--level", "ordinal", "--weights", "quadratic")
    rows = found["coefficients"]
    assert rows["krippendorff_alpha"] == rows["krippendorff_alpha_ordinal"]
    assert rows["gwet_ac2"] == rows["gwet_ac2_quadratic"]
    assert rows["gwet_ac2"]["state"] == "defined"
    assert rows["krippendorff_alpha_interval"]["state"] == "undefined"


def test_standard_input_and_the_text_of_spreadsheets_in_utf_16_are_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("item\trater\tlabel\n1\ta\tgood\n1\tb\tbad\n", encoding="utf-16")
    command = [sys.executable, "-m", "measures.agreement", "-", "--json", "--bootstrap", "none"]
    with path.open("rb") as content:
        done = subprocess.run(command, stdin=content, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["coefficients"]["raw_agreement"]["value"] == 0.0
