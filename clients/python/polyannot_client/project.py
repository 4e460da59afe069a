"""One project: what is in it, work for its workers, judgments and releases."""

import hashlib
import io
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyannot_client.errors import ChecksumWrong, JobFailed, JobSlow, PolyannotError
from polyannot_client.transport import Transport

if TYPE_CHECKING:
    import pandas as pd

ENDED = frozenset({"done", "failed", "cancelled"})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a worker; `result` depends on the kind."""

    id: str
    kind: str
    state: str
    items_total: int
    items_done: int
    items_failed: int
    error: str
    result: Mapping[str, Any]

    @property
    def is_ended(self) -> bool:
        """Say whether nothing will happen any more."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered version of the data set; `sha256` is that of its file, None until it is built."""

    id: str
    number: str
    state: str
    n_images: int
    n_captions: int
    sha256: str | None


class Project:
    """A project, asked with one token."""

    def __init__(self, transport: Transport, slug: str) -> None:
        self._transport = transport
        self.slug = slug

    @property
    def token(self) -> str:
        """Return the token that is used; keep it as you keep a password."""
        return self._transport.token

    def _at(self, path: str) -> str:
        return f"projects/{self.slug}/{path}"

    def about(self) -> Row:
        """Return name, description and targets."""
        return self._transport.get(self._at(""))

    def images(self, **filters: object) -> Iterator[Row]:
        """Yield images: filters are state, key, licence."""
        return self._transport.rows(self._at("images/"), **filters)

    def captions(self, **filters: object) -> Iterator[Row]:
        """Yield captions with the text that stands now: filters are image, source, verdict, in_pool."""
        return self._transport.rows(self._at("captions/"), **filters)

    def batches(self, **filters: object) -> Iterator[Row]:
        """Yield batches: filters are purpose, is_open."""
        return self._transport.rows(self._at("batches/"), **filters)

    def open_batch(self, name: str, n_images: int, *, overlap: int = 2, purpose: str = "production") -> Row:
        """Open a batch of so many images."""
        given = {"name": name, "n_images": n_images, "overlap": overlap, "purpose": purpose}
        return self._transport.post(self._at("batches/"), given)

    def import_files(
        self,
        *,
        images: Sequence[str | Path] = (),
        metadata: str | Path | None = None,
        captions: str | Path | None = None,
        addresses: str | Path | None = None,
        trial: bool = False,
    ) -> Job:
        """Ask for an import of one archive or of pictures, and of tables; a second time it changes nothing.

        With `trial` the job says in its `result` what the import would come to, and brings nothing in.
        """
        tables = {"metadata": metadata, "captions": captions, "addresses": addresses}
        named = [("images", path) for path in images]
        named += [(name, path) for name, path in tables.items() if path]
        with ExitStack() as opened:
            files: list[tuple[str, tuple[str | None, object]]] = [
                (name, (Path(path).name, opened.enter_context(Path(path).open("rb")))) for name, path in named
            ]
            files += [("trial", (None, io.BytesIO(b"true")))] if trial else []
            return _job(self._transport.post(self._at("imports/"), files=files))

    def job(self, job_id: str) -> Job:
        """Return a job as it is now."""
        return _job(self._transport.get(self._at(f"jobs/{job_id}/")))

    def jobs(self, **filters: object) -> Iterator[Job]:
        """Yield jobs, newest first: filters are kind, state."""
        return map(_job, self._transport.rows(self._at("jobs/"), **filters))

    def left_out(self, job: Job) -> Iterator[tuple[str, str]]:
        """Yield what a job left out, with why."""
        for row in self._transport.rows(self._at(f"jobs/{job.id}/left-out/")):
            yield row["item"], row["reason"]

    def wait(self, job: Job, *, seconds: float = 3600.0, pause: float = 1.0) -> Job:
        """Return the job once it is done. Raises JobFailed where it ended otherwise, JobSlow after `seconds`."""
        deadline = time.monotonic() + seconds
        while not job.is_ended:
            if time.monotonic() > deadline:
                raise JobSlow(f"{job.kind} is still {job.state} after {seconds:g} s")
            time.sleep(pause)
            job = self.job(job.id)
        if job.state != "done":
            raise JobFailed(f"{job.kind} is {job.state}: {job.error}")
        return job

    def judgments(self, **filters: object) -> Iterator[Row]:
        """Yield judgments by arrival, without who gave them: filters are batch, image, label, is_current."""
        return self._transport.rows(self._at("judgments/"), **filters)

    def export_judgments(self, path: str | Path, **wanted: object) -> None:
        """Write a file of judgments: `format`, `which`, `outcome`, `batch` and more, as the export page has them."""
        with self._transport.stream("POST", self._at("judgments/export/"), json=wanted) as answer:
            _written(answer.iter_bytes(), Path(path), None)

    def judgments_frame(self, **wanted: object) -> "pd.DataFrame":
        """Return the long table of judgments as a data frame: texts as texts, an empty cell as ""; needs pandas."""
        import pandas as pd  # noqa: PLC0415  only who wants a frame needs it

        with self._transport.stream(
            "POST", self._at("judgments/export/"), json={**wanted, "format": "long_csv"}
        ) as answer:
            content = answer.read()
        frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        # The export puts one ' before a text that a spreadsheet would take for a formula.
        told: pd.DataFrame = frame.apply(lambda column: column.str.removeprefix("'"))
        told["duration_ms"] = told["duration_ms"].astype("int64")
        return told

    def agreement(self) -> Iterator[Row]:
        """Yield the reports of agreement, newest first, without their figures."""
        return self._transport.rows(self._at("agreement/"))

    def agreement_report(self, report_id: str) -> Row:
        """Return one report with every figure."""
        return self._transport.get(self._at(f"agreement/{report_id}/"))

    def releases(self) -> Iterator[Release]:
        """Yield the releases, the one frozen last first."""
        for row in self._transport.rows(self._at("releases/")):
            yield Release(**{name: row[name] for name in Release.__slots__})

    def ask_for_release(
        self,
        number: str,
        licence: str,
        *,
        notes: str = "",
        with_shards: bool = False,
        with_free_text: bool = False,
        with_demographics: bool = False,
    ) -> Job:
        """Ask for a release; refused while something blocks it.

        Free text that people wrote at work, and counts of what participants said of themselves, go in only when asked
        for.
        """
        given = {
            "number": number,
            "licence": licence,
            "notes": notes,
            "with_shards": with_shards,
            "with_free_text": with_free_text,
            "with_demographics": with_demographics,
        }
        return _job(self._transport.post(self._at("releases/"), given))

    def fetch_release(self, number: str, path: str | Path) -> Path:
        """Write the file of a release and return where; raises ChecksumWrong and keeps nothing where it differs."""
        release = next((row for row in self.releases() if row.number == number), None)
        if release is None or release.sha256 is None:
            raise PolyannotError(f"there is no built release {number}")
        with self._transport.stream("GET", self._at(f"releases/{release.id}/download/")) as answer:
            _written(answer.iter_bytes(), Path(path), release.sha256)
        return Path(path)


def _job(row: Row) -> Job:
    return Job(**{name: row[name] for name in Job.__slots__})


def _written(parts: Iterator[bytes], path: Path, sha256: str | None) -> None:
    """Write a file that appears only once it is whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        with draft.open("wb") as out:
            for part in parts:
                digest.update(part)
                out.write(part)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise ChecksumWrong(f"{path.name} came with another checksum than the server told")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
