"""From a snapshot to the files of a release: pure, so that the same snapshot gives the same bytes anywhere."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from releases import cards
from releases.cells import csv_bytes, json_bytes, json_lines

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
MANIFEST_FORMAT = "polyannot-release/1"
# Every entry of the bundle carries this time, and nothing is compressed: compressors differ between machines.
ENTRY_TIME = (1980, 1, 1, 0, 0, 0)

Snapshot = Mapping[str, Any]
ReadBytes = Callable[[str], bytes]

IMAGE_COLUMNS = (
    "id key file sha256 width height title author source source_url licence licence_url attribution"
    " choice_method choice_seed choice_encoder n_good mean_similarity random_mean_similarity"
).split()
CAPTION_COLUMNS = (
    "image_id image_key caption_id caption_key position text is_edited edit_kinds imported_text source source_key"
    " source_url terms n_judgments n_good n_bad n_unsure n_edited adjudicated difficulty yes_votes n_votes is_demo"
).split()
NEGATIVE_COLUMNS = "image_id image_key caption_id caption_key text source n_bad adjudicated".split()
VOTE_COLUMNS = "caption_id encoder cosine threshold is_yes is_tie_breaker".split()
EVALUATION_COLUMNS = "caption_id image_id study n n_good share_good low high is_simulated".split()
RATING_COLUMNS = (
    "item_id rater_id round label outcome mode is_revision guideline duration_s day is_demo"
).split()
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file of a release with its content."""

    path: str
    content: bytes

    def listed(self) -> "ListedFile":
        """Return what the manifest says of it, without the content."""
        return ListedFile(self.path, len(self.content), hashlib.sha256(self.content).hexdigest())


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a release: its path, its size in bytes and its checksum."""

    path: str
    size: int
    sha256: str


def image_path(image: Mapping[str, Any]) -> str:
    """Return where the image's bytes lie in the bundle, or an empty text when its licence keeps them out."""
    if not image["may_redistribute"]:
        return ""
    return f"images/{image['id']}.{EXTENSIONS.get(image['media_type'], 'bin')}"


def image_rows(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield a row for each image."""
    for image in snapshot["images"]:
        choice = image["choice"]
        yield {
            **image,
            "file": image_path(image),
            "choice_method": choice["method"],
            "choice_seed": choice["seed"],
            "choice_encoder": choice["encoder"],
            "n_good": choice["n_good"],
            "mean_similarity": choice["mean_similarity"],
            "random_mean_similarity": choice["random_mean_similarity"],
        }


def caption_rows(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield a flat row for each released caption."""
    for image in snapshot["images"]:
        for caption in image["captions"]:
            judged = caption["judgments"]
            difficulty = caption["difficulty"] or {}
            yield {
                "image_id": image["id"],
                "image_key": image["key"],
                "caption_id": caption["id"],
                "caption_key": caption["caption_key"],
                "position": caption["position"],
                "text": caption["text"],
                "is_edited": caption["is_edited"],
                "edit_kinds": " ".join(caption["edit_kinds"]),
                "imported_text": caption["imported_text"],
                "source": caption["provenance"]["source"],
                "source_key": caption["provenance"]["source_key"],
                "source_url": caption["provenance"]["source_url"],
                "terms": caption["provenance"]["terms"],
                "n_judgments": judged["judgments"],
                **{f"n_{name}": judged[name] for name in ("good", "bad", "unsure", "edited")},
                "adjudicated": caption["adjudicated"],
                "difficulty": difficulty.get("level"),
                "yes_votes": difficulty.get("yes_votes"),
                "n_votes": difficulty.get("n_votes"),
                "is_demo": caption["is_demo"],
            }


def negative_rows(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield the one caption of each image that people found bad for it."""
    for image in snapshot["images"]:
        if (negative := image["negative"]) is not None:
            yield {
                "image_id": image["id"],
                "image_key": image["key"],
                "caption_id": negative["id"],
                **{
                    name: negative[name] for name in ("caption_key", "text", "source", "n_bad", "adjudicated")
                },
            }


def vote_rows(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield each model's vote on each released caption."""
    for image in snapshot["images"]:
        for caption in image["captions"]:
            for vote in (caption["difficulty"] or {}).get("votes", ()):
                yield {"caption_id": caption["id"], **vote}


def evaluation_rows(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield the share good of each released caption in each study, with n and Wilson interval."""
    for image in snapshot["images"]:
        for caption in image["captions"]:
            for share in caption["human_evaluation"]:
                yield {"caption_id": caption["id"], "image_id": image["id"], **share}


def data_files(snapshot: Snapshot, *, canary: str, read_image: ReadBytes) -> Iterator[BuiltFile]:
    """Yield the files of a release except manifest and checksums, in their order in the bundle."""
    yield BuiltFile("README.md", cards.readme(snapshot, canary))
    yield BuiltFile("DATASHEET.md", cards.datasheet(snapshot, canary))
    yield BuiltFile("CITATION.cff", cards.citation(snapshot, canary))
    yield BuiltFile("ATTRIBUTION.md", cards.attribution(snapshot, canary))
    yield BuiltFile("guidelines.md", cards.guidelines(snapshot, canary))
    yield BuiltFile(
        "images.csv", csv_bytes([*IMAGE_COLUMNS, "canary"], _marked(image_rows(snapshot), canary))
    )
    yield BuiltFile(
        "captions.csv", csv_bytes([*CAPTION_COLUMNS, "canary"], _marked(caption_rows(snapshot), canary))
    )
    yield BuiltFile("captions.jsonl", json_lines(_marked(caption_rows(snapshot), canary)))
    yield BuiltFile(
        "negatives.csv", csv_bytes([*NEGATIVE_COLUMNS, "canary"], _marked(negative_rows(snapshot), canary))
    )
    yield BuiltFile("votes.csv", csv_bytes([*VOTE_COLUMNS, "canary"], _marked(vote_rows(snapshot), canary)))
    yield BuiltFile(
        "human_evaluation.csv",
        csv_bytes([*EVALUATION_COLUMNS, "canary"], _marked(evaluation_rows(snapshot), canary)),
    )
    yield BuiltFile(
        "judgments.csv", csv_bytes([*RATING_COLUMNS, "canary"], _marked(snapshot["ratings"], canary))
    )
    yield BuiltFile("agreement.json", json_bytes({"canary": canary, "reports": snapshot["agreement"]}))
    yield BuiltFile("snapshot.json", json_bytes(snapshot))
    for image in snapshot["images"]:
        if path := image_path(image):
            yield BuiltFile(path, read_image(image["sha256"]))


def _marked(rows: Any, canary: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {**row, "canary": canary}


def manifest(snapshot: Snapshot, *, canary: str, files: Sequence[ListedFile]) -> BuiltFile:
    """Return the manifest: what the release is, its counts, and size and checksum of each file."""
    captions = list(caption_rows(snapshot))
    return BuiltFile(
        MANIFEST,
        json_bytes(
            {
                "format": MANIFEST_FORMAT,
                "name": snapshot["project"]["name"],
                "project": snapshot["project"]["id"],
                "version": snapshot["number"],
                "licence": snapshot["licence"],
                "frozen": snapshot["frozen"],
                "contains_demo": snapshot["project"]["is_demo"],
                "canary": canary,
                "counts": {
                    "images": len(snapshot["images"]),
                    "image_files": sum(bool(image_path(image)) for image in snapshot["images"]),
                    "captions": len(captions),
                    "negatives": sum(1 for _ in negative_rows(snapshot)),
                    "judgments": len(snapshot["ratings"]),
                    "human_evaluations": sum(1 for _ in evaluation_rows(snapshot)),
                },
                "files": [{"path": file.path, "bytes": file.size, "sha256": file.sha256} for file in files],
            }
        ),
    )


def checksums(files: Sequence[ListedFile]) -> BuiltFile:
    """Return the file that `sha256sum --check` reads."""
    return BuiltFile(SUMS, "".join(f"{file.sha256}  {file.path}\n" for file in files).encode())


def build(snapshot: Snapshot, *, canary: str, read_image: ReadBytes, out: IO[bytes]) -> list[ListedFile]:
    """Write the bundle (a zip) to `out`, one file after the other, and return what is in it.

    `read_image` gives the bytes with a SHA-256; `out` can be sought in.
    """
    listed: list[ListedFile] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        made = data_files(snapshot, canary=canary, read_image=read_image)
        listed.extend(_written(bundle, file) for file in made)
        listed.append(_written(bundle, manifest(snapshot, canary=canary, files=listed)))
        listed.append(_written(bundle, checksums(listed)))
    return listed


def _written(bundle: zipfile.ZipFile, file: BuiltFile) -> ListedFile:
    entry = zipfile.ZipInfo(file.path, ENTRY_TIME)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    bundle.writestr(entry, file.content)
    return file.listed()
