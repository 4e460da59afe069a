"""How many images and captions reached each stage from import to release, and why the others did not."""

from collections import Counter, defaultdict
from typing import Any

from django.db.models import F, Q

from annotation.models import DropReason, Image, ImageState, Judgment
from annotation.progress.verdicts import versions_in_pool, with_verdict
from projects.models import Project

Stage = dict[str, Any]
IMAGES, CAPTIONS = "images", "captions"
BY_CLEANING = (DropReason.CLEANED, DropReason.LEAKAGE)
OUT_OF_WORK = {
    ImageState.RESERVE: "reserve",
    ImageState.SET_ASIDE: "set aside",
    ImageState.RETIRED: "taken out",
}
DROPPED = {
    DropReason.REPORTED: "reported, not decided",
    DropReason.CLEANED: "dropped by cleaning",
    DropReason.LEAKAGE: "of a picture that the project has itself",
    DropReason.TOO_GENERIC: "too generic",
    DropReason.TAKEN_DOWN: "taken down",
}


def read_flow(project: Project, *, n_images: int, n_captions: int) -> list[Stage]:
    """Return the stages in order: what is left of the stage before, and in `left_out` what became of the rest.

    `n_images` and `n_captions` are those of the release.
    """
    return [*_images(project, n_images), *_captions(project, n_captions)]


def _stage(of: str, step: str, n: int, **left_out: int) -> Stage:
    told = [{"why": why.replace("_", " "), "n": count} for why, count in left_out.items() if count]
    return {"of": of, "step": step, "n": n, "left_out": told}


def _images(project: Project, n_released: int) -> list[Stage]:
    by_state = Counter(Image.objects.filter(project=project).values_list("state", flat=True))
    active = by_state[ImageState.ACTIVE]
    return [
        _stage(IMAGES, "images imported", by_state.total()),
        _stage(
            IMAGES,
            "images in the work",
            active,
            **{words: by_state[state] for state, words in OUT_OF_WORK.items()},
        ),
        _stage(
            IMAGES,
            "images released",
            n_released,
            **{"without enough good captions, or not chosen yet": active - n_released},
        ),
    ]


def _captions(project: Project, n_released: int) -> list[Stage]:
    dropped = Counter(project.captions.values_list("drop_reason", flat=True))
    n_all, n_circulating = dropped.total(), dropped.pop(DropReason.NONE, 0)
    verdicts = _verdicts(project)
    judged = set(Judgment.objects.filter(project=project).current().values_list("caption", flat=True))
    versions = {
        pk
        for ids in project.assignments.filter(is_gold=False).values_list("version_ids", flat=True)
        for pk in ids
    }
    pool = dict(versions_in_pool(project).values_list("pk", "caption"))
    captions = set(pool.values())
    judged &= captions
    shown = judged | {pool[pk] for pk in versions if pk in pool}
    good = {caption for caption in judged if "good" in verdicts[caption]}
    bad = {caption for caption in judged - good if verdicts[caption] == {"bad"}}
    cleaned = {DROPPED[reason]: dropped.pop(reason, 0) for reason in BY_CLEANING}
    n_clean = n_all - sum(cleaned.values())
    reasons = {DROPPED[DropReason(reason)]: n for reason, n in sorted(dropped.items())}
    reasons["of images that are not in the work"] = n_circulating - len(captions)
    return [
        _stage(CAPTIONS, "captions imported", n_all),
        _stage(CAPTIONS, "captions after cleaning", n_clean, **cleaned),
        _stage(CAPTIONS, "captions in the pool", len(captions), **reasons),
        _stage(CAPTIONS, "captions shown", len(shown), not_shown=len(captions) - len(shown)),
        _stage(CAPTIONS, "captions judged", len(judged), **{"shown, not judged": len(shown) - len(judged)}),
        _stage(
            CAPTIONS,
            "captions found good",
            len(good),
            found_bad=len(bad),
            undecided=len(judged) - len(good) - len(bad),
        ),
        _stage(
            CAPTIONS,
            "captions released",
            n_released,
            **{"good, not among the chosen": max(len(good) - n_released, 0)},
        ),
    ]


def _verdicts(project: Project) -> dict[int, set[str]]:
    """Return the verdicts over the versions of each caption that people judged or accepted."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = with_verdict(versions_in_pool(project)).filter(Q(n_judgments__gt=0) | Q(state="accepted"))
    for row in rows.values("caption", verdict_now=F("verdict")):
        found[row["caption"]].add(row["verdict_now"])
    return found
