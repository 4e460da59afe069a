"""What a release knows about itself, in sentences that its cards share; what is not known is a marked blank."""

from collections.abc import Mapping
from typing import Any

from releases.figures import LEVELS
from releases.rows import Snapshot, figure_path

BLANK_PLAIN = "(to be filled in by the authors)"
BLANK = f"_{BLANK_PLAIN}_"
NOT_VOTED = "not voted"
# Licences that are known by their SPDX identifier.
SPDX = {
    name.lower(): name
    for name in (
        "CC0-1.0 CC-BY-4.0 CC-BY-SA-4.0 CC-BY-NC-4.0 CC-BY-ND-4.0 CC-BY-NC-SA-4.0 CC-BY-NC-ND-4.0 CC-BY-2.0 CC-BY-3.0"
        " CC-BY-SA-2.0 CC-BY-SA-3.0 ODC-By-1.0 ODbL-1.0 MIT Apache-2.0"
    ).split()
}
DEMO = "> This release contains demonstration data: part of the work was played by a script. Do not use it as data."


def licence_address(name: str) -> str:
    """Return the address of a licence that is named by its SPDX identifier, else an empty text."""
    known = SPDX.get(name.strip().lower())
    return f"https://spdx.org/licenses/{known}.html" if known else ""


def canary_comment(canary: str) -> str:
    """Return the mark of a Markdown or HTML file."""
    return f"<!-- canary {canary}: text with this mark should not be in training data -->"


def lines(*parts: str) -> bytes:
    """Return lines as a file that ends with one line end."""
    return ("\n".join(parts).rstrip() + "\n").encode()


def demo_note(snapshot: Snapshot) -> list[str]:
    """Return the warning of a release with demonstration data."""
    return [DEMO, ""] if snapshot["project"]["is_demo"] else []


def n_captions(snapshot: Snapshot) -> int:
    """Return how many captions the release holds."""
    return sum(len(image["captions"]) for image in snapshot["images"])


def sources(snapshot: Snapshot) -> list[str]:
    """Return the names of the sources that released captions come from."""
    return sorted({row["provenance"]["source"] for image in snapshot["images"] for row in image["captions"]})


def collected(snapshot: Snapshot) -> str:
    """Return a sentence on where the released captions come from."""
    named = ", ".join(sources(snapshot)) or BLANK_PLAIN
    edited = sum(row["is_edited"] for image in snapshot["images"] for row in image["captions"])
    return (
        f"Captions come from: {named}. {edited} of {n_captions(snapshot)} released captions were edited by"
        " annotators; the text as imported stands beside each."
    )


def flow_table(snapshot: Snapshot) -> list[str]:
    """Return the counts from imported to released as a Markdown table."""
    return [
        "| step | n | left out before it |",
        "|---|---:|---|",
        *(f"| {row['step']} | {row['n']} | {_left_out(row)} |" for row in snapshot["flow"]),
    ]


def _left_out(stage: Mapping[str, Any]) -> str:
    return "; ".join(f"{row['n']} {row['why']}" for row in stage["left_out"])


def flow_sentence(snapshot: Snapshot) -> str:
    """Return the counts from imported to released in one line."""
    return "; ".join(f"{row['step']}: {row['n']}" for row in snapshot["flow"])


def extra_notes(snapshot: Snapshot) -> list[str]:
    """Return a sentence on each part that is in the release because somebody asked for it."""
    notes = []
    if "free_text" in snapshot:
        notes.append(
            f"`free_text` holds {len(snapshot['free_text'])} texts that people wrote while they worked, word for word:"
            " they may name or describe somebody, and the way of writing may give their author away."
        )
    if "demographics" in snapshot:
        notes.append(
            "`demographics` tells how many participants of a study said what of themselves, joined to no answer;"
            " answers of fewer than five people are summed."
        )
    return notes


def figure_list(snapshot: Snapshot) -> list[str]:
    """Return the figures as a Markdown list, each with what it shows."""
    return [
        f"- [{figure['title']}]({figure_path(figure)}) ([numbers]({figure_path(figure, 'csv')})): {figure['alt']}"
        for figure in snapshot["figures"]
    ]


def difficulties(snapshot: Snapshot) -> dict[str, int]:
    """Return how many released captions have each difficulty, the easiest first."""
    counts = dict.fromkeys((*LEVELS, NOT_VOTED), 0)
    for image in snapshot["images"]:
        for caption in image["captions"]:
            level = (caption["difficulty"] or {}).get("level", NOT_VOTED)
            counts[level] += 1
    return {level: n for level, n in counts.items() if n}


def evaluated(snapshot: Snapshot) -> str:
    """Return a sentence on what people outside the project were asked."""
    shares = [
        share
        for image in snapshot["images"]
        for row in image["captions"]
        for share in row["human_evaluation"]
    ]
    if not shares:
        return "No study of released captions has answers."
    answers = sum(share["n"] for share in shares)
    good = sum(share["n_good"] for share in shares)
    simulated = sum(share["is_simulated"] for share in shares)
    made_up = f" {simulated} of these rows come from simulated people." if simulated else ""
    return (
        f"Participants of studies called the caption good in {good} of {answers} answers"
        f" ({len(shares)} rows of caption and study).{made_up}"
    )
