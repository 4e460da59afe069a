"""A project laid beside a reference corpus: asking for it, and what the page shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.corpora.neighbours import corpora
from annotation.machine.job_parameters import known_only, refused, whole_number, with_texts
from annotation.machine.ml_requests import SENTENCE_ENCODER
from annotation.models import MachineReport
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

KIND = "polysemy"
# Query images drawn from the corpus, and rows whose pairs are looked at (ours).
QUERIES, SAMPLED_PAIRS = 200, 2_000
# More layers than any encoder of sentences has; the worker knows how many there are.
MOST_LAYERS = 100
CSV_COLUMNS = ("figure", "set", "at", "measure", "value", "low", "high", "n")


def completed_polysemy(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of laying a project beside a corpus. Raises Invalid.

    `corpus` is a folder of CORPORA_DIR with features of the image-text `encoder`, and of the `image_encoder` by which
    images look alike where that is another one; `queries` of its images are query images and `sampled_pairs` of its
    rows are pairs; `sentences` is the encoder of co-captions, and `token_layer` that of its layers whose token states
    BERTScore is of, 0 for the last.
    """
    known_only(
        parameters,
        "corpus", "encoder", "image_encoder", "sentences", "token_layer", "queries", "sampled_pairs",
    )  # fmt: skip
    encoder = with_texts(parameters.get("encoder") or settings.ENCODERS[-1])
    corpus = str(parameters.get("corpus") or "").strip()
    if corpus not in corpora():
        raise refused(
            _("There is no corpus %(name)s on this server; there are: %(known)s.")
            % {"name": corpus or "?", "known": ", ".join(corpora()) or _("none")}
        )
    return {
        "corpus": corpus,
        "encoder": encoder,
        "image_encoder": str(parameters.get("image_encoder") or "").strip() or encoder,
        "sentences": with_texts(parameters.get("sentences") or SENTENCE_ENCODER),
        "token_layer": whole_number(parameters, "token_layer", 0, 0, MOST_LAYERS),
        "queries": whole_number(parameters, "queries", QUERIES, 2, 5_000),
        "sampled_pairs": whole_number(parameters, "sampled_pairs", SAMPLED_PAIRS, 2, 50_000),
    }


def ask_for_polysemy(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Lay the project beside a corpus, seeded by the project. Raises Invalid."""
    return enqueue(kind=KIND, project=project, parameters=parameters, asked_by=actor, seed=project.seed)


@dataclass(frozen=True, slots=True)
class RadiusRow:
    """Both sets at one radius."""

    radius: int
    project: Mapping[str, Any]
    corpus: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SimilarityRow:
    """One kind of similarity of one set."""

    name: str
    whose: str
    spread: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShownPolysemy:
    """A report for its page.

    `tokens` says whose token states BERTScore is of, its `layer` None where the encoder gives none; it is None for a
    report from before BERTScore.
    """

    report: MachineReport
    corpus: str
    radii: list[RadiusRow]
    similarities: list[SimilarityRow]
    tokens: Mapping[str, Any] | None


def _measures(report: MachineReport) -> list[tuple[str, str]]:
    """Return the similarities that a report has, and what they are called."""
    told = [("co_captions", _("Captions of one image, cosine"))]
    if (report.figures.get("tokens") or {}).get("layer"):
        told.append(("bert_scores", _("Captions of one image, BERTScore")))
    return [*told, ("pairs", _("Image and its caption, cosine"))]


def shown_polysemy(report: MachineReport) -> ShownPolysemy:
    """Return what the page shows of a report."""
    told, corpus = report.figures, report.job.parameters["corpus"]
    return ShownPolysemy(
        report=report,
        corpus=corpus,
        radii=[
            RadiusRow(here["radius"], here, there)
            for here, there in zip(told["curves"]["project"], told["curves"]["corpus"], strict=True)
        ],
        similarities=[
            SimilarityRow(name, whose, told[part][key]["spread"])
            for part, name in _measures(report)
            for key, whose in (("project", report.project.name), ("corpus", corpus))
        ],
        tokens=told.get("tokens"),
    )


def figure_rows(report: MachineReport) -> Iterator[Sequence[object]]:
    """Yield every figure of a report."""
    told = report.figures
    for key in ("project", "corpus"):
        for row in told["curves"][key]:
            for measure in ("image_cosine", "geodesic"):
                ends = (row[measure], row[f"{measure}_low"], row[f"{measure}_high"], row[f"{measure}_n"])
                yield ("polysemy", key, row["radius"], measure, *ends)
    for part, _name in _measures(report):
        for key in ("project", "corpus"):
            spread, found = told[part][key]["spread"], told[part][key]["density"]
            yield (part, key, "", "mean", spread["mean"], spread["low"], spread["high"], spread["n"])
            yield (part, key, "", "sd", spread["sd"], None, None, spread["n"])
            for left, height, count in zip(found["lefts"], found["density"], found["counts"], strict=True):
                yield (part, key, left, "density", height, None, None, count)
