"""What is missing or doubtful before a release: counted, explained, linked; a person decides, nothing is dropped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import (
    CaptionChoice,
    Image,
    ImageChoice,
    ImageState,
    Judgment,
    LabelMeaning,
    Leak,
    PairReport,
    ReviewItem,
    Similarity,
    VersionState,
)
from annotation.models.reviews import ReportState, ReviewState
from annotation.progress.verdicts import good_versions
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before a release: how many rows it concerns, in words, and the page that shows them."""

    code: str
    count: int
    is_blocking: bool
    text: str
    page: str


def preflight(project: Project) -> list[Finding]:
    """Return the findings that concern at least one row, blocking ones first."""
    found = [finding for check in CHECKS for finding in check(project)]
    return sorted(found, key=lambda finding: not finding.is_blocking)


def _images_without_five(project: Project) -> Iterator[Finding]:
    images = Image.objects.filter(project=project, state=ImageState.ACTIVE)
    complete = ImageChoice.objects.filter(project=project, is_current=True, is_complete=True)
    none = images.exclude(pk__in=complete.values("image")).count()
    if not complete.filter(image__state=ImageState.ACTIVE).exists():
        yield Finding(
            "nothing_chosen",
            0,
            True,
            _("No image has its captions chosen yet: there is nothing to release."),
            "choices",
        )
    if none:
        yield Finding(
            "images_incomplete",
            none,
            False,
            ngettext(
                "%(n)d active image has fewer good captions than the target; it is left out.",
                "%(n)d active images have fewer good captions than the target; they are left out.",
                none,
            )
            % {"n": none},
            "choices",
        )


def _chosen(project: Project) -> Q:
    return Q(choice__project=project, choice__is_current=True, choice__is_complete=True)


def _choices_gone_stale(project: Project) -> Iterator[Finding]:
    chosen = CaptionChoice.objects.filter(_chosen(project))
    stale = chosen.exclude(version__in=good_versions(project).values("pk")).count()
    if stale:
        yield Finding(
            "choice_not_good",
            stale,
            True,
            ngettext(
                "%(n)d chosen caption is no longer good; choose again.",
                "%(n)d chosen captions are no longer good; choose again.",
                stale,
            )
            % {"n": stale},
            "choices",
        )


def _without_four_eyes(project: Project) -> Iterator[Finding]:
    good_by_another = (
        Judgment.objects.current()
        .filter(version=OuterRef("version"), meaning=LabelMeaning.GOOD, edited_version=None, is_gold=False)
        .exclude(annotator=OuterRef("version__author"))
    )
    alone = (
        CaptionChoice.objects.filter(_chosen(project), version__state=VersionState.ACCEPTED)
        .filter(~Exists(good_by_another), version__decided_by=None)
        .count()
    )
    if alone:
        yield Finding(
            "four_eyes",
            alone,
            True,
            ngettext(
                "%(n)d edited caption has been found good by nobody but its own editor.",
                "%(n)d edited captions have been found good by nobody but their own editor.",
                alone,
            )
            % {"n": alone},
            "review-home",
        )


def _returns_open(project: Project) -> Iterator[Finding]:
    count = ReviewItem.objects.filter(
        project=project, state__in=[ReviewState.RETURNED, ReviewState.REVISED]
    ).count()
    if count:
        yield Finding(
            "returns_open",
            count,
            False,
            ngettext(
                "%(n)d returned judgment is still open.", "%(n)d returned judgments are still open.", count
            )
            % {"n": count},
            "review-home",
        )


def _reports_open(project: Project) -> Iterator[Finding]:
    count = PairReport.objects.filter(project=project, state=ReportState.OPEN).count()
    if count:
        yield Finding(
            "reports_open",
            count,
            False,
            ngettext(
                "%(n)d reported pair waits for a decision.",
                "%(n)d reported pairs wait for a decision.",
                count,
            )
            % {"n": count},
            "review-home",
        )


def _without_licence(project: Project) -> Iterator[Finding]:
    images = Image.objects.filter(project=project, state=ImageState.ACTIVE, licence="").count()
    if images:
        yield Finding(
            "image_licence_missing",
            images,
            False,
            ngettext(
                "%(n)d image has no licence; its bytes are not released.",
                "%(n)d images have no licence; their bytes are not released.",
                images,
            )
            % {"n": images},
            "images",
        )
    captions = CaptionChoice.objects.filter(_chosen(project), version__caption__licence="").count()
    if captions:
        yield Finding(
            "caption_terms_missing",
            captions,
            False,
            ngettext(
                "%(n)d chosen caption names no terms of its source.",
                "%(n)d chosen captions name no terms of their source.",
                captions,
            )
            % {"n": captions},
            "images",
        )


def _without_numbers(project: Project) -> Iterator[Finding]:
    chosen = CaptionChoice.objects.filter(_chosen(project))
    compared = Similarity.objects.filter(project=project).values("version")
    missing = chosen.exclude(version__in=compared).count()
    if missing:
        yield Finding(
            "similarity_missing",
            missing,
            False,
            ngettext(
                "%(n)d chosen caption has no similarity yet.",
                "%(n)d chosen captions have no similarity yet.",
                missing,
            )
            % {"n": missing},
            "difficulty",
        )
    run = project.difficulty_runs.order_by("-pk").first()
    unrated = (
        chosen.count()
        if run is None
        else chosen.exclude(version__in=run.difficulties.values("version")).count()
    )
    if unrated:
        yield Finding(
            "difficulty_missing",
            unrated,
            False,
            ngettext(
                "%(n)d chosen caption has no difficulty yet.",
                "%(n)d chosen captions have no difficulty yet.",
                unrated,
            )
            % {"n": unrated},
            "difficulty",
        )


def _leaked(project: Project) -> Iterator[Finding]:
    standing = Leak.objects.standing().filter(image=OuterRef("pk"))
    images = Image.objects.filter(Exists(standing), project=project, state=ImageState.ACTIVE).count()
    if images:
        yield Finding(
            "image_leaked",
            images,
            False,
            ngettext(
                "%(n)d image is in a corpus too: models that were trained on it have seen it.",
                "%(n)d images are in a corpus too: models that were trained on it have seen them.",
                images,
            )
            % {"n": images},
            "pools",
        )


def _demo(project: Project) -> Iterator[Finding]:
    if project.is_demo:
        yield Finding(
            "demo",
            1,
            False,
            _("Part of the work was played by a script; manifest and data set card of the release say so."),
            "project-home",
        )


CHECKS: tuple[Callable[[Project], Iterator[Finding]], ...] = (
    _images_without_five,
    _choices_gone_stale,
    _without_four_eyes,
    _returns_open,
    _reports_open,
    _without_licence,
    _without_numbers,
    _leaked,
    _demo,
)
