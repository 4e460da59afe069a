"""Asking for the nearest images of a corpus, and for their captions: the parameters of both jobs, and their checks."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.corpora.neighbours import corpora, search_of
from annotation.machine.corpora.pool_clusters import check_clusters
from annotation.machine.job_parameters import known_only, refused, whole_number
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

# Nearest corpus images of an image that a search keeps (IMP: 800 to 3,000 captions an image).
RADIUS = 3_000
# Every row, or lists of rows; auto takes lists beyond three million rows.
INDEXES = ("auto", "exact", "lists")
# Images whose exact neighbours are found too, where lists are searched.
RECALL_IMAGES = 100


def completed_neighbours(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a search for the nearest images of a corpus. Raises Invalid.

    `corpus` is a folder of CORPORA_DIR; `radius` the neighbours of an image; `index` one of auto, exact and lists;
    `probes` the lists looked into (0: by the rule); `recall_images` those whose exact neighbours are found too.
    """
    known_only(parameters, "corpus", "encoder", "radius", "index", "probes", "recall_images")
    corpus = str(parameters.get("corpus") or "").strip()
    if corpus not in corpora():
        raise refused(
            _("There is no corpus %(name)s on this server; there are: %(known)s.")
            % {"name": corpus or "?", "known": ", ".join(corpora()) or _("none")}
        )
    index = str(parameters.get("index") or INDEXES[0])
    if index not in INDEXES:
        raise refused(_("The index is one of %(known)s.") % {"known": ", ".join(INDEXES)})
    return {
        "corpus": corpus,
        "encoder": str(parameters.get("encoder") or settings.ENCODERS[-1]).strip(),
        "radius": whole_number(parameters, "radius", RADIUS, 1, 10_000),
        "index": index,
        "probes": whole_number(parameters, "probes", 0, 0, 65_536),
        "recall_images": whole_number(parameters, "recall_images", RECALL_IMAGES, 1, 5_000),
    }


def completed_pools(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of filling pools: the id of the `search`, and the `threshold`. Raises Invalid.

    `clusters` is the id of clusters of that search: then only captions of an image's own cluster come in.
    """
    known_only(parameters, "search", "threshold", "clusters")
    try:
        threshold = float(parameters.get("threshold", "nan"))
    except (TypeError, ValueError):
        threshold = float("nan")
    if not -1 <= threshold <= 1:
        raise refused(_("Say the threshold, a cosine from -1 to 1."))
    return {
        "search": str(parameters.get("search") or "").strip(),
        "threshold": round(threshold, 2),
        "clusters": str(parameters.get("clusters") or "").strip(),
    }


def check_search(project: Project, parameters: Parameters) -> None:
    """Raise Missing unless the search is a finished one of the project."""
    search_of(project, parameters["search"])


def ask_for_neighbours(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Find the nearest images of a corpus for every active and reserve image; takes no caption in. Raises Invalid."""
    return enqueue(
        kind="neighbours", project=project, parameters=parameters, asked_by=actor, seed=project.seed
    )


def ask_for_pools(
    *, project: Project, actor: User | None, search: str, threshold: float, clusters: str = ""
) -> Job:
    """Take the captions that a search found from a threshold on into the pools. Raises Invalid, Missing.

    With `clusters` only those of an image's own cluster.
    """
    found = search_of(project, search)
    parameters = {"search": str(found.public_id), "threshold": threshold, "clusters": clusters}
    check_clusters(project, parameters)
    return enqueue(
        kind="pools",
        project=project,
        parameters=parameters,
        asked_by=actor,
        seed=project.seed,
    )
