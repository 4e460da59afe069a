"""Tables of a benchmark as LaTeX, for booktabs: one table environment each, every figure with what it rests on."""

from collections.abc import Sequence

from annotation.machine.evaluation.tables import BenchmarkRow, BenchmarkTable

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "\N{MINUS SIGN}": "$-$",
}

REMARKS = (
    r"In brackets 95\% intervals by a bootstrap over images, unless said otherwise, and an n that is not that of the"
    " row. A dagger marks models that voted on the levels."
)


def escaped(text: str) -> str:
    """Return the text with everything that LaTeX would take for a command made plain."""
    return "".join(SPECIAL.get(character, character) for character in text)


def latex_of(tables: Sequence[BenchmarkTable], comments: Sequence[str]) -> str:
    """Return a file to be included; `comments` come first, line by line. Needs the package booktabs."""
    head = [f"% {' '.join(line.split())}" for line in comments]
    return "\n".join([*head, r"% \usepackage{booktabs}", *(_table(table) for table in tables), ""])


def _table(table: BenchmarkTable) -> str:
    columns = ["Encoder", *(["Level"] if table.has_levels else []), "n", *table.columns]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(table.title)}. {escaped(table.note)} {REMARKS}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{'l' * (1 + table.has_levels)}{'r' * (1 + len(table.columns))}}}",
        r"\toprule",
        " & ".join(escaped(column) for column in columns) + r" \\",
        r"\midrule",
        *(_row(row, has_levels=table.has_levels) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _row(row: BenchmarkRow, *, has_levels: bool) -> str:
    mark = r"$^\dagger$" if row.is_voter and not row.leaves_out_own else ""
    without = " (own vote left out)" if row.leaves_out_own else ""
    first = [escaped(row.encoder) + mark + without, *([row.level or "all"] if has_levels else [])]
    cells = [escaped(f"{cell.text} ({cell.basis})" if cell.basis else cell.text) for cell in row.cells]
    return " & ".join([*first, row.n, *cells]) + r" \\"
