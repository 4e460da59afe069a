"""`python -m ml_workers.clean captions.csv --out DIR`: clean a table of captions before its import, with a report."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ml_workers.cleaning.dropping import Rule
from ml_workers.cleaning.duplicates import LEAST_JACCARD
from ml_workers.cleaning.packaged import packaged_rules
from ml_workers.cleaning.pipeline import (
    STEPS,
    CleanedCaption,
    CleaningResult,
    GivenCaption,
    clean,
)
from ml_workers.cleaning.tagging import HANTA

EXAMPLES_A_STEP = 5
TEXT_COLUMNS = ("text", "caption", "title")


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """A table as it was read: its columns, its rows, and which column holds the texts."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    text: str


class MalformedFile(ValueError):
    """The table cannot be read; the message says what to do."""


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="clean", description="Clean a table of captions, step by step.")
    parser.add_argument("captions", type=Path, help="CSV or TSV in UTF-8 with a line of column names")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for kept.csv, dropped.csv, report.json"
    )
    parser.add_argument("--column", default="", help="column of the texts (default: text, caption or title)")
    parser.add_argument("--columns", default="", help="names for a file without them, such as caption,url")
    parser.add_argument("--pool", default="image_key", help="column that names the pool (default: image_key)")
    parser.add_argument("--source", default="source", help="column that names the source (default: source)")
    parser.add_argument("--only-sources", default="", help="clean these sources alone, separated by commas")
    parser.add_argument("--without", default="", help=f"steps to leave out: {', '.join(STEPS)}")
    parser.add_argument("--languages", default="en", help="languages that stay, such as en,de")
    parser.add_argument(
        "--spacy-model",
        default=os.environ.get("SPACY_MODEL", ""),
        help="name or folder of a spaCy model that tells parts of speech in place of HanTa (default: SPACY_MODEL)",
    )
    parser.add_argument("--least-jaccard", type=float, default=LEAST_JACCARD, help="of near-duplicates")
    return parser


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def read_captions(path: Path, *, column: str = "", names: Sequence[str] = ()) -> CaptionFile:
    """Read a CSV, or a TSV where the name ends in .tsv. Raises MalformedFile where there is no column of texts."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".tsv":
                reader = csv.DictReader(file, names or None, delimiter="\t", quoting=csv.QUOTE_NONE)
            else:
                reader = csv.DictReader(file, names or None)
            rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
    except UnicodeDecodeError as error:
        raise MalformedFile(f"{path.name} is not UTF-8; save it as UTF-8 and try again.") from error
    columns = [name for name in reader.fieldnames or () if name]
    text = column or next((name for name in TEXT_COLUMNS if name in columns), "")
    if text not in columns:
        raise MalformedFile(
            f"{path.name} has no column {text or 'text, caption or title'}; it has {', '.join(columns)}."
            " Name the column of the texts with --column, or the columns of a file without names with --columns."
        )
    return CaptionFile(columns, rows, text)


def cleaned_file(file: CaptionFile, options: argparse.Namespace, rules: Mapping[str, Rule]) -> CleaningResult:
    """Clean the rows of a file as the options say. Raises ValueError for an unknown step."""
    sources = set(_listed(options.only_sources))
    given = [
        GivenCaption(
            row[file.text],
            row.get(options.pool, ""),
            not sources or row.get(options.source, "") in sources,
        )
        for row in file.rows
    ]
    return clean(given, rules, without=_listed(options.without), least_jaccard=options.least_jaccard)


def write_result(
    folder: Path, file: CaptionFile, result: CleaningResult, options: argparse.Namespace
) -> None:
    """Write kept.csv in the columns of the input, dropped.csv with step and reason, and report.json."""
    folder.mkdir(parents=True, exist_ok=True)
    kept, dropped = [], []
    for number, (row, one) in enumerate(zip(file.rows, result.captions, strict=True), start=1):
        if one.is_kept:
            kept.append({**row, file.text: one.text, "text_before_cleaning": one.given})
        else:
            dropped.append({"row": number, "step": one.dropped_by, "reason": one.reason, **row})
    _write_csv(folder / "kept.csv", [*file.columns, "text_before_cleaning"], kept)
    _write_csv(folder / "dropped.csv", ["row", "step", "reason", *file.columns], dropped)
    report = {
        "file": options.captions.name,
        "n": len(result.captions),
        "n_kept": len(kept),
        "without": _listed(options.without),
        "languages": _listed(options.languages),
        "tagger": options.spacy_model or HANTA,
        "least_jaccard": options.least_jaccard,
        "steps": [{**asdict(count), "examples": examples(result, count.step)} for count in result.counts],
    }
    _write_text(folder / "report.json", json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)


def _write_text(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def examples(result: CleaningResult, step: str, most: int = EXAMPLES_A_STEP) -> list[dict[str, str]]:
    """The first captions that a step dropped or changed, before and after."""
    touched: list[CleanedCaption] = [one for one in result.captions if one.dropped_by == step]
    touched += [one for one in result.captions if step in one.changed_by and one.is_kept]
    return [
        {"before": one.given, "after": one.text if one.is_kept else "", "reason": one.reason}
        for one in touched[:most]
    ]


def described(result: CleaningResult) -> str:
    """The counts of the steps in lines for a person."""
    lines = [f"{'step':18}{'came':>9}{'changed':>9}{'dropped':>9}"]
    lines += [
        f"{count.step:18}{count.n:>9}{count.n_changed:>9}{count.n_dropped:>9}" for count in result.counts
    ]
    kept = sum(one.is_kept for one in result.captions)
    return "\n".join([*lines, f"{kept} of {len(result.captions)} captions are kept"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with a sentence on stderr where it cannot be done."""
    options = argument_parser().parse_args(argv)
    try:
        file = read_captions(options.captions, column=options.column, names=_listed(options.columns))
        result = cleaned_file(
            file, options, packaged_rules(_listed(options.languages), options.spacy_model or HANTA)
        )
        write_result(options.out, file, result, options)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(described(result) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
