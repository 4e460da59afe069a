"""One project: what is in it, work for its workers, judgments and releases."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from polyannot_client.changing import Changing
from polyannot_client.deciding import Deciding
from polyannot_client.errors import PolyannotError
from polyannot_client.files import write_whole
from polyannot_client.importing import Importing
from polyannot_client.jobs import Jobs, as_job
from polyannot_client.results import Results
from polyannot_client.rows import Job, Release, Row, reader
from polyannot_client.studies import Studies
from polyannot_client.webhooks import Webhooks

if TYPE_CHECKING:
    import pandas as pd


class Project(Jobs, Importing, Webhooks, Deciding, Changing, Results, Studies):
    """A project, asked with one token; `pages`, `frame`, `get` and `post` reach what has no method of its own."""

    @property
    def token(self) -> str:
        """Return the token that is used; keep it as you keep a password."""
        return self._transport.token

    def about(self) -> Row:
        """Return name, description and targets."""
        return self.get("")

    def images(self, **filters: object) -> Iterator[Row]:
        """Yield images: filters are state, key, licence."""
        return self.pages("images/", **filters)

    def captions(self, **filters: object) -> Iterator[Row]:
        """Yield captions with the text that stands now: filters are image, source, verdict, in_pool, search."""
        return self.pages("captions/", **filters)

    def batches(self, **filters: object) -> Iterator[Row]:
        """Yield batches: filters are purpose, is_open."""
        return self.pages("batches/", **filters)

    def open_batch(self, name: str, n_images: int, *, overlap: int = 2, purpose: str = "production") -> Row:
        """Open a batch of so many images."""
        given = {"name": name, "n_images": n_images, "overlap": overlap, "purpose": purpose}
        return self.post("batches/", given)

    def judgments(self, **filters: object) -> Iterator[Row]:
        """Yield judgments by arrival, without who gave them: filters are batch, image, label, is_current."""
        return self.pages("judgments/", **filters)

    def export_judgments(self, path: str | Path, **wanted: object) -> None:
        """Write a file of judgments: `format`, `which`, `outcome`, `batch` and more, as the export page has them."""
        with self._transport.stream("POST", self._at("judgments/export/"), json=wanted) as answer:
            write_whole(answer.iter_bytes(), Path(path))

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

    def releases(self) -> Iterator[Release]:
        """Yield the releases, the one frozen last first."""
        return self.pages("releases/", reader(Release))

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
        return as_job(self.post("releases/", given))

    def fetch_release(self, number: str, path: str | Path) -> Path:
        """Write the file of a release and return where; raises ChecksumWrong and keeps nothing where it differs."""
        release = next((row for row in self.releases() if row.number == number), None)
        if release is None or release.sha256 is None:
            raise PolyannotError(f"there is no built release {number}")
        with self._transport.stream("GET", self._at(f"releases/{release.id}/download/")) as answer:
            write_whole(answer.iter_bytes(), Path(path), release.sha256)
        return Path(path)
