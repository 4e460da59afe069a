"""What the page of the diverse captions shows: what was chosen for each image, and which images lack captions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Avg, Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import CaptionChoice, CaptionVersion, DistanceSpace, Image, ImageChoice, ImageState
from annotation.models.machine import ChoiceMethod
from annotation.progress.verdicts import good_versions
from polyannot.kernel.errors import Missing
from projects.models import Project

CHOICES_PER_PAGE = 8
# From so many captions on they are clustered on a plane (as in the model workers).
PLANE_FROM = 15


@dataclass(frozen=True, slots=True)
class ChoicesOverview:
    """The current choice of a project, means over its complete images; None before there is one."""

    latest: ImageChoice
    n_complete: int
    n_incomplete: int
    mean_similarity: float | None
    random_mean_similarity: float | None
    n_lower: int
    n_outdated: int
    n_unseen: int
    n_without_plane: int

    @property
    def n_images(self) -> int:
        """Return how many images were looked at."""
        return self.n_complete + self.n_incomplete


def current_choices(project: Project) -> QuerySet[ImageChoice]:
    """Return the current choice of each active image."""
    return ImageChoice.objects.filter(
        project=project, is_current=True, image__state=ImageState.ACTIVE
    ).select_related("image", "encoder", "job")


def overview(project: Project) -> ChoicesOverview | None:
    """Return what the current choice comes to, or None before there is one."""
    choices = current_choices(project)
    if (latest := choices.order_by("-pk").first()) is None:
        return None
    complete = choices.filter(is_complete=True)
    means = complete.aggregate(
        mean=Avg("mean_similarity"),
        random=Avg("random_mean_similarity"),
        lower=Count("pk", filter=Q(mean_similarity__lt=F("random_mean_similarity"))),
    )
    seen = choices.values("image")
    return ChoicesOverview(
        latest=latest,
        n_complete=complete.count(),
        n_incomplete=choices.filter(is_complete=False).count(),
        mean_similarity=means["mean"],
        random_mean_similarity=means["random"],
        n_lower=means["lower"],
        n_outdated=outdated_choices(project).count(),
        n_without_plane=_clustered_without_plane(choices).count(),
        n_unseen=Image.objects.filter(project=project, state=ImageState.ACTIVE).exclude(pk__in=seen).count(),
    )


def outdated_choices(project: Project) -> QuerySet[ImageChoice]:
    """Return the current choices that hold a version which is no longer good."""
    good = CaptionVersion.objects.filter(pk__in=good_versions(project).values("pk"))
    chosen = CaptionChoice.objects.filter(choice__project=project, choice__is_current=True)
    lost = chosen.exclude(version__in=good.values("pk"))
    return current_choices(project).filter(pk__in=lost.values("choice"))


def incomplete_images(project: Project) -> Sequence[ImageChoice]:
    """Return the choices of images with fewer good captions than asked for, the emptiest first."""
    return list(
        current_choices(project).filter(is_complete=False).order_by("n_good", "image__position", "image__pk")
    )


def complete_choices(project: Project, page: str | int) -> "Page[ImageChoice]":
    """Return a page of the complete choices with their captions, in the order of the images."""
    choices = (
        current_choices(project)
        .filter(is_complete=True)
        .prefetch_related("captions__version")
        .order_by("image__position", "image__pk")
    )
    return Paginator(choices, CHOICES_PER_PAGE).get_page(page)


def _clustered_without_plane(choices: QuerySet[ImageChoice]) -> QuerySet[ImageChoice]:
    """Keep the choices of enough captions for a plane that were made without one, because there was no UMAP."""
    return choices.filter(
        method=ChoiceMethod.KMEANS, space=DistanceSpace.FEATURES, n_good__gte=PLANE_FROM, is_complete=True
    ).exclude(pool_clusters=[])


@dataclass(frozen=True, slots=True)
class PoolCaption:
    """A good caption of a choice: its number on the page, its cluster from 1, its place on the plane."""

    number: int
    text: str
    cluster: int | None
    is_chosen: bool
    x: float | None
    y: float | None


def choice_of(image: Image) -> ImageChoice:
    """Return the current choice of an image. Raises Missing before there is one."""
    choice = (
        ImageChoice.objects.filter(image=image, is_current=True).select_related("encoder", "project").first()
    )
    if choice is None:
        raise Missing("choice_missing", _("Nothing was chosen for this image yet: choose anew."))
    return choice


def pool_of(choice: ImageChoice) -> list[PoolCaption]:
    """Return the good captions of a choice by cluster, the chosen one of each first, numbered from 1."""
    chosen = set(choice.captions.values_list("version", flat=True))
    versions = choice.pool_versions or sorted(chosen)
    texts = dict(CaptionVersion.objects.filter(pk__in=versions).values_list("pk", "text"))
    rows = []
    for place, version in enumerate(versions):
        cluster = choice.pool_clusters[place] + 1 if choice.pool_clusters else None
        at = (choice.pool_x[place], choice.pool_y[place]) if choice.pool_x else (None, None)
        rows.append((cluster or 0, version not in chosen, place, cluster, version, at))
    return [
        PoolCaption(number, texts[version], cluster, not is_other, *at)
        for number, (_order, is_other, _place, cluster, version, at) in enumerate(sorted(rows), start=1)
        if version in texts
    ]
