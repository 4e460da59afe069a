"""How much difficulty depends on who votes: asking for it, the vote that is the reference, and what pages show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.job_parameters import encoder_names, known_only, refused, whole_number
from annotation.machine.ml_requests import default_cut_points
from annotation.models import Difficulty, DifficultyLevel, DifficultyRun, MachineReport
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

KIND = "robustness"
# Draws of seven of thirty models (IMP §4.2).
DRAWS, SET_SIZE = 10, 7
PUBLISHED_RANGE, PUBLISHED_MODELS = (0.65, 0.87), 30
# Figures of how two assignments agree, with what a table calls them.
CSV_COLUMNS = ("first", "second", "shared_models", "n_pairs", "same_level", "kappa", "kappa_quadratic")


def completed_robustness(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a robustness job. Raises Invalid.

    `draws` different sets of `size` of the `encoders` vote, all of them by the same cut points; `vote` is the job of
    the vote that is the reference, the latest where it is empty. Without `size` seven models vote, or all but one where
    there are fewer than eight.
    """
    known_only(parameters, "encoders", "draws", "size", "easy_min_votes", "hard_max_votes", "vote")
    encoders = encoder_names(parameters)
    if len(encoders) < 2:
        raise refused(_("Name at least two encoders: sets of one fewer are drawn from them."))
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    size = whole_number(given, "size", min(SET_SIZE, len(encoders) - 1), 1, len(encoders) - 1)
    easy, hard = default_cut_points(size, has_tie_breaker=False)
    easy = whole_number(given, "easy_min_votes", easy, 1, size)
    hard = whole_number(given, "hard_max_votes", hard, 0, size)
    if hard >= easy:
        raise refused(_("A pair cannot be easy and hard at once: hard_max_votes is below easy_min_votes."))
    return {
        "encoders": encoders,
        "draws": whole_number(given, "draws", DRAWS, 2, 100),
        "size": size,
        "easy_min_votes": easy,
        "hard_max_votes": hard,
        "vote": str(parameters.get("vote") or "").strip(),
    }


def ask_for_robustness(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Have drawn sets of encoders vote on every good version, seeded by the project. Raises Invalid."""
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=actor, seed=project.seed)


def robustness_reference(project: Project, vote: str) -> dict[int, str]:
    """Return the level of each version in the vote that is the reference; empty before any vote. Raises Invalid."""
    votes = DifficultyRun.objects.filter(project=project).order_by("-pk")
    run = votes.first()
    if vote:
        try:
            run = votes.filter(job__public_id=UUID(vote)).first()
        except ValueError:
            run = None
        if run is None:
            raise Invalid(
                "vote_missing", _("There is no such vote in this project; leave it empty for the latest.")
            )
    if run is None:
        return {}
    return dict(Difficulty.objects.filter(run=run).values_list("version_id", "level"))


@dataclass(frozen=True, slots=True)
class KappaCell:
    """One cell of the table of draws against draws; empty on the diagonal."""

    value: float | None
    quadratic: float | None
    shared: int
    heat: str
    is_itself: bool = False


@dataclass(frozen=True, slots=True)
class DrawRow:
    """One draw: its models, the levels it gives, its kappas with the other draws and with the reference."""

    number: int
    models: list[str]
    levels: list[tuple[str, str, int]]
    cells: list[KappaCell]
    reference: KappaCell | None


@dataclass(frozen=True, slots=True)
class ShownRobustness:
    """A report for its page."""

    report: MachineReport
    figures: Mapping[str, Any]
    rows: list[DrawRow]
    pairs: Mapping[str, Any]
    reference: Mapping[str, Any]
    draws_overlap: bool
    is_fewer: bool


def shown_robustness(report: MachineReport) -> ShownRobustness:
    """Return what the page shows of a report."""
    figures = report.figures
    kappas = {(one["first"], one["second"]): one for one in figures["kappas"]}
    reference = {one["draw"]: one for one in figures["to_reference"]}
    numbers = [draw["number"] for draw in figures["draws"]]
    rows = [
        DrawRow(
            number=draw["number"],
            models=draw["models"],
            levels=[
                (level.value, str(level.label), draw["levels"][level.value]) for level in DifficultyLevel
            ],
            cells=[
                _cell(kappas.get((min(draw["number"], other), max(draw["number"], other))))
                for other in numbers
            ],
            reference=_cell(reference.get(draw["number"])) if reference else None,
        )
        for draw in figures["draws"]
    ]
    return ShownRobustness(
        report=report,
        figures=figures,
        rows=rows,
        pairs=figures["summary"]["pairs"],
        reference=figures["summary"]["reference"],
        draws_overlap=figures["n_models"] < 2 * figures["size"],
        is_fewer=len(numbers) < report.job.parameters["draws"],
    )


def _cell(kappa: Mapping[str, Any] | None) -> KappaCell:
    if kappa is None:
        return KappaCell(None, None, 0, "heat-none", is_itself=True)
    value = kappa["plain"]
    heat = "heat-none" if value is None else f"heat-{max(0, min(10, round(10 * value)))}"
    return KappaCell(value, kappa["quadratic"], kappa.get("shared", 0), heat)


def kappa_rows(report: MachineReport) -> Iterator[tuple[object, ...]]:
    """Yield each pair of draws, then each draw with the reference."""
    for one in report.figures["kappas"]:
        yield (
            one["first"],
            one["second"],
            one["shared"],
            one["n"],
            one["same"],
            one["plain"],
            one["quadratic"],
        )
    for one in report.figures["to_reference"]:
        yield (one["draw"], "reference", None, one["n"], one["same"], one["plain"], one["quadratic"])
