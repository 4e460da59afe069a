"""Judgments made elsewhere for tests: a project, three experts' grades of its pairs, and importing a file."""

from typing import Any

from annotation import tasks  # noqa: F401  registers the runner
from annotation.exchange.importing_judgments import JudgmentImportSettings, request_judgment_import
from annotation.importing.requesting import GivenFile
from annotation.models import JudgmentImport
from projects.models import Project
from projects.running import run_job
from tests import factories as make

GRADES = {
    "dog-1": (4, 4, 3),
    "dog-2": (1, 1, 1),
    "dog-3": (2, 3, 1),
    "cat-1": (4, 4, 4),
    "cat-2": (1, 2, 1),
    "cat-3": (4, 3, 3),
}


def two_animals() -> Project:
    """Return a project with two images of three captions each."""
    made = make.make_project()
    for name in ("dog", "cat"):
        image = make.add_image(made, name)
        for number in (1, 2, 3):
            make.add_caption(image, f"A {name} in scene number {number}", key=f"{name}-{number}")
    return made


def expert_table() -> bytes:
    lines = ["image_key,caption,rater_id,label"]
    for key, grades in GRADES.items():
        image, number = key.split("-")
        for expert, grade in enumerate(grades, start=1):
            lines.append(f"{image}.jpg,A {image} in scene number {number},expert {expert},{grade}")
    return "\n".join(lines).encode()


def brought(
    project: Project,
    content: bytes,
    *,
    is_trial: bool = False,
    actor: Any = None,
    name: str = "ratings.csv",
    **settings: Any,
) -> JudgmentImport:
    """Import a file and return what it came to."""
    chosen = {"format": "long_csv", "batch_name": "Experts", "schema_name": "Grades", "level": "ordinal"}
    job = request_judgment_import(
        project=project,
        actor=actor,
        file=GivenFile(name, content),
        settings=JudgmentImportSettings(**{**chosen, **settings}),
        is_trial=is_trial,
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return JudgmentImport.objects.get(job=job)


def counts(row: JudgmentImport) -> tuple[int, int, int, int]:
    return row.n_new, row.n_there, row.n_refused, row.n_skips


def reasons(row: JudgmentImport) -> dict[str, str]:
    return dict(row.job.failures.values_list("item", "reason"))
