"""What is missing or doubtful before a release: counted, explained, linked; a person decides, nothing is dropped."""

from collections.abc import Callable, Iterator

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import (
    Caption,
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
from releases.doubts import gone, out_of_date, personal_data
from releases.extra_doubts import extras_asked_for
from releases.extras import NOTHING_EXTRA, Extras
from releases.findings import Finding, chosen


def _of(rows: QuerySet[CaptionChoice]) -> QuerySet[Caption]:
    return Caption.objects.filter(pk__in=rows.values("version__caption"))


def preflight(project: Project, extras: Extras = NOTHING_EXTRA) -> list[Finding]:
    """Return the findings, blocking ones first, those on `extras` before the others; stored tallies are read as they
    are.
    """
    found = list(extras_asked_for(project, extras))
    found += [finding for check in CHECKS for finding in check(project)]
    return sorted(found, key=lambda finding: not finding.is_blocking)


def _images_without_five(project: Project) -> Iterator[Finding]:
    images = Image.objects.filter(project=project, state=ImageState.ACTIVE)
    complete = ImageChoice.objects.filter(project=project, is_current=True, is_complete=True)
    without = images.exclude(pk__in=complete.values("image"))
    none = without.count()
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
            images=without,
        )


def _choices_gone_stale(project: Project) -> Iterator[Finding]:
    rows = CaptionChoice.objects.filter(chosen(project))
    gone_bad = rows.exclude(version__in=good_versions(project).values("pk"))
    stale = gone_bad.count()
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
            captions=_of(gone_bad),
        )


def _without_four_eyes(project: Project) -> Iterator[Finding]:
    good_by_another = (
        Judgment.objects.current()
        .filter(version=OuterRef("version"), meaning=LabelMeaning.GOOD, edited_version=None, is_gold=False)
        .exclude(annotator=OuterRef("version__author"))
    )
    rows = CaptionChoice.objects.filter(chosen(project), version__state=VersionState.ACCEPTED).filter(
        ~Exists(good_by_another), version__decided_by=None
    )
    alone = rows.count()
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
            captions=_of(rows),
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
    unlicensed = Image.objects.filter(project=project, state=ImageState.ACTIVE, licence="")
    images = unlicensed.count()
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
            images=unlicensed,
        )
    rows = CaptionChoice.objects.filter(chosen(project), version__caption__licence="")
    captions = rows.count()
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
            "captions",
            captions=_of(rows),
        )


def _without_numbers(project: Project) -> Iterator[Finding]:
    rows = CaptionChoice.objects.filter(chosen(project))
    compared = Similarity.objects.filter(project=project).values("version")
    without = rows.exclude(version__in=compared)
    missing = without.count()
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
            captions=_of(without),
        )
    run = project.difficulty_runs.order_by("-pk").first()
    unvoted = rows if run is None else rows.exclude(version__in=run.difficulties.values("version"))
    unrated = unvoted.count()
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
            captions=_of(unvoted),
        )


def _leaked(project: Project) -> Iterator[Finding]:
    standing = Leak.objects.standing().filter(image=OuterRef("pk"))
    leaked = Image.objects.filter(Exists(standing), project=project, state=ImageState.ACTIVE)
    images = leaked.count()
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
            images=leaked,
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
    out_of_date,
    gone,
    personal_data,
    _demo,
)
