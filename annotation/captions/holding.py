"""What keeps a caption where it is: people work with it, or somebody has said that it stays."""

from collections.abc import Sequence

from annotation.models import (
    Adjudication,
    Assignment,
    Caption,
    CaptionVersion,
    CleaningHold,
    CleaningItem,
    Judgment,
    VersionState,
)

# What names a version from elsewhere: relations of CaptionVersion.
NAMED_BY = (
    "known_answers",
    "questions",
    "precedents",
    "genericness_checks",
    "study_pairs",
    "released_in",
)


def holds_of(captions: Sequence[int]) -> dict[int, CleaningHold]:
    """Return why each of these captions must not be changed by a machine; those that are free are not in it.

    Call it inside the transaction that writes, with the open slots of the images locked: then nobody is given one of
    them meanwhile.
    """
    found: dict[int, CleaningHold] = {}
    # The weightiest reason comes last and stays.
    for hold, held in (
        (CleaningHold.OUT, _out(captions)),
        (CleaningHold.TAKEN_BACK, _taken_back(captions)),
        (CleaningHold.NAMED, _named(captions)),
        (CleaningHold.EDITED, _edited(captions)),
        (CleaningHold.GIVEN, _given(captions)),
        (CleaningHold.JUDGED, _judged(captions)),
    ):
        found |= dict.fromkeys(held, hold)
    return found


def _taken_back(captions: Sequence[int]) -> set[int]:
    items = CleaningItem.objects.filter(caption__in=captions, undone_by__isnull=False)
    return set(items.values_list("caption_id", flat=True))


def _named(captions: Sequence[int]) -> set[int]:
    named = set(Caption.objects.filter(paraphrase_of__in=captions).values_list("paraphrase_of_id", flat=True))
    for relation in NAMED_BY:
        versions = CaptionVersion.objects.filter(caption__in=captions, **{f"{relation}__isnull": False})
        named.update(versions.order_by().values_list("caption_id", flat=True))
    return {caption for caption in named if caption is not None}


def _edited(captions: Sequence[int]) -> set[int]:
    states = [VersionState.PROPOSED, VersionState.ACCEPTED]
    edits = CaptionVersion.objects.filter(caption__in=captions, state__in=states)
    return set(edits.values_list("caption_id", flat=True))


def _given(captions: Sequence[int]) -> set[int]:
    images = Caption.objects.filter(pk__in=captions).order_by().values("image")
    given: set[int] = set()
    for shown, chosen in Assignment.objects.filter(image__in=images).values_list("version_ids", "chosen_ids"):
        given.update(shown, chosen or ())
    versions = CaptionVersion.objects.filter(caption__in=captions).values_list("pk", "caption_id")
    return {caption for version, caption in versions if version in given}


def _judged(captions: Sequence[int]) -> set[int]:
    judged = set(Judgment.objects.filter(caption__in=captions).values_list("caption_id", flat=True))
    finals = Adjudication.objects.filter(version__caption__in=captions)
    return judged | set(finals.values_list("version__caption_id", flat=True))


def _out(captions: Sequence[int]) -> set[int]:
    out = Caption.objects.filter(pk__in=captions).exclude(drop_reason="")
    return set(out.values_list("pk", flat=True))
