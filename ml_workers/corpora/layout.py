"""A folder as a corpus: its files in order, how many rows each has, and the features that lie beside them."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workers.corpora.archives import count_samples, read_webdataset
from ml_workers.corpora.rows import CorpusRefused, Rows
from ml_workers.corpora.tables import (
    ColumnOrder,
    count_lines,
    count_parquet,
    count_tsv,
    read_jsonl,
    read_parquet,
    read_tsv,
)

# What a corpus says of itself: name, encoder of the given features, licence, order of the columns of a TSV, and the
# endings of the files of features by other encoders.
DESCRIPTION = "corpus.json"
TSV, JSONL, PARQUET, WEBDATASET = "tsv", "jsonl", "parquet", "webdataset"
ENDINGS = {".tsv": TSV, ".jsonl": JSONL, ".parquet": PARQUET, ".tar": WEBDATASET}
# Features of TABLE.tsv are TABLE.features.npy; clip-retrieval numbers both.
FEATURES = ".features.npy"

Features = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of rows (path inside the corpus), and the file of features whose row i belongs to its row i.

    `sizes` are the bytes of both: a file that changed is noticed.
    """

    kind: str
    rows_path: str
    features_path: str
    n_rows: int
    dimension: int
    sizes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder with its shards in order, and what `corpus.json` says."""

    folder: Path
    name: str
    encoder: str
    licence: str
    column_order: ColumnOrder | None
    shards: tuple[Shard, ...]
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def n_rows(self) -> int:
        """Return the rows of all shards, bad ones included."""
        return sum(shard.n_rows for shard in self.shards)


def as_json(corpus: Corpus) -> str:
    """Return the corpus as text, without its folder: another machine may have it elsewhere."""
    told = asdict(corpus)
    del told["folder"]
    return json.dumps(told)


def from_json(told: str, folder: Path) -> Corpus:
    """Return the corpus that `as_json` wrote, lying in this folder."""
    known: dict[str, Any] = json.loads(told)
    shards = tuple(Shard(**{**shard, "sizes": tuple(shard["sizes"])}) for shard in known.pop("shards"))
    order = known.pop("column_order")
    problems = tuple((file, reason) for file, reason in known.pop("problems"))
    return Corpus(
        folder=folder,
        shards=shards,
        problems=problems,
        column_order=ColumnOrder(order) if order else None,
        **known,
    )


def open_corpus(folder: Path, encoder: str = "") -> Corpus:
    """Return the corpus in a folder. Headers are read, and the lines of tables counted.

    Its features are those that `corpus.json` names for the encoder, else the ones that lie beside each file.
    Raises CorpusRefused where there is no file of a known form; a single file that cannot be used is a problem.
    """
    if not folder.is_dir():
        raise CorpusRefused(f"There is no folder {folder.name}.")
    told, endings = _description(folder / DESCRIPTION)
    ending = endings.get(encoder, FEATURES)
    if encoder in endings:
        told["encoder"] = encoder
    shards, problems = [], []
    for path in _row_files(folder):
        try:
            shards.append(_shard(folder, path, ending, told["column_order"]))
        except CorpusRefused as error:
            problems.append((path.name, str(error)))
    if not shards:
        raise CorpusRefused(
            f"{folder.name} holds no usable .tsv, .jsonl, .parquet or .tar"
            + (f": {problems[0][1]}" if problems else ".")
        )
    if len({shard.dimension for shard in shards if shard.dimension}) > 1:
        raise CorpusRefused(f"The features of {folder.name} differ in their dimension.")
    return Corpus(folder, shards=tuple(shards), problems=tuple(problems), **told)


def _description(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What a corpus says of itself, and the endings of files of features by encoder."""
    told: Any = {}
    if path.is_file():
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CorpusRefused(f"{DESCRIPTION} is no JSON: {error}") from error
    if not isinstance(told, dict):
        raise CorpusRefused(f"{DESCRIPTION} is no JSON object.")
    order = told.get("column_order") or None
    if order is not None and order not in list(ColumnOrder):
        raise CorpusRefused(f"column_order in {DESCRIPTION} is caption_url or url_caption.")
    texts = {name: str(told.get(name) or "") for name in ("name", "encoder", "licence")}
    known = {
        **texts,
        "name": texts["name"] or path.parent.name,
        "column_order": ColumnOrder(order) if order else None,
    }
    return known, _endings(told.get("features") or {})


def _endings(told: Any) -> dict[str, str]:
    is_fit = isinstance(told, dict) and all(
        isinstance(ending, str) and ending.endswith(".npy") and "/" not in ending for ending in told.values()
    )
    if not is_fit:
        raise CorpusRefused(
            f'features in {DESCRIPTION} names the ending of a file by encoder: {{"shipped:lite2": ".clip.npy"}}.'
        )
    return {str(encoder): ending for encoder, ending in told.items()}


def _row_files(folder: Path) -> list[Path]:
    """Return the files of rows, in the folder and the folders in it, numbers in their names in numerical order."""
    found = [
        path
        for path in (*folder.iterdir(), *folder.glob("*/*"))
        if path.suffix in ENDINGS and path.is_file() and not path.name.startswith(".")
    ]
    return sorted(
        found,
        key=lambda path: [
            int(part) if part.isdecimal() else part
            for part in re.split(r"(\d+)", str(path.relative_to(folder)))
        ],
    )


def _features_beside(folder: Path, path: Path, ending: str) -> Path | None:
    """Return the features of a file of rows: TABLE with the ending, or img_emb_N.npy of metadata_N.parquet."""
    candidates = [path.with_name(path.name.removesuffix(path.suffix) + ending)]
    if ending == FEATURES and path.name.startswith("metadata_"):
        number = path.stem.removeprefix("metadata_")
        candidates += [path.with_name(f"img_emb_{number}.npy"), folder / "img_emb" / f"img_emb_{number}.npy"]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _count(path: Path, order: ColumnOrder | None) -> int:
    """Return how many rows a file has. Raises CorpusRefused where it cannot be read as what its name says."""
    kind = ENDINGS[path.suffix]
    if kind == TSV:
        return count_tsv(path, order)
    if kind == JSONL:
        return count_lines(path)
    return count_parquet(path) if kind == PARQUET else count_samples(path)


def _shard(folder: Path, path: Path, ending: str, order: ColumnOrder | None) -> Shard:
    beside = _features_beside(folder, path, ending)
    kind, dimension = ENDINGS[path.suffix], 0
    if beside is not None:
        n_features, dimension = _features_shape(beside)
    n_rows = _count(path, order)
    if beside is None and kind != WEBDATASET:
        raise CorpusRefused(
            f"{path.name} has no features beside it ({path.stem}{ending}) and holds no pictures to compute them of."
        )
    if beside is not None and n_rows != n_features:
        raise CorpusRefused(f"{path.name} has {n_rows:,} rows, {beside.name} {n_features:,}.")
    return Shard(
        kind=kind,
        rows_path=str(path.relative_to(folder)),
        features_path=str(beside.relative_to(folder)) if beside else "",
        n_rows=n_rows,
        dimension=dimension,
        sizes=(path.stat().st_size, beside.stat().st_size if beside else 0),
    )


def _features_shape(path: Path) -> tuple[int, int]:
    shape = _mapped(path).shape
    return int(shape[0]), int(shape[1])


def _mapped(path: Path) -> Features:
    try:
        features: Features = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CorpusRefused(f"{path.name} is no whole file of NumPy: {error}") from error
    if features.ndim != 2 or features.dtype.kind != "f":
        raise CorpusRefused(f"{path.name} is no table of numbers with a fraction.")
    return features


def given_features(corpus: Corpus, shard: Shard) -> Features:
    """Return the features of a shard, mapped from its file and read as they are used. Raises CorpusRefused."""
    path = corpus.folder / shard.features_path
    _check_unchanged(path, shard.sizes[1])
    return _mapped(path)


def shard_path(corpus: Corpus, shard: Shard) -> Path:
    """Return the file of rows of a shard. Raises CorpusRefused where it has changed since the corpus was opened."""
    path = corpus.folder / shard.rows_path
    _check_unchanged(path, shard.sizes[0])
    return path


def _check_unchanged(path: Path, size: int) -> None:
    if not path.is_file() or path.stat().st_size != size:
        raise CorpusRefused(f"{path.name} has changed or gone since the search began: search again.")


def read_shard(corpus: Corpus, shard: Shard, start: int = 0) -> Rows:
    """Yield the rows of a shard whose number is `start` or more. Raises CorpusRefused."""
    path = shard_path(corpus, shard)
    if shard.kind == PARQUET:
        return read_parquet(path, start)
    if shard.kind == WEBDATASET:
        return read_webdataset(path, start)
    rows = read_tsv(path, corpus.column_order) if shard.kind == TSV else read_jsonl(path)
    return (row for row in rows if row.number >= start)
