"""Embeddings by themselves: what may be asked for, and what of a project each encoder has embedded."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.job_parameters import encoder_names, known_only, refused
from annotation.machine.sampling.choosing import SAMPLED_STATES
from annotation.models import CaptionVersion, Embedding, Image
from annotation.models.machine import Modality
from annotation.progress.verdicts import versions_in_pool
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

EMBED_IMAGES, EMBED_CAPTIONS = "embed_images", "embed_captions"
# How the names of encoders begin that know texts only (as in the model workers).
OF_TEXTS_ALONE = "sentence:"


def completed_embed_images(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of embedding images: `encoders`, those of images alone among them. Raises Invalid."""
    known_only(parameters, "encoders")
    names = encoder_names(parameters, need_texts=False)
    for name in names:
        if name.startswith(OF_TEXTS_ALONE):
            raise refused(
                _("%(name)s knows texts only: name an encoder of images, such as shipped:lite2.")
                % {"name": name}
            )
    return {"encoders": names}


def completed_embed_captions(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of embedding captions: `encoders` that know texts. Raises Invalid."""
    known_only(parameters, "encoders")
    return {"encoders": encoder_names(parameters)}


def ask_for_embeddings(
    *, kind: str, project: Project, actor: User | None, encoders: Sequence[str] = ()
) -> Job:
    """Embed the images or the captions of a project as far as they are not, `kind` saying which. Raises Invalid."""
    if kind not in (EMBED_IMAGES, EMBED_CAPTIONS):
        raise Invalid("job_kind_unknown", _("Images or captions can be embedded."))
    return enqueue(kind=kind, project=project, parameters={"encoders": list(encoders)}, asked_by=actor)


def count_embedded(encoder_id: int, modality: str, items: Sequence[int]) -> int:
    """Return how many different pictures of these images, or texts of these versions, an encoder has embedded."""
    contents: QuerySet[Any, Any]
    if modality == Modality.IMAGE:
        contents = Image.objects.filter(pk__in=items).values("file__sha256")
    else:
        contents = CaptionVersion.objects.filter(pk__in=items).values("content_hash")
    rows = Embedding.objects.filter(encoder_id=encoder_id, modality=modality, content_hash__in=contents)
    return rows.count()


def one_of_each_picture(images: Sequence[int]) -> list[int]:
    """Return the first of these images for each different file, in the order given."""
    files = dict(Image.objects.filter(pk__in=images).values_list("pk", "file"))
    first: dict[int, int] = {}
    for image in images:
        first.setdefault(files[image], image)
    return list(first.values())


@dataclass(frozen=True, slots=True)
class EmbeddedCounts:
    """How many different pictures and texts a project has, and how many of them each encoder has embedded."""

    n_pictures: int
    n_texts: int
    pictures: Mapping[int, int]
    texts: Mapping[int, int]


def embedded_counts(project: Project) -> EmbeddedCounts:
    """Count the pictures that were not taken out and the texts in circulation, by the encoder's row."""
    pictures = Image.objects.filter(project=project, state__in=SAMPLED_STATES).order_by()
    contents = pictures.values("file__sha256").distinct()
    texts = versions_in_pool(project).order_by().values("content_hash").distinct()
    return EmbeddedCounts(
        n_pictures=contents.count(),
        n_texts=texts.count(),
        pictures=_by_encoder(Modality.IMAGE, contents),
        texts=_by_encoder(Modality.TEXT, texts),
    )


def _by_encoder(modality: Modality, contents: Any) -> dict[int, int]:
    rows = Embedding.objects.filter(modality=modality, content_hash__in=contents).order_by()
    return dict(rows.values_list("encoder").annotate(n=Count("pk")))


def pairs_sha256(versions: Sequence[int]) -> str:
    """Return the hash of the contents of pairs in any order: a line for each, picture and text by their hashes.

    The same pictures with the same texts have it in any project and any installation.
    """
    rows = CaptionVersion.objects.filter(pk__in=versions).values_list("image__file__sha256", "content_hash")
    lines = sorted(f"{picture} {text}\n" for picture, text in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
