"""Writing the new versions of a find-and-fix; running twice over the same captions changes them once."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.captions.editing import checked_text, content_hash
from annotation.captions.fixing_text import TextFix
from annotation.models import (
    Caption,
    CaptionFix,
    CaptionVersion,
    FixItem,
    FixOutcome,
    FixReason,
    VersionState,
)
from polyannot.kernel.errors import Invalid

GONE = (VersionState.REJECTED, VersionState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the captions to change: the standing version and all texts of each, and those out."""

    standing: dict[int, int]
    texts: dict[int, set[str]]
    out: set[int]


def change_captions(*, fix: CaptionFix, version_ids: Sequence[int]) -> int:
    """Make a child of each of these versions, or note why not; return how many were made.

    Call it inside a transaction. Versions that the fix has treated before are passed over.
    """
    treated = set(
        FixItem.objects.filter(fix=fix, version__in=version_ids).values_list("version_id", flat=True)
    )
    versions = [
        version
        for version in CaptionVersion.objects.filter(pk__in=version_ids, project_id=fix.project_id)
        .select_related("parent")
        .order_by("caption_id")
        if version.pk not in treated
    ]
    known = _known([version.caption_id for version in versions])
    rule = TextFix(fix.pattern, fix.replacement, fix.is_whole_word, fix.is_case_sensitive)
    made: list[tuple[CaptionVersion, CaptionVersion]] = []
    items: list[FixItem] = []
    for version in versions:
        text, reason = _text_or_reason(version, rule, known)
        if reason:
            items.append(
                FixItem(
                    project_id=fix.project_id,
                    fix=fix,
                    version=version,
                    outcome=FixOutcome.SKIPPED,
                    reason=reason,
                )
            )
        else:
            made.append((version, _child(fix, version, text)))
    CaptionVersion.objects.bulk_create([child for _version, child in made], batch_size=2000)
    items += [
        FixItem(project_id=fix.project_id, fix=fix, version=version, made=child, outcome=FixOutcome.CHANGED)
        for version, child in made
    ]
    FixItem.objects.bulk_create(items, batch_size=2000)
    return len(made)


def _known(caption_ids: Sequence[int]) -> _Known:
    """Lock the captions, so that nothing else changes their text meanwhile, and read what is there."""
    captions = Caption.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=caption_ids)
    out = {pk for pk, dropped in captions.order_by("pk").values_list("pk", "drop_reason") if dropped}
    versions = CaptionVersion.objects.filter(caption__in=caption_ids)
    texts: dict[int, set[str]] = {}
    for caption_id, text in versions.exclude(state__in=GONE).values_list("caption_id", "text"):
        texts.setdefault(caption_id, set()).add(text)
    return _Known(dict(versions.current().values_list("caption_id", "pk")), texts, out)


def _text_or_reason(version: CaptionVersion, rule: TextFix, known: _Known) -> tuple[str, str]:
    """Return the new text and no reason, or no text and the reason."""
    if version.caption_id in known.out:
        return "", FixReason.OUT
    if known.standing.get(version.caption_id) != version.pk:
        return "", FixReason.MOVED_ON
    text = rule.applied(version.text)
    if text != version.text and text in known.texts[version.caption_id]:
        return "", FixReason.TEXT_EXISTS
    try:
        return checked_text(parent=version, text=text), ""
    except Invalid as refused:
        return "", refused.code


def _child(fix: CaptionFix, version: CaptionVersion, text: str) -> CaptionVersion:
    return CaptionVersion(
        project_id=fix.project_id,
        image_id=version.image_id,
        caption_id=version.caption_id,
        parent=version,
        text=text,
        content_hash=content_hash(text),
        kinds=fix.kinds,
        state=VersionState.ACCEPTED if fix.accepts else VersionState.PROPOSED,
        author_id=fix.made_by_id,
    )
