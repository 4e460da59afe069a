"""Studies: designed, launched and steered; a design is one value that travels between projects."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyannot_client.files import write_whole
from polyannot_client.jobs import as_job
from polyannot_client.place import Place
from polyannot_client.rows import Job, Row, Study, reader

if TYPE_CHECKING:
    import pandas as pd

as_study = reader(Study)


class Studies(Place):
    """The studies of a project."""

    def studies(self) -> Iterator[Study]:
        """Yield the studies, newest first."""
        return self.pages("studies/", as_study)

    def study(self, study_id: str) -> Row:
        """Return a study with its numbers of people and answers, in `standing` once it is launched."""
        return self.get(f"studies/{study_id}/")

    def create_study(
        self, title: str, design: Mapping[str, Any] | None = None, *, kind: str | None = None
    ) -> Study:
        """Make a draft: of a design as `study_design` tells it, or of parts of one; the rest fits the project.

        The seed and the codes of a platform are told with a design: take them out of `settings` where the new study
        shall have its own.
        """
        given = {**(design or {}), "title": title}
        return as_study(self.post("studies/", given if kind is None else {**given, "kind": kind}))

    def study_design(self, study_id: str) -> Row:
        """Return kind, title, settings, texts and sets of a study."""
        return self.get(f"studies/{study_id}/design/")

    def change_design(self, study_id: str, design: Mapping[str, Any]) -> Row:
        """Change a draft by parts of a design and return the whole; sets take the place of all declared ones."""
        return self.post(f"studies/{study_id}/design/", dict(design))

    def study_plan(self, study_id: str, settings: Mapping[str, Any] | None = None) -> Row:
        """Return what a draft's numbers can show and what is missing; with other `settings`, which are not saved."""
        path = f"studies/{study_id}/plan/"
        return self.get(path) if settings is None else self.post(path, {"settings": dict(settings)})

    def approve_study(self, study_id: str, fingerprint: str) -> Row:
        """Approve a draft as it was read; the fingerprint is that of `study_plan`."""
        return self.post(f"studies/{study_id}/approve/", {"fingerprint": fingerprint})

    def launch_study(self, study_id: str) -> Study:
        """Freeze the study and open its link."""
        return as_study(self.post(f"studies/{study_id}/launch/"))

    def pause_study(self, study_id: str) -> Study:
        """Let nobody new begin for now."""
        return as_study(self.post(f"studies/{study_id}/pause/"))

    def resume_study(self, study_id: str) -> Study:
        """Let new people begin again."""
        return as_study(self.post(f"studies/{study_id}/resume/"))

    def close_study(self, study_id: str) -> Study:
        """Let nobody new begin any more."""
        return as_study(self.post(f"studies/{study_id}/close/"))

    def preregistration(self, study_id: str) -> Row:
        """Return what was declared at launch: `document`, `markdown`, `sha256`."""
        return self.get(f"studies/{study_id}/preregistration/")

    def run_pilot(self, study_id: str) -> Job:
        """Simulate participants over a draft; the job computes the figures from them."""
        return as_job(self.post(f"studies/{study_id}/pilot/"))

    def compute_figures(self, study_id: str) -> Job:
        """Have the figures of now computed."""
        return as_job(self.post(f"studies/{study_id}/figures/"))

    def figures(self, study_id: str) -> Row:
        """Return the figures computed last, each with its n and interval."""
        figures: Row = self.get(f"studies/{study_id}/figures/")["figures"]
        return figures

    def study_pairs_frame(self, study_id: str) -> "pd.DataFrame":
        """Return every measured pair with its n, share and intervals; needs pandas."""
        import pandas as pd  # noqa: PLC0415  only who wants a frame needs it

        return pd.json_normalize(self.get(f"studies/{study_id}/results/pairs/")["pairs"])

    def add_set(self, study_id: str, name: str = "", **conditions: object) -> list[Row]:
        """Give pairs a row in Table 1 and return all rows: `difficulty`, `at_least`, `below`, `captions`, `why`."""
        rows: list[Row] = self.post(f"studies/{study_id}/sets/", {"name": name, **conditions})["sets"]
        return rows

    def make_links(self, study_id: str, count: int) -> list[Row]:
        """Make links for one person each and return them with their numbers; they are told this once."""
        links: list[Row] = self.post(f"studies/{study_id}/links/", {"count": count})["links"]
        return links

    def fetch_study_file(self, study_id: str, name: str, path: str | Path) -> Path:
        """Write a file of the results and return where.

        `name` is pairs.csv, perfect.csv, public.zip, or drawings/NAME.FORM, and for a token that reads single judgments
        answers.zip.
        """
        method = "POST" if name == "answers.zip" else "GET"
        with self._transport.stream(method, self._at(f"studies/{study_id}/results/{name}")) as answer:
            write_whole(answer.iter_bytes(), Path(path))
        return Path(path)
