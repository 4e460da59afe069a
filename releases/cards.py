"""The texts of a release, generated from what is known; what is not known is left as a marked blank."""

from collections.abc import Mapping
from typing import Any

Snapshot = Mapping[str, Any]
BLANK = "_(to be filled in by the authors)_"
DEMO = "> This release contains demonstration data: part of the work was played by a script. Do not use it as data."


def _lines(*parts: str) -> bytes:
    return ("\n".join(parts).rstrip() + "\n").encode()


def _canary(canary: str) -> str:
    return f"<!-- canary {canary}: text with this mark should not be in training data -->"


def _demo(snapshot: Snapshot) -> list[str]:
    return [DEMO, ""] if snapshot["project"]["is_demo"] else []


def _flow(snapshot: Snapshot) -> list[str]:
    return ["| step | n |", "|---|---:|", *(f"| {row['step']} | {row['n']} |" for row in snapshot["flow"])]


def _difficulties(snapshot: Snapshot) -> dict[str, int]:
    counts: dict[str, int] = {}
    for image in snapshot["images"]:
        for caption in image["captions"]:
            level = (caption["difficulty"] or {}).get("level", "not voted")
            counts[level] = counts.get(level, 0) + 1
    return dict(sorted(counts.items()))


def readme(snapshot: Snapshot, canary: str) -> bytes:
    """Return the data set card."""
    project = snapshot["project"]
    n_captions = sum(len(image["captions"]) for image in snapshot["images"])
    return _lines(
        _canary(canary),
        f"# {project['name']} {snapshot['number']}",
        "",
        *_demo(snapshot),
        project["description"] or BLANK,
        "",
        f"{len(snapshot['images'])} images, {n_captions} captions, chosen to be diverse and judged by people.",
        "",
        "## Files",
        "",
        "- `images.csv`: images with licence, attribution and SHA-256; `file` is empty where the licence keeps the"
        " bytes out.",
        "- `captions.csv`, `captions.jsonl`: the released captions with provenance, judgments and difficulty.",
        "- `negatives.csv`: for each image one caption that annotators judged bad for it.",
        "- `votes.csv`: each model's vote, cosine and threshold behind the difficulty.",
        "- `human_evaluation.csv`: share of participants who answered good, with n and 95% Wilson interval.",
        "- `judgments.csv`: one row for each rating; `rater_id` is new in each release.",
        "- `agreement.json`: agreement between annotators with n and intervals.",
        "- `guidelines.md`: what annotators were told, verbatim.",
        "- `snapshot.json`: the frozen snapshot from which every other file is built.",
        "- `manifest.json`, `SHA256SUMS`: counts and checksums; check with `sha256sum --check SHA256SUMS`.",
        "",
        "In CSV files a cell whose text begins with = + - @ or ' carries one leading ' that is not part of the text.",
        "",
        "## Difficulty",
        "",
        *(f"- {level}: {n}" for level, n in _difficulties(snapshot).items()),
        "",
        "## From imported to released",
        "",
        *_flow(snapshot),
    )


def datasheet(snapshot: Snapshot, canary: str) -> bytes:
    """Return a datasheet after Gebru et al. with the blanks marked."""
    sources = sorted({c["provenance"]["source"] for image in snapshot["images"] for c in image["captions"]})
    return _lines(
        _canary(canary),
        f"# Datasheet: {snapshot['project']['name']} {snapshot['number']}",
        "",
        *_demo(snapshot),
        "## Motivation",
        "",
        f"For what purpose was it made, by whom, who paid? {BLANK}",
        "",
        "## Composition",
        "",
        f"{len(snapshot['images'])} images with {snapshot['project']['good_target']} captions each."
        f" Sources of captions: {', '.join(sources) or BLANK}.",
        "",
        "## Collection and labelling",
        "",
        "Annotators judged each caption good, bad or unsure under the guidelines in `guidelines.md`;"
        " a version is released when its verdict is good: adjudicated, else unanimous.",
        f"Number of annotators in this release: {len({row['rater_id'] for row in snapshot['ratings']})}.",
        f"Pay and working conditions: {BLANK}",
        f"Consent of annotators and participants: {BLANK}",
        "",
        "## From imported to released",
        "",
        *_flow(snapshot),
        "",
        "## Uses, distribution, maintenance",
        "",
        f"Intended and unsuitable uses: {BLANK}",
        f"Licence: {snapshot['licence'] or BLANK}",
        f"Contact for takedown: {BLANK}",
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def citation(snapshot: Snapshot, canary: str) -> bytes:
    """Return a CITATION.cff; authors are a blank that its schema accepts."""
    return _lines(
        f"# canary {canary}",
        "cff-version: 1.2.0",
        "message: If you use this data set, please cite it.",
        "type: dataset",
        f"title: {_quoted(snapshot['project']['name'])}",
        f"version: {_quoted(snapshot['number'])}",
        f"date-released: {snapshot['frozen']}",
        *([f"license: {_quoted(snapshot['licence'])}"] if snapshot["licence"] else []),
        "authors:",
        "  - name: To be filled in by the authors",
    )


def attribution(snapshot: Snapshot, canary: str) -> bytes:
    """Return what the licences of the images ask to be said."""
    return _lines(
        _canary(canary),
        "# Images: authors and licences",
        "",
        *(
            f"- {image['key']}: {image['attribution'] or image['title'] or BLANK}"
            f" ({image['licence'] or 'no licence named, bytes not released'})"
            for image in snapshot["images"]
        ),
    )


def guidelines(snapshot: Snapshot, canary: str) -> bytes:
    """Return every version of the guidelines, verbatim."""
    parts = [_canary(canary)]
    for version in snapshot["guidelines"]:
        parts += [
            "",
            f"<!-- version {version['number']}, published {version['published']} -->",
            "",
            version["text"],
        ]
    return _lines(*parts)
