"""What changed texts left behind: similarities, votes, choices and labels that speak of another text.

Everything is found by query when the page is opened; nothing is counted ahead. The rules are explained in
docs/algorithms/editing.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotation.machine.ml_requests import ask_for_difficulty, ask_for_diversity, ask_for_similarities
from annotation.models import (
    Caption,
    CaptionChoice,
    CaptionVersion,
    Difficulty,
    DifficultyRun,
    Encoder,
    ImageChoice,
    Judgment,
    Similarity,
    VersionState,
)
from annotation.models.captions import CaptionVersionQuerySet
from annotation.progress.tallying import settle_tallies
from annotation.progress.verdicts import Verdict, versions_in_pool
from polyannot.kernel.errors import Invalid
from projects.models import Job, Project


class StaleKind(models.TextChoices):
    """What can be out of date."""

    SIMILARITIES = "similarities", gettext_lazy("Similarities")
    DIFFICULTY = "difficulty", gettext_lazy("Difficulty")
    CHOICES = "choices", gettext_lazy("Diverse captions")
    LABELS = "labels", gettext_lazy("Labels")


@dataclass(frozen=True, slots=True)
class Stale:
    """One kind: the captions concerned, and what is to be done about them."""

    kind: StaleKind
    what: str | Promise
    captions: QuerySet[Caption]


def stale_kinds(project: Project) -> list[Stale]:
    """Return every kind with the captions that are out of date under it; kinds that were never computed have none."""
    settle_tallies(project)
    return [stale_of(project, kind) for kind in StaleKind]


def stale_of(project: Project, kind: StaleKind) -> Stale:
    """Return one kind."""
    what, found = KINDS[kind]
    return Stale(kind, what, Caption.objects.filter(pk__in=found(project)).order_by("pk"))


def _without_similarity(project: Project) -> QuerySet[Any]:
    """Return the captions whose standing text lacks a cosine under an encoder that the project uses."""
    encoders = _encoders(project)
    seen = Similarity.objects.filter(version=OuterRef("pk"), encoder__in=encoders).order_by()
    counted = seen.values("version").annotate(n=Count("pk")).values("n")
    standing = _standing(project)
    if not encoders:
        return standing.none().values("caption")
    return (
        standing.annotate(n_seen=Coalesce(Subquery(counted, output_field=IntegerField()), 0))
        .filter(n_seen__lt=len(encoders))
        .values("caption")
    )


def _standing(project: Project) -> CaptionVersionQuerySet:
    """Return the texts that stand, of captions in circulation and images in work."""
    texts = CaptionVersion.objects.filter(project=project, caption__drop_reason="", image__state="active")
    return texts.current()


def _encoders(project: Project) -> list[int]:
    used = Similarity.objects.filter(project=project, encoder=OuterRef("pk"))
    return list(Encoder.objects.filter(Exists(used)).values_list("pk", flat=True))


def _last_run(project: Project) -> DifficultyRun | None:
    return (
        DifficultyRun.objects.filter(project=project).select_related("job", "project").order_by("-pk").first()
    )


def _not_voted(project: Project) -> QuerySet[Any]:
    """Return the captions whose good text the last vote did not see, or whose voted text is not good any more."""
    run = _last_run(project)
    if run is None:
        return Caption.objects.none().values("pk")
    voted = Difficulty.objects.filter(run=run)
    good = _good(project)
    unseen = good.exclude(pk__in=voted.values("version"))
    gone = voted.exclude(version__in=good.values("pk"))
    concerned = CaptionVersion.objects.filter(
        Q(pk__in=unseen.values("pk")) | Q(pk__in=gone.values("version"))
    )
    return concerned.values("caption")


def _good(project: Project) -> QuerySet[CaptionVersion]:
    """Return the texts that may be released, by the stored tallies."""
    return versions_in_pool(project).filter(tally__verdict=Verdict.GOOD)


def _chosen_otherwise(project: Project) -> QuerySet[Any]:
    """Return the chosen captions of images whose choice holds a text that is not good, or saw other good captions."""
    good = _good(project)
    chosen = CaptionChoice.objects.filter(choice__project=project, choice__is_current=True)
    lost = chosen.exclude(version__in=good.values("pk")).values("choice")
    counted = (
        good.filter(image=OuterRef("image"))
        .order_by()
        .values("image")
        .annotate(n=Count("caption", distinct=True))
        .values("n")
    )
    current = ImageChoice.objects.filter(project=project, is_current=True, image__state="active").annotate(
        n_now=Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    )
    stale = current.filter(Q(pk__in=lost) | ~Q(n_now=F("n_good")))
    return CaptionVersion.objects.filter(choices__choice__in=stale.values("pk")).values("caption")


def _of_an_earlier_text(project: Project) -> QuerySet[Any]:
    """Return the captions whose labels speak of another text than the one that stands."""
    labels = Judgment.objects.current()
    on_it = labels.filter(version=OuterRef("pk"))
    before = labels.filter(caption=OuterRef("caption"))
    standing = _standing(project).filter(state=VersionState.ACCEPTED)
    return standing.filter(Exists(before), ~Exists(on_it)).values("caption")


KINDS: dict[StaleKind, tuple[str | Promise, Callable[[Project], QuerySet[Any]]]] = {
    StaleKind.SIMILARITIES: (
        gettext_lazy("The text that stands has no cosine under every encoder that is used here."),
        _without_similarity,
    ),
    StaleKind.DIFFICULTY: (
        gettext_lazy("The last vote did not see the good text that stands, or saw one that is good no more."),
        _not_voted,
    ),
    StaleKind.CHOICES: (
        gettext_lazy(
            "The choice of their image holds a text that is good no more, or saw other good captions."
        ),
        _chosen_otherwise,
    ),
    StaleKind.LABELS: (
        gettext_lazy("The labels speak of an earlier text; of the one that stands, nobody has judged any."),
        _of_an_earlier_text,
    ),
}


def recompute(*, project: Project, actor: User, kind: str) -> Job:
    """Ask for what is out of date as it was computed last: the same encoders, cut points and method.

    Raises Invalid for labels, which people give, and for what was never computed.
    """
    if kind == StaleKind.SIMILARITIES and (encoders := _encoders(project)):
        names = Encoder.objects.filter(pk__in=encoders).order_by("name").values_list("name", flat=True)
        return ask_for_similarities(project=project, actor=actor, encoders=list(dict.fromkeys(names)))
    if kind == StaleKind.DIFFICULTY and (run := _last_run(project)) is not None:
        return ask_for_difficulty(project=project, actor=actor, parameters=run.job.parameters)
    if kind == StaleKind.CHOICES:
        last = ImageChoice.objects.filter(project=project, is_current=True).select_related("job").first()
        if last is not None:
            return ask_for_diversity(
                project=project, actor=actor, parameters=last.job.parameters, seed=last.seed
            )
    raise Invalid("nothing_to_recompute", _("This was never computed here; begin on its own page."))
