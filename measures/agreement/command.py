"""The command line: python -m measures.agreement ratings.csv --json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
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
        print(json.dumps({"file": rows, **result.to_json()}, indent=2, ensure_ascii=False, allow_nan=False))
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
    add("--level", choices=LEVELS, default="nominal", help="how labels are measured (default: nominal)")
    add("--categories", "--order", metavar="A,B,C", help="the fixed category list, lowest first")
    add("--weights", action="append", choices=[*WEIGHTS, "all", "none"], help="agreement weights; repeatable")
    add("--unsure", type=lambda text: text.replace("-", "_"), choices=TREATMENTS, help='how "unsure" counts')
    add("--unsure-label", default="unsure", help="the label that means unsure (default: unsure)")
    add("--positive", help="the category of positive specific agreement (default: good)")
    add("--negative", help="the category of negative specific agreement (default: bad)")
    add("--bootstrap", action="append", choices=[*KINDS, "both", "none"], help="what is drawn; repeatable")
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


def _read(options: argparse.Namespace) -> ReadRatings:
    names = {name: getattr(options, f"{name}_column") for name in ("item", "rater", "label")}
    choices: dict[str, Any] = {
        "columns": {name: column for name, column in names.items() if column},
        "cluster": options.cluster,
        "missing": tuple(options.missing) if options.missing else tuple(MISSING_TEXTS),
    }
    if options.file == "-":
        return read_ratings(sys.stdin, **choices)
    with Path(options.file).open(encoding="utf-8") as file:
        return read_ratings(file, **choices)


def _report(options: argparse.Namespace, found: ReadRatings) -> AgreementReport:
    kinds = options.bootstrap or ["clusters" if options.cluster else "items"]
    kinds = ["items+raters" if kind == "both" else kind for kind in dict.fromkeys(kinds) if kind != "none"]
    weights = options.weights or list(DEFAULT_WEIGHTS)
    weights = list(WEIGHTS[1:]) if "all" in weights else [name for name in weights if name != "none"]
    if any(kind.startswith("clusters") for kind in kinds) and not options.cluster:
        raise UnreadableRatings("A bootstrap over clusters needs --cluster and the name of the column.")
    return report(
        found.ratings,
        categories=_listed(options.categories),
        level=options.level,
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
    return [name.strip() for name in text.replace("<", ",").split(",") if name.strip()]


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
