"""The texts of a release: data set card, citation, attributions, guidelines; generated from what is known."""

from releases import known
from releases.known import BLANK
from releases.rows import Snapshot, image_path, tables_of

# Licences that the hub of data sets knows by an identifier of its own: the SPDX one in small letters.
HUB_LICENCES = frozenset(
    "cc0-1.0 cc-by-4.0 cc-by-sa-4.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-sa-4.0 cc-by-nc-nd-4.0 odc-by odbl mit"
    " apache-2.0".split()
)
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def readme(snapshot: Snapshot, canary: str) -> bytes:
    """Return the data set card: a header that hubs of data sets read, then the text."""
    project = snapshot["project"]
    return known.lines(
        *_header(snapshot, canary),
        known.canary_comment(canary),
        "",
        f"# {project['name']} {snapshot['number']}",
        "",
        *known.demo_note(snapshot),
        project["description"] or BLANK,
        "",
        f"{len(snapshot['images'])} images, {known.n_captions(snapshot)} captions, chosen to be diverse and judged by"
        " people.",
        "",
        *_files(snapshot),
        "",
        "In CSV files a cell whose text begins with = + - @ ' or a tab carries one leading ' that is not part of it.",
        "",
        "## Difficulty",
        "",
        *(f"- {level}: {n}" for level, n in known.difficulties(snapshot).items()),
        "",
        "## From imported to released",
        "",
        *known.flow_table(snapshot),
        "",
        "## Figures",
        "",
        *known.figure_list(snapshot),
        "",
        "## People",
        "",
        known.evaluated(snapshot),
        "Raters and participants are under pseudonyms that are new in each release; times are days, durations bins."
        " A day of fewer than five judgments of one rater, and a share of fewer than five participants, is withheld.",
        *known.extra_notes(snapshot),
        "",
        "## To be filled in by the authors",
        "",
        f"- Purpose, funding, contact: {BLANK}",
        f"- Recruitment, instructions beyond the guidelines, pay of annotators and participants: {BLANK}",
        f"- Consent and ethical review: {BLANK}",
        f"- Known limits, and uses that are not meant: {BLANK}",
    )


def _header(snapshot: Snapshot, canary: str) -> list[str]:
    licence = snapshot["licence"].lower()
    licences = [f"license: {licence}"] if licence in HUB_LICENCES else ["license: other"]
    if licence and licence not in HUB_LICENCES:
        licences.append(f"license_name: {_quoted(snapshot['licence'])}")
    captions = known.n_captions(snapshot)
    size = next((name for most, name in SIZES if captions < most), "n>1M")
    configs = [
        line
        for table in tables_of(snapshot)
        if next(table.rows(snapshot), None) is not None
        for line in (f"- config_name: {table.name}", f"  data_files: parquet/{table.name}.parquet")
    ]
    return [
        "---",
        f"# canary {canary}",
        f"pretty_name: {_quoted(snapshot['project']['name'])}",
        *licences,
        "task_categories:",
        "- image-to-text",
        "size_categories:",
        f"- {size}",
        "annotations_creators:",
        "- expert-generated",
        *(["configs:", *configs] if configs else []),
        "---",
    ]


def _files(snapshot: Snapshot) -> list[str]:
    listed = [
        "## Files",
        "",
        "Tables are there twice, as CSV and, where they have rows, under `parquet/`:",
        "",
    ]
    listed += [f"- `{table.name}`: {table.told}." for table in tables_of(snapshot)]
    listed += ["", "What each column means stands in `CODEBOOK.md`. Beside them:", ""]
    if any(image_path(image) for image in snapshot["images"]):
        listed += [
            (
                "- `images/`: the pictures whose licence lets them out; with `metadata.jsonl` a folder that"
                ' `load_dataset("imagefolder", data_dir="images")` reads.'
            )
        ]
    if snapshot.get("with_shards"):
        listed += [
            "- `webdataset/`: the same pictures in shards, each with `.json` (everything) and `.txt` (one caption)."
        ]
    return [
        *listed,
        "- `captions.jsonl`: `captions` as JSON lines.",
        "- `coco/captions.json`: COCO captions. Its whole numbers are the ids of `retrieval/` too.",
        (
            "- `retrieval/karpathy.json`: the form of Karpathy's splits, all in `test`; `relevant.json`: which"
            " captions are relevant to which image (`i2t`) and the other way (`t2i`)."
        ),
        "- `croissant.json`: Croissant 1.1 metadata over the Parquet files, with provenance and terms.",
        "- `figures/`: drawings as SVG, each with the rows behind it as CSV.",
        "- `gallery.html`: every image with its captions, and the figures, for the eye.",
        "- `agreement.json`: agreement between annotators with n and intervals.",
        "- `guidelines.md`: what annotators were told, verbatim. `DATASHEET.md`, `ATTRIBUTION.md`, `CITATION.cff`.",
        "- `snapshot.json`: the frozen snapshot from which every other file is built.",
        "- `manifest.json`, `SHA256SUMS`: counts and checksums; check with `sha256sum --check SHA256SUMS`.",
    ]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def citation(snapshot: Snapshot, canary: str) -> bytes:
    """Return a CITATION.cff; authors are a blank that its schema accepts."""
    return known.lines(
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
    return known.lines(
        known.canary_comment(canary),
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
    parts = [known.canary_comment(canary)]
    for version in snapshot["guidelines"]:
        parts += [
            "",
            f"<!-- version {version['number']}, published {version['published']} -->",
            "",
            version["text"],
        ]
    return known.lines(*parts)
