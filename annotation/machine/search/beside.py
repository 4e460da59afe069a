"""An image beside the images of other data sets that look most like it, each with its captions (IMP, Figs. 19 to 22).

Other sets are the other projects of a person, reference sets among them, and the corpora whose captions came into the
image's pool. Only what one encoder has seen of both can be near.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max

from annotation.machine.search.searching import count_searchable, found_images, near_ids, vector_of_image
from annotation.models import Caption, Embedding, Encoder, Image
from annotation.models.machine import Modality
from annotation.progress.verdicts import bad_versions, good_versions, versions_in_pool
from projects.models import Project

IMAGES_OF_A_SET = 4
CAPTIONS_OF_AN_IMAGE = 5
SETS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Described:
    """Some captions of an image; `are_good` where people said so, else they are in circulation and not judged bad."""

    texts: Sequence[str]
    n: int
    are_good: bool


@dataclass(frozen=True, slots=True)
class BesideImage:
    """An image of another set, its cosine with the image that was asked about, and its captions."""

    image: Image
    cosine: float
    is_same_file: bool
    captions: Described


@dataclass(frozen=True, slots=True)
class BesideSet:
    """Another project: how many of its images the encoder has seen, and the nearest of them."""

    project: Project
    n_there: int
    found: Sequence[BesideImage]


@dataclass(frozen=True, slots=True)
class BesideCorpus:
    """The captions of the corpus images nearest to an image that came into its pool, by source; all at one cosine."""

    source: str
    encoder: str
    cosine: float
    captions: Sequence[Caption]


def encoders_that_saw(image: Image) -> list[Encoder]:
    """Return the encoders that have embedded this picture, the one that did so last first."""
    seen = Embedding.objects.filter(modality=Modality.IMAGE, content_hash=image.file.sha256)
    last = dict(seen.order_by().values_list("encoder").annotate(last=Max("pk")))
    return sorted(Encoder.objects.filter(pk__in=last), key=lambda encoder: -last[encoder.pk])


def described(image: Image) -> Described:
    """Return the first captions of an image: the good ones, else what is in circulation and not bad."""
    good = good_versions(image.project).filter(image=image)
    are_good, shown = good.exists(), good
    if not are_good:
        bad = bad_versions(image.project).filter(image=image)
        shown = versions_in_pool(image.project).filter(image=image).exclude(pk__in=bad.values("pk"))
    texts = shown.order_by("pk").values_list("text", flat=True)
    return Described(list(texts[:CAPTIONS_OF_AN_IMAGE]), shown.count(), are_good)


def beside_sets(image: Image, encoder: Encoder, projects: Sequence[Project]) -> tuple[list[BesideSet], int]:
    """Return those of the projects of which the encoder has seen images, and how many farther ones were left out.

    The set with the nearest image comes first; at most `SETS_SHOWN` are returned.
    """
    vector = vector_of_image(encoder, image)
    if vector is None:
        return [], 0
    found = []
    for project in projects:
        if n_there := count_searchable(project, encoder, Modality.IMAGE):
            near = near_ids(
                project=project, encoder=encoder, modality=Modality.IMAGE, vector=vector, n_there=n_there,
                most=IMAGES_OF_A_SET,
            )  # fmt: skip
            found.append((project, n_there, near))
    found.sort(key=lambda one: (-max((cosine for _row, cosine in one[2]), default=-1.0), one[0].name))
    shown = [BesideSet(project, n, _beside(image, near)) for project, n, near in found[:SETS_SHOWN]]
    return shown, len(found) - len(shown)


def _beside(image: Image, near: Sequence[tuple[int, float]]) -> list[BesideImage]:
    return [
        BesideImage(one.image, one.cosine, one.image.file_id == image.file_id, described(one.image))
        for one in found_images(near)
    ]


def beside_corpora(image: Image) -> list[BesideCorpus]:
    """Return of each corpus the captions of its nearest image that came into the pool of this one, by source."""
    pool = Caption.objects.filter(image=image, neighbour_similarity__isnull=False).order_by("pk")
    by_source: dict[tuple[str, str], list[Caption]] = {}
    for caption in pool:
        by_source.setdefault((caption.source, caption.neighbour_encoder), []).append(caption)
    found = []
    for (source, encoder), captions in sorted(by_source.items()):
        nearest = max(caption.neighbour_similarity or -1.0 for caption in captions)
        own = [caption for caption in captions if caption.neighbour_similarity == nearest]
        found.append(BesideCorpus(source, encoder, nearest, own[:CAPTIONS_OF_AN_IMAGE]))
    return found
