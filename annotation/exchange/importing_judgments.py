"""Asking for an import of judgments made elsewhere: the file goes into the store, a job does the rest, or tries it.

What is accepted, and what makes a second import harmless: docs/algorithms/judgment-formats.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.exchange.imported_labels import labels_of_file
from annotation.exchange.imported_raters import name_hash
from annotation.importing.requesting import GivenFile
from annotation.models import Batch, BatchPurpose, JudgmentFormat, LabelSchema, MeasurementLevel
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import one_line
from projects.models import Job, Project
from projects.queue import enqueue

KIND = "judgments"
LONGEST_BATCH_NAME = 80
MOST_RATERS_NEEDED = 50


@dataclass(frozen=True, slots=True)
class JudgmentImportSettings:
    """How a file is to be read and what becomes of it.

    Without `schema` a set of labels named `schema_name` is made, from `listed_labels` (one a line) or from the file.
    `members` are accounts of the project by a rater's name in the file; `names_hold` says that the same name in
    another file is the same person. `needed` is how many raters a verdict on a pair waits for.
    """

    format: str
    batch_name: str
    schema: LabelSchema | None = None
    schema_name: str = ""
    level: str = MeasurementLevel.NOMINAL
    listed_labels: str = ""
    creates_captions: bool = False
    keeps_names: bool = True
    names_hold: bool = True
    members: Mapping[str, User] = field(default_factory=dict)
    needed: int = 2
    label_control: str = ""


def request_judgment_import(
    *,
    project: Project,
    actor: User | None,
    file: GivenFile,
    settings: JudgmentImportSettings,
    is_trial: bool,
) -> Job:
    """Store the file and ask for its import, or for a trial that says what would happen and changes nothing.

    The same file with the same settings again, while it runs, is the same job. Raises Invalid for settings that make
    no sense, Conflict where the batch's name is taken by other work or its labels are others.
    """
    name = _checked_batch_name(project, settings)
    _check_labels(project, settings)
    if settings.format not in JudgmentFormat.values:
        raise Invalid("format_unknown", _("Choose what kind of file this is."))
    if not 1 <= settings.needed <= MOST_RATERS_NEEDED:
        raise Invalid(
            "needed_out_of_range", _("A verdict needs from 1 to %(n)d raters.") % {"n": MOST_RATERS_NEEDED}
        )
    stored = file.stored("application/octet-stream")
    parameters: dict[str, Any] = {
        "file": {"name": file.name[:150], "sha256": stored.sha256},
        "format": str(settings.format),
        "batch": name,
        "schema": str(settings.schema.public_id) if settings.schema else "",
        "schema_name": one_line(settings.schema_name)[:80],
        "level": str(settings.level),
        "labels": settings.listed_labels,
        "creates_captions": settings.creates_captions,
        "keeps_names": settings.keeps_names,
        "names_hold": settings.names_hold,
        "members": {
            name_hash(project, rater): str(user.public_id) for rater, user in settings.members.items()
        },
        "needed": settings.needed,
        "label_control": settings.label_control.strip()[:80],
        "is_trial": is_trial,
    }
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=actor, seed=project.seed)


def repeat_for_good(*, project: Project, actor: User, trial: Job) -> Job:
    """Ask for the import that a trial tried, with the same file and settings. Raises Invalid for another job."""
    if trial.kind != KIND or not trial.parameters.get("is_trial"):
        raise Invalid("no_trial", _("This job is no trial of an import."))
    return enqueue(
        kind=KIND,
        project=project,
        parameters={**trial.parameters, "is_trial": False},
        asked_by=actor,
        seed=trial.seed,
    )


def _checked_batch_name(project: Project, settings: JudgmentImportSettings) -> str:
    name = one_line(settings.batch_name)
    if not name or len(name) > LONGEST_BATCH_NAME:
        raise Invalid(
            "batch_name_needed",
            _("The batch needs a name of up to %(n)d characters.") % {"n": LONGEST_BATCH_NAME},
        )
    there = Batch.objects.select_related("schema").filter(project=project, name=name).first()
    if there is not None and there.purpose != BatchPurpose.IMPORTED:
        raise Conflict(
            "batch_name_taken",
            _("The batch %(name)s holds other work; choose another name.") % {"name": name},
        )
    return name


def _check_labels(project: Project, settings: JudgmentImportSettings) -> None:
    if settings.level not in MeasurementLevel.values:
        raise Invalid("level_unknown", _("Choose whether the labels have an order."))
    if settings.schema is not None:
        # Grades of paraphrases speak of two texts; a file of pairs of image and caption holds none.
        if settings.schema.project_id != project.pk or settings.schema.compares_paraphrases:
            raise Invalid("schema_missing", _("There is no such set of labels in this project."))
        return
    if not one_line(settings.schema_name):
        raise Invalid("schema_name_needed", _("Choose a set of labels, or name the one to be made."))
    if settings.listed_labels.strip():
        labels_of_file((), level=settings.level, listed=settings.listed_labels)
