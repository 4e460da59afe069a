"""What the page of the corpora shows: a search with what each threshold would bring, and what came into the pools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotation.machine.corpora.leakage import KIND as LEAKAGE
from annotation.machine.corpora.neighbours import FILL, SEARCH, kept_json
from annotation.machine.corpora.pool_clusters import KIND as CLUSTERS
from annotation.models import NeighbourFileKind
from projects.models import Job, Project
from projects.models.jobs import ACTIVE_STATES, JobState

JOBS_SHOWN = 10
# The normal quantile of a 95% interval.
TWO_SIDED = 1.96


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """What a threshold would bring: captions in all, and for an image the fewest, the median and the most."""

    threshold: float
    pairs: int
    lowest: int
    median: float
    highest: int
    full: int

    @property
    def words(self) -> str:
        """Return the line in which a person chooses it."""
        return _("%(threshold).2f: %(pairs)s captions (median %(median)s)") % {
            "threshold": self.threshold,
            "pairs": number_format(self.pairs, force_grouping=True),
            "median": number_format(round(self.median), force_grouping=True),
        }


@dataclass(frozen=True, slots=True)
class ProposedThreshold:
    """The threshold at which the median image has so many captions, and the percentile of the corpus it stands at."""

    rank: int
    percentile: float
    row: ThresholdRow


@dataclass(frozen=True, slots=True)
class MeasuredRecall:
    """The share of the exact neighbours that lists found, its 95% interval over images, and the worst image."""

    share: float
    low: float
    high: float
    lowest: float
    images: int
    radius: int


@dataclass(frozen=True, slots=True)
class ShownSearch:
    """A finished search."""

    job: Job
    images: int
    rows: int
    is_exact: bool
    recall: MeasuredRecall | None
    thresholds: list[ThresholdRow]
    proposed: list[ProposedThreshold]

    @property
    def best(self) -> ThresholdRow | None:
        """Return the proposed threshold with the largest pools of at most 1,500 captions for the median image."""
        fitting = [one for one in self.proposed if one.rank <= 1_500] or self.proposed
        return fitting[-1].row if fitting else None


@dataclass(frozen=True, slots=True)
class ShownClusters:
    """Finished clusters of a search: how many images fall into one, and what those hold.

    `sizes` and `found` are the fewest, the median and the most: captions in an image's own cluster, over images that
    have one, and clusters found among the neighbours of an image, over all. Cosines are means over neighbours inside
    and outside the own cluster, of the images that have one.
    """

    job: Job
    images: int
    in_a_cluster: int
    captions: int
    sizes: list[int] | None
    found: list[int]
    noise: int
    neighbours: int
    cosine_inside: float | None
    cosine_outside: float | None
    n_outside: int
    thresholds: list[ThresholdRow]

    @property
    def noise_share(self) -> float:
        """Return the share of all neighbours that are in no cluster, in percent."""
        return 100 * self.noise / self.neighbours if self.neighbours else 0.0


def shown_clusters(job: Job) -> ShownClusters:
    """Return what finished clusters hold; thresholds from the lowest, which leaves all of them."""
    told = kept_json(job, NeighbourFileKind.SUMMARY)
    thresholds = [ThresholdRow(**row) for row in told.pop("thresholds")]
    return ShownClusters(job=job, thresholds=thresholds, **told)


def active_work(project: Project) -> Job | None:
    """Return the search, clustering, filling or search for leakage that runs, or failed last, of the project."""
    kinds = [SEARCH, CLUSTERS, FILL, LEAKAGE]
    job = Job.objects.filter(project=project, kind__in=kinds).order_by("-pk").first()
    return job if job is not None and job.state in {*ACTIVE_STATES, JobState.FAILED} else None


def searches(project: Project) -> Sequence[Job]:
    """Return the finished searches, the newest first."""
    return list(Job.objects.filter(project=project, kind=SEARCH, state=JobState.DONE)[:JOBS_SHOWN])


def fillings(project: Project) -> Sequence[tuple[Job, Job | None]]:
    """Return the finished fillings with their searches, the newest first."""
    jobs = list(Job.objects.filter(project=project, kind=FILL, state=JobState.DONE)[:JOBS_SHOWN])
    asked = {job.parameters["search"] for job in jobs}
    of = {str(job.public_id): job for job in Job.objects.filter(project=project, public_id__in=asked)}
    return [(job, of.get(job.parameters["search"])) for job in jobs]


def shown_search(job: Job) -> ShownSearch:
    """Return what a finished search found. Raises Missing where its files are gone."""
    told = kept_json(job, NeighbourFileKind.SUMMARY)
    thresholds = [ThresholdRow(**row) for row in told["thresholds"]]
    by_value = {row.threshold: row for row in thresholds}
    return ShownSearch(
        job=job,
        images=told["images"],
        rows=told["rows"],
        is_exact=told["index"] == "exact",
        recall=_recall(told, job.parameters["radius"]),
        thresholds=thresholds[::-1],
        proposed=[
            ProposedThreshold(one["rank"], one["percentile"], by_value[one["threshold"]])
            for one in told["proposals"]
            if one["threshold"] in by_value
        ],
    )


def _recall(told: dict[str, Any], radius: int) -> MeasuredRecall | None:
    measured, spread = told["recall"], told["recall_of_images"]
    if measured is None or not measured["asked"]:
        return None
    share = measured["found"] / measured["asked"]
    half = TWO_SIDED * spread["deviation"] / measured["images"] ** 0.5
    return MeasuredRecall(
        share, max(0.0, share - half), min(1.0, share + half), spread["lowest"], measured["images"], radius
    )
