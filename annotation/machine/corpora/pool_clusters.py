"""Clusters of the corpus images that a search found near: asking for them, and finding those that were found."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.corpora.neighbours import search_of
from annotation.machine.job_parameters import decimal_number, known_only, one_of, refused, whole_number
from polyannot.kernel.errors import Missing
from projects.models import Job, Project
from projects.models.jobs import JobState
from projects.queue import Parameters, enqueue

KIND = "pool_clusters"
# On a plane by UMAP, or in the features themselves.
SPACES = ["plane", "features"]
# IMP's radius about 50: a group of fewer pictures is no cluster.
MIN_CLUSTER_SIZE = 50
# Neighbours that decide how dense it is around a picture (ours).
MIN_SAMPLES = 5
# The distance below which clusters are not split further, in the space that they are found in: nowhere.
EPSILON, MOST_EPSILON = 0.0, 100.0


def completed_clusters(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a search for clusters. Raises Invalid.

    `search` is the id of a finished search of a corpus; `space` plane or features; `min_cluster_size`, `min_samples`
    and `cluster_selection_epsilon` are those of HDBSCAN.
    """
    known_only(parameters, "search", "space", "min_cluster_size", "min_samples", "cluster_selection_epsilon")
    return {
        "search": str(parameters.get("search") or "").strip(),
        "space": one_of(parameters, "space", SPACES),
        "min_cluster_size": whole_number(parameters, "min_cluster_size", MIN_CLUSTER_SIZE, 2, 10_000),
        "min_samples": whole_number(parameters, "min_samples", MIN_SAMPLES, 1, 1_000),
        "cluster_selection_epsilon": decimal_number(
            parameters, "cluster_selection_epsilon", EPSILON, 0.0, MOST_EPSILON
        ),
    }


def ask_for_clusters(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Find the cluster of each image among its neighbours in a search; takes no caption in. Raises Invalid, Missing."""
    complete = completed_clusters(parameters)
    complete["search"] = str(search_of(project, complete["search"]).public_id)
    return enqueue(kind=KIND, project=project, parameters=complete, asked_by=actor, seed=project.seed)


def clusters_of(project: Project, public_id: str) -> Job:
    """Return finished clusters of the project. Raises Missing, also for an id that is none."""
    try:
        named = UUID(public_id)
    except ValueError as error:
        raise Missing("clusters_missing", _("There are no such clusters in this project.")) from error
    found = Job.objects.filter(project=project, kind=KIND, public_id=named, state=JobState.DONE).first()
    if found is None:
        raise Missing("clusters_missing", _("There are no such finished clusters in this project."))
    return found


def clusters_of_search(search: Job) -> Sequence[Job]:
    """Return the finished clusters of a search, the newest first."""
    return list(
        Job.objects.filter(
            project=search.project,
            kind=KIND,
            state=JobState.DONE,
            parameters__search=str(search.public_id),
        )
    )


def check_clusters(project: Project, parameters: Parameters) -> None:
    """Raise Missing unless the search of a filling is there; Invalid where it names clusters of another one."""
    search_of(project, parameters["search"])
    if not parameters["clusters"]:
        return
    if clusters_of(project, parameters["clusters"]).parameters["search"] != parameters["search"]:
        raise refused(_("These clusters are of another search."))
