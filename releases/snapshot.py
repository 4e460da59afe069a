"""The frozen snapshot: all that a release says, read from the database once.

A build reads nothing else, so the same snapshot gives the same bytes on any machine.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.crypto import salted_hmac

from annotation.models import (
    CaptionVersion,
    DifficultyRun,
    Encoder,
    Image,
    ImageChoice,
    ImageState,
    Similarity,
)
from annotation.progress.verdicts import bad_versions, with_verdict
from projects.models import Project
from releases.asked import read_studies
from releases.concerned import taken_down
from releases.days import day_of
from releases.demographics import read_demographics
from releases.extras import NOTHING_EXTRA, Extras
from releases.figures import figure_data
from releases.flow import read_flow
from releases.judged import (
    SMALLEST_CELL,
    rater_names,
    read_agreement,
    read_free_text,
    read_labels,
    read_ratings,
)
from studies.results.answers import PairShare, pair_shares

FORMAT = "polyannot-snapshot/3"


def read_snapshot(
    project: Project, *, number: str, seed: int, extras: Extras = NOTHING_EXTRA
) -> dict[str, Any]:
    """Return the snapshot as plain values, `extras` where asked for; call it inside a repeatable-read transaction."""
    choices = list(
        ImageChoice.objects.filter(
            project=project, is_current=True, is_complete=True, image__state=ImageState.ACTIVE
        )
        .select_related("image__file", "encoder")
        .prefetch_related("captions")
        .order_by("image__position", "image_id")
    )
    chosen = {row.version_id: row.position for choice in choices for row in choice.captions.all()}
    run = project.difficulty_runs.order_by("-pk").first()
    captions = _captions(project, chosen, run)
    raters = rater_names(project, _rater_shuffler(project, number, seed))
    negatives = _negatives(project, [choice.image_id for choice in choices], random.Random(seed))
    snapshot = {
        "format": FORMAT,
        "number": number,
        "seed": seed,
        "project": {
            "id": str(project.public_id),
            "name": project.name,
            "description": project.description,
            "good_target": project.good_target,
            "is_demo": project.is_demo,
        },
        "earlier_release": _earlier_release(project),
        "tombstones": _tombstones(project),
        "images": [_image(choice, captions, negatives) for choice in choices],
        "difficulty_run": _run(run),
        "encoders": _encoders(project),
        "guidelines": [
            {"number": row.number, "published": day_of(row.published_at), "text": row.text}
            for row in project.guidelines.order_by("number")
        ],
        "labels": read_labels(project),
        "studies": read_studies(project),
        "agreement": read_agreement(project),
        "ratings": read_ratings(project, raters),
        "flow": read_flow(project, n_images=len(choices), n_captions=len(chosen)),
    }
    if extras.free_text:
        snapshot["free_text"] = read_free_text(project, raters)
    if extras.demographics:
        snapshot["demographics"] = read_demographics(project)
    # Frozen like the rest: a build draws these rows and computes nothing.
    return snapshot | {"figures": figure_data(snapshot, smallest_cell=SMALLEST_CELL)}


def _earlier_release(project: Project) -> dict[str, Any] | None:
    """Return number and mark of the release that this one follows, where there is one."""
    built = project.releases.filter(state="built").order_by("-major", "-minor", "-patch").first()
    return {"number": built.number, "canary": str(built.canary)} if built is not None else None


def _tombstones(project: Project) -> list[dict[str, Any]]:
    """Return what earlier releases held and was taken down since: ids, the day, the releases; no text, no reason."""
    return [
        {
            "kind": row.kind,
            "id": str(public_id),
            "key": row.key,
            "day": day_of(row.at),
            "releases": " ".join(release.number for release in row.releases),
        }
        for row in taken_down(project)
        for public_id in row.public_ids
    ]


def _rater_shuffler(project: Project, number: str, seed: int) -> random.Random:
    """Return what shuffles the raters: other in each release, and not to be repeated without this site's secret.

    The seed is published with the release; from it alone anybody could put the raters back in the order of accounts.
    """
    return random.Random(
        salted_hmac("releases.snapshot.raters", f"{project.public_id}:{number}:{seed}").hexdigest()
    )


def _image(
    choice: ImageChoice, captions: dict[int, dict[str, Any]], negatives: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    image: Image = choice.image
    return {
        "id": str(image.public_id),
        "key": image.key,
        "sha256": image.file.sha256,
        "bytes": image.file.size,
        "media_type": image.file.media_type,
        "width": image.width,
        "height": image.height,
        "title": image.title,
        "author": image.author,
        "source": image.source,
        "source_url": image.source_url,
        "licence": image.licence,
        "licence_url": image.licence_url,
        "attribution": image.attribution,
        "may_redistribute": image.may_redistribute and bool(image.licence),
        "choice": {
            "method": choice.method,
            "seed": choice.seed,
            "encoder": choice.encoder.name,
            "n_good": choice.n_good,
            "mean_similarity": choice.mean_similarity,
            "random_mean_similarity": choice.random_mean_similarity,
        },
        "captions": [captions[row.version_id] for row in choice.captions.all()],
        "negative": negatives.get(image.pk),
    }


def _captions(
    project: Project, chosen: dict[int, int], run: DifficultyRun | None
) -> dict[int, dict[str, Any]]:
    versions = with_verdict(CaptionVersion.objects.filter(pk__in=chosen)).select_related("caption", "parent")
    levels = _levels(run, chosen)
    cosines = _cosines(chosen)
    shares: dict[int, list[PairShare]] = defaultdict(list)
    for share in pair_shares(project):
        shares[share.version_id].append(share)
    return {
        version.pk: {
            "id": str(version.public_id),
            "caption_key": version.caption.key,
            "position": chosen[version.pk],
            "text": version.text,
            "imported_text": version.caption.verbatim,
            "is_edited": not version.is_base,
            "edit_kinds": list(version.kinds),
            "is_demo": version.is_demo,
            "provenance": {
                "source": version.caption.source,
                "source_key": version.caption.source_key,
                "source_url": version.caption.source_url,
                "terms": version.caption.licence,
                "imported": day_of(version.caption.imported_at),
            },
            "judgments": {
                name: getattr(version, f"n_{name}")
                for name in ("judgments", "good", "bad", "unsure", "edited")
            },
            "adjudicated": version.adjudicated,  # type: ignore[attr-defined]
            "difficulty": levels.get(version.pk),
            "cosines": cosines[version.pk],
            "human_evaluation": [_told(share) for share in shares[version.pk] if share.n >= SMALLEST_CELL],
            "human_evaluations_withheld": sum(share.n < SMALLEST_CELL for share in shares[version.pk]),
        }
        for version in versions
    }


def _cosines(chosen: Iterable[int]) -> dict[int, dict[str, float]]:
    """Of each version the cosines with its image by encoder."""
    cosines: dict[int, dict[str, float]] = defaultdict(dict)
    rows = Similarity.objects.filter(version__in=chosen).select_related("encoder").order_by("encoder__name")
    for row in rows:
        cosines[row.version_id][row.encoder.name] = round(row.cosine, 6)
    return cosines


def _told(share: PairShare) -> dict[str, Any]:
    """What participants of a study said of a pair."""
    return {
        "study": share.study,
        "n": share.n,
        "n_good": share.n_good,
        "share_good": round(share.n_good / share.n, 6),
        "low": round(share.low, 6),
        "high": round(share.high, 6),
        "is_simulated": share.is_simulated,
    }


def _levels(run: DifficultyRun | None, chosen: dict[int, int]) -> dict[int, dict[str, Any]]:
    if run is None:
        return {}
    votes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for vote in (
        run.votes.filter(version__in=chosen)
        .select_related("threshold__encoder")
        .order_by("threshold__encoder__name")
    ):
        votes[vote.version_id].append(
            {
                "encoder": vote.threshold.encoder.name,
                "weights_sha256": vote.threshold.encoder.weights_hash,
                "cosine": round(vote.cosine, 6),
                "threshold": round(vote.threshold.cosine, 6),
                "is_yes": vote.is_yes,
                "is_tie_breaker": vote.is_tie_breaker,
            }
        )
    return {
        row.version_id: {
            "level": row.level,
            "yes_votes": row.yes_votes,
            "n_votes": row.n_votes,
            "votes": votes[row.version_id],
        }
        for row in run.difficulties.filter(version__in=chosen)
    }


def _negatives(project: Project, image_ids: list[int], chooser: random.Random) -> dict[int, dict[str, Any]]:
    """Return one caption for each image that people found bad for it; never one that was not judged."""
    found: dict[int, list[CaptionVersion]] = defaultdict(list)
    for version in (
        bad_versions(project).filter(image_id__in=image_ids).select_related("caption").order_by("pk")
    ):
        found[version.image_id].append(version)
    picked = {image_id: chooser.choice(found[image_id]) for image_id in image_ids if found[image_id]}
    return {
        image_id: {
            "id": str(version.public_id),
            "caption_key": version.caption.key,
            "text": version.text,
            "source": version.caption.source,
            "n_bad": version.n_bad,  # type: ignore[attr-defined]
            "adjudicated": version.adjudicated,  # type: ignore[attr-defined]
        }
        for image_id, version in picked.items()
    }


def _run(run: DifficultyRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "easy_min_votes": run.easy_min_votes,
        "hard_max_votes": run.hard_max_votes,
        "made": day_of(run.made_at),
        "seed": run.job.seed,
    }


def _encoders(project: Project) -> list[dict[str, Any]]:
    used = Similarity.objects.filter(project=project).values("encoder")
    from_choices = ImageChoice.objects.filter(project=project, is_current=True).values("encoder")
    rows = Encoder.objects.filter(Q(pk__in=used) | Q(pk__in=from_choices))
    return [
        {
            "name": row.name,
            "weights_sha256": row.weights_hash,
            "source": row.source,
            "dimension": row.dimension,
            "preprocessing": row.preprocessing,
            "licence": row.licence,
            "thresholds": [
                {
                    "cosine": round(threshold.cosine, 6),
                    "method": threshold.method,
                    "batch_size": threshold.batch_size,
                    "seed": threshold.seed,
                    "pairs": threshold.pairs,
                    "n_pairs": threshold.n_pairs,
                }
                for threshold in row.thresholds.order_by("pk")
            ],
        }
        for row in rows.order_by("name", "pk")
    ]
