"""Bringing in images, captions and judgments made elsewhere: tried first where that is wanted, then for good."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from polyannot_client.jobs import as_job
from polyannot_client.place import Place
from polyannot_client.rows import Job, JudgmentImport, Refused, Row, reader


class Importing(Place):
    """Imports, each a job to wait for."""

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
            return as_job(self._transport.post(self._at("imports/"), files=files))

    def import_judgments(
        self,
        path: str | Path,
        *,
        batch_name: str,
        schema: str = "",
        schema_name: str = "",
        members: Mapping[str, str] | None = None,
        trial: bool = False,
        **settings: object,
    ) -> Job:
        """Ask for an import of judgments made elsewhere into a batch; a second time it changes nothing.

        Labels are those of the set `schema` (its id), or of a new set `schema_name`; `members` are sign-in names of
        people of the project by their name in the file. More settings are those of the page: `format` (long_csv,
        json_lines or label_studio), `level`, `listed_labels`, `creates_captions`, `keeps_names`, `names_hold`,
        `needed`, `label_control`. With `trial` nothing is brought in; `judgment_import` tells what would be.
        """
        lines = "\n".join(f"{name} = {username}" for name, username in (members or {}).items())
        told = {"batch_name": batch_name, "schema": schema, "schema_name": schema_name, "members": lines}
        given = {**told, "trial": trial, **settings}
        with Path(path).open("rb") as file:
            files: list[tuple[str, tuple[str | None, object]]] = [("file", (Path(path).name, file))]
            files += [
                (name, (None, io.BytesIO(_typed(value)))) for name, value in given.items() if value != ""
            ]
            return as_job(self._transport.post(self._at("judgments/imports/"), files=files))

    def judgment_import(self, job: Job) -> JudgmentImport:
        """Return what an import of judgments came to, or would come to where it was a trial, once its job is done."""
        return reader(JudgmentImport)(self.get(f"judgments/imports/{job.id}/"))

    def judgment_imports(self) -> Iterator[JudgmentImport]:
        """Yield the imports of judgments and their trials, newest first."""
        return self.pages("judgments/imports/", reader(JudgmentImport))

    def import_tried(self, trial: Job) -> Job:
        """Ask for the import that a trial tried, of images and captions or of judgments."""
        place = "judgments/imports" if trial.kind == "judgments" else "imports"
        return as_job(self.post(f"{place}/{trial.id}/for-good/"))

    def import_scores(self, path: str | Path, *, name: str = "") -> Row:
        """Bring a table of scores of pairs in at once; return what it came to, with refused lines."""
        with Path(path).open("rb") as file:
            files: list[tuple[str, tuple[str | None, object]]] = [("scores", (Path(path).name, file))]
            files += [("name", (None, io.BytesIO(name.encode())))] if name else []
            return self._transport.post(self._at("score-sets/import/"), files=files)

    def refused(self, job: Job) -> Iterator[Refused]:
        """Yield what an import or a trial refused, by file and line."""
        return self.pages(f"imports/{job.id}/errors/", reader(Refused))


def _typed(value: object) -> bytes:
    return (str(value).lower() if isinstance(value, bool) else str(value)).encode()
