"""The command line: python -m measures.agreement ratings.csv --json."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from measures.agreement.bootstrap import KINDS, Bootstrap
from measures.agreement.ratings import MISSING_TEXTS
from measures.agreement.reading import Problem, ReadRatings, UnreadableRatings, read_ratings
from measures.agreement.reporting import DEFAULT_WEIGHTS, report
from measures.agreement.results import AgreementReport, Coefficient
from measures.agreement.scale import LEVELS, TREATMENTS
from measures.agreement.table import Exclusion
from measures.agreement.weights import WEIGHTS
from measures.intervals import Interval

SAME_AS = {
    "unweighted": "none",
    "equal": "linear",
    "squared": "quadratic",
    "category": "nominal",
    "drop": "missing",
    "exclude": "missing",
    "ignore": "missing",
    "middle": "ordinal",
    "between": "ordinal",
    "bad": "not_good",
    "two_way": "both",
    "item": "items",
    "rater": "raters",
    "cluster": "clusters",
}
"""Other words for the values of options."""
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
SHOWN_PROBLEMS = 20
EXIT_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the file, print the report; 0 where there is one, 2 where the file or an option is unusable."""
    options = _parser().parse_args(arguments)
    try:
        found = _read(options)
        _complain(found)
        if options.strict and found.problems:
            return EXIT_UNUSABLE
        result = _report(options, found)
    except (OSError, ValueError) as error:
        print(f"Nothing was computed. {error}", file=sys.stderr)
        return EXIT_UNUSABLE
    if options.json:
        rows = {"rows": found.rows, "left_out": [_problem(problem) for problem in found.problems]}
        print(json.dumps({"file": rows, **_json(result)}, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(_text(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m measures.agreement",
        description="Agreement of raters from a long CSV with the columns item, rater, label.",
    )
    add = parser.add_argument
    add("file", help="the CSV file; - reads standard input")
    add("--json", action="store_true", help="print everything as JSON")
    level, unsure = _one_of(LEVELS), _one_of(TREATMENTS)
    add("--level", type=level, default="nominal", help=f"{', '.join(LEVELS)} (default: nominal)")
    add("--categories", metavar="A,B,C", help="the fixed category list; in order at all levels but nominal")
    add("--order", metavar="A,B,C", help="the fixed category list, the lowest first, in order at every level")
    weights = ", ".join([*WEIGHTS, "all", "none"])
    add("--weights", action="append", type=_weights, help=f"one or more of {weights}; in order then")
    add("--unsure", type=unsure, help=f'how "unsure" counts: {", ".join(TREATMENTS)}')
    add("--unsure-label", default="unsure", help="the label that means unsure (default: unsure)")
    add("--positive", help="the category of positive specific agreement (default: good)")
    add("--negative", help="the category of negative specific agreement (default: bad)")
    kinds = [*KINDS, "both", "none"]
    add("--bootstrap", action="append", type=_one_of(kinds), help=f"{', '.join(kinds)}; repeatable")
    add("--replicates", type=int, default=2000, help="resamples per bootstrap (default: 2000)")
    add("--seed", type=int, default=0, help="the seed of the resamples (default: 0)")
    add("--confidence", type=float, default=0.95, help="the level of every interval (default: 0.95)")
    add("--cluster", metavar="COLUMN", help="the column naming each item's cluster, such as its image")
    for name in ("item", "rater", "label"):
        add(f"--{name}-column", metavar="COLUMN", help=f"the {name} column if it has another name")
    add("--missing", action="append", metavar="TEXT", help="a label that means no rating; repeatable")
    add("--hardest", type=int, default=20, help="how many of the hardest items to list (default: 20)")
    add("--strict", action="store_true", help="stop if any row cannot be read")
    return parser


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """What turns a word, in capitals or with hyphens, into the choice that it means."""

    def choice(text: str) -> str:
        word = text.strip().lower().replace("-", "_").replace(" ", "_")
        word = word if word in choices else SAME_AS.get(word, word)
        if word not in choices:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(choices)}")
        return word

    return choice


def _weights(text: str) -> list[str]:
    return [_one_of([*WEIGHTS, "all", "none"])(name) for name in text.split(",")]


def _read(options: argparse.Namespace) -> ReadRatings:
    names = {name: getattr(options, f"{name}_column") for name in ("item", "rater", "label")}
    choices: dict[str, Any] = {
        "columns": {name: column for name, column in names.items() if column},
        "cluster": options.cluster,
        "missing": tuple(options.missing) if options.missing else tuple(MISSING_TEXTS),
    }
    source = 0 if options.file == "-" else options.file
    with open(source, "rb", closefd=source != 0) as content:
        is_wide = content.peek(2)[:2] in UTF_16_MARKS
        return read_ratings(io.TextIOWrapper(content, "utf-16" if is_wide else "utf-8"), **choices)


def _report(options: argparse.Namespace, found: ReadRatings) -> AgreementReport:
    kinds = options.bootstrap or ["clusters" if options.cluster else "items"]
    kinds = ["items+raters" if kind == "both" else kind for kind in dict.fromkeys(kinds) if kind != "none"]
    asked = list(dict.fromkeys(name for names in options.weights or () for name in names))
    weights = [name for name in asked or DEFAULT_WEIGHTS if name != "none"]
    weights = list(WEIGHTS[1:]) if "all" in weights else weights
    if options.order and options.categories:
        raise UnreadableRatings("Give the category list once, with --order or with --categories.")
    if any(kind.startswith("clusters") for kind in kinds) and not options.cluster:
        raise UnreadableRatings("A bootstrap over clusters needs --cluster and the name of the column.")
    return report(
        found.ratings,
        categories=_listed(options.order or options.categories),
        level=options.level,
        is_ordered=bool(options.order) or any(name not in ("none", "identity") for name in asked),
        weights=weights,
        unsure=options.unsure,
        unsure_label=options.unsure_label,
        positive=options.positive,
        negative=options.negative,
        bootstraps=[Bootstrap(kind, options.replicates, options.seed) for kind in kinds],
        confidence=options.confidence,
        hardest=options.hardest,
    )


def _listed(text: str | None) -> list[str] | None:
    if text is None:
        return None
    separator = "," if "," in text else "<"
    names = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
    return [name.strip() for name in names if name.strip()]


def _json(result: AgreementReport) -> dict[str, Any]:
    """The report as JSON, each coefficient with its state; alpha and AC2 under their bare names too.

    krippendorff_alpha is alpha at the declared level, gwet_ac2 there where one set of weights was asked for.
    """
    told = result.to_json()
    rows = told["coefficients"]
    told["coefficients"] = found = {
        key: {"state": "undefined" if row["value"] is None else "defined", **row} for key, row in rows.items()
    }
    found["krippendorff_alpha"] = found[result.primary]
    weights = [name for name in result.parameters.weights if name != "identity"]
    if len(weights) == 1:
        found["gwet_ac2"] = found[f"gwet_ac2_{weights[0]}"]
    return told


def _complain(found: ReadRatings) -> None:
    """Say on standard error which rows were left out, and what was kept."""
    if not found.problems:
        return
    for problem in found.problems[:SHOWN_PROBLEMS]:
        print(f"line {problem.line}: {problem.what}; the row was left out", file=sys.stderr)
    more = len(found.problems) - SHOWN_PROBLEMS
    if more > 0:
        print(f"... and {more} more", file=sys.stderr)
    kept = len(found.ratings)
    print(f"{len(found.problems)} of {found.rows} rows were left out, {kept} were kept.", file=sys.stderr)


def _problem(problem: Problem) -> dict[str, int | str]:
    return {"line": problem.line, "what": problem.what}


def _text(result: AgreementReport) -> str:
    size = f"{result.ratings} ratings of {result.items} items by {result.raters} raters"
    categories = ", ".join(result.parameters.categories) or "none"
    lines = [f"{size}, {result.parameters.level} level, categories {categories}"]
    lines += [_excluded(each.reason, each.ratings, each.items) for each in result.excluded]
    lines += [
        f"  {row.label}: {row.ratings} ratings, share {_figure(row.share)}" for row in result.prevalence
    ]
    lines.append("")
    for found in result.coefficients:
        lines += _coefficient(found, result.excluded)
    for other in result.sensitivity:
        lines.append(
            f"\nIf unsure counted as {other.treatment}: {other.ratings} ratings of {other.items} items"
        )
        if other.reason:
            lines.append(f"  {other.reason}")
        for found in other.coefficients:
            lines += _coefficient(found, found.excluded) if found.value is not None else []
    lines += ["", *result.notes]
    return "\n".join(lines)


def _coefficient(found: Coefficient, told: Sequence[Exclusion]) -> list[str]:
    n = f"n = {found.items} items, {found.ratings} ratings, {found.raters} raters"
    if found.value is None:
        return [f"{found.name}: undefined ({found.reason}); {n}"]
    lines = [f"{found.name}: {found.value:.4f}; {n}"]
    ends = [*found.intervals, *([found.analytic] if found.analytic else [])]
    lines += [f"    {_ends(interval)}" for interval in ends]
    lines += [f"    no interval, {reason}" for reason in found.withheld]
    own = [each for each in found.excluded if each not in told]
    return lines + [f"  {_excluded(each.reason, each.ratings, each.items)}" for each in own]


def _ends(interval: Interval) -> str:
    text = f"[{interval.low:.4f}, {interval.high:.4f}] {interval.level:.0%} {interval.method}"
    if interval.replicates:
        text += f", {interval.replicates} replicates, {interval.undefined} undefined, seed {interval.seed}"
    return f"{text} ({interval.note})" if interval.note else text


def _excluded(reason: str, ratings: int, items: int) -> str:
    return f"  left out: {reason}" + (f" ({ratings} ratings, {items} items)" if ratings else "")


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
