"""What the pages of leakage show: which checks could run, the pairs side by side, and the flag of an image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from annotation.machine.corpora.neighbours import kept_json, search_of
from annotation.models import Cleaning, CleaningOutcome, Image, Leak, LeakCheck, NeighbourFileKind
from polyannot.kernel.errors import Missing
from projects.models import Project
from projects.models.jobs import JobState

SHOWN_A_PAGE = 20
COLUMNS = ("image_key", "corpus", "row", "check", "score", "caption", "url", "put_aside")


@dataclass(frozen=True, slots=True)
class ShownLeakage:
    """A search for leakage: how much of the corpus each check could see, and what it came to."""

    corpus: str
    images: int
    rows: int
    rows_with_pictures: int
    images_searched: int
    is_exact: bool
    encoder: str
    n_images: int
    n_rows: int
    n_dropped: int
    n_held: int
    by_check: dict[str, int]


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A pair with its score in words."""

    leak: Leak
    score: str
    is_standing: bool


def leakages_of(project: Project) -> QuerySet[Cleaning]:
    """Return the searches for leakage of the project, the newest first."""
    return (
        Cleaning.objects.filter(project=project, job__kind="leakage", job__state=JobState.DONE)
        .select_related("job")
        .annotate(n_images=Count("leaks__image", distinct=True))
        .order_by("-pk")
    )


def shown_leakage(cleaning: Cleaning) -> ShownLeakage:
    """Return what a search for leakage could look at, and what it found."""
    told = kept_json(cleaning.job, NeighbourFileKind.SUMMARY)
    search = search_of(cleaning.project, cleaning.job.parameters["search"])
    try:
        is_exact = kept_json(search, NeighbourFileKind.SUMMARY)["index"] == "exact"
    except Missing:
        is_exact = False
    fates = dict(cleaning.items.order_by().values_list("outcome").annotate(n=Count("pk")))
    return ShownLeakage(
        corpus=cleaning.sources[0],
        is_exact=is_exact,
        encoder=search.parameters["encoder"],
        n_images=cleaning.leaks.values("image").distinct().count(),
        n_rows=cleaning.leaks.values("row_key").distinct().count(),
        n_dropped=fates.get(CleaningOutcome.DROPPED, 0),
        n_held=fates.get(CleaningOutcome.HELD, 0),
        by_check=dict(cleaning.leaks.order_by().values_list("check_made").annotate(n=Count("pk"))),
        **{name: told[name] for name in ("images", "rows", "rows_with_pictures", "images_searched")},
    )


def pairs_of(cleaning: Cleaning, check: str, number: str | int) -> tuple["Page[Leak]", Sequence[ShownPair]]:
    """Return a page of the pairs, by image; of one check where it is named."""
    page = Paginator(_pairs(cleaning, check), SHOWN_A_PAGE).get_page(number)
    return page, [
        ShownPair(leak, score_of(leak), leak.dismissed_by_id is None and cleaning.undone_at is None)
        for leak in page.object_list
    ]


def _pairs(cleaning: Cleaning, check: str) -> QuerySet[Leak]:
    leaks = cleaning.leaks.select_related("image", "picture")
    if check:
        leaks = leaks.filter(check_made=check)
    return leaks.order_by("image__position", "image", "row_key", "check_made", "pk")


def score_of(leak: Leak) -> str:
    """Return how near the two are, in words."""
    if leak.check_made == LeakCheck.IDENTICAL:
        return _("the same file")
    if leak.check_made == LeakCheck.PERCEPTUAL:
        return _("%(n)d of 128 bits differ") % {"n": round(leak.score)}
    return _("cosine %(value).3f") % {"value": leak.score}


def csv_rows(cleaning: Cleaning) -> Iterator[tuple[object, ...]]:
    """Yield every pair."""
    for leak in _pairs(cleaning, "").iterator(chunk_size=2000):
        yield (
            leak.image.key,
            cleaning.sources[0],
            leak.row_key,
            leak.check_made,
            leak.score,
            leak.caption,
            leak.url,
            "yes" if leak.dismissed_by_id is not None or cleaning.undone_at is not None else "",
        )


def leaks_of_image(image: Image) -> QuerySet[Leak]:
    """Return the leaks of an image that stand, the newest first."""
    return Leak.objects.standing().filter(image=image).select_related("cleaning__job").order_by("-pk")
