"""Which pairs of a project a study could show: difficulty of the latest vote, a named model's similarity, votes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from annotation.models import CaptionVersion, Difficulty, DifficultyRun, Encoder, Similarity, VersionState
from annotation.progress.verdicts import Verdict, versions_in_pool, with_verdict
from projects.models import Project
from studies.design.choosing import (
    Candidate,
    DesignError,
    MatchedChoice,
    PairChoice,
    choose_controls,
    choose_distractors,
    choose_pairs,
    is_confirmed_bad,
    is_positive_control,
)
from studies.design.choosing_paraphrases import ParaphraseChoice
from studies.models import Study


@dataclass(frozen=True)
class DraftChoice:
    """What a study would show, and in words what keeps it from being launched.

    `pairs` come hardest first; ids are those of caption versions. Parts that cannot be chosen are empty.
    `originals` are what paraphrases are shown beside.
    """

    pairs: tuple[int, ...]
    distractors: tuple[int, ...]
    controls: tuple[int, ...]
    candidates: Mapping[int, Candidate]
    pair_choice: PairChoice | None
    distractor_choice: MatchedChoice | None
    control_choice: MatchedChoice | None
    problems: tuple[str, ...]
    originals: Mapping[int, int] = field(default_factory=dict)
    paraphrase_choice: ParaphraseChoice | None = None


@dataclass(frozen=True)
class Available:
    """How many pairs could be shown: targets by difficulty, captions known to be bad, easy pairs known to be good."""

    by_difficulty: Mapping[str, int]
    distractors: int
    controls: int


def latest_run(project: Project) -> DifficultyRun | None:
    """Return the project's latest vote on difficulty."""
    return DifficultyRun.objects.filter(project=project).order_by("-pk").first()


def encoders_of(project: Project) -> QuerySet[Encoder]:
    """Return the models whose similarities the project has."""
    return Encoder.objects.filter(
        Exists(Similarity.objects.filter(project=project, encoder=OuterRef("pk")))
    ).order_by("name", "-pk")


def candidates_of(project: Project, encoder: Encoder | None) -> list[Candidate]:
    """Return every judged version of the pool with what a choice needs to know of it.

    Only good versions carry a difficulty: only they can be targets or positive controls.
    """
    versions = with_verdict(versions_in_pool(project)).exclude(
        Q(verdict__in=[Verdict.NOT_JUDGED, Verdict.NOT_RELEASABLE])
    )
    level = Difficulty.objects.filter(run=latest_run(project), version=OuterRef("pk")).values("level")[:1]
    cosine = Similarity.objects.filter(encoder=encoder, version=OuterRef("pk")).values("cosine")[:1]
    rows = (
        versions.annotate(level=Subquery(level), cosine=Subquery(cosine), source=F("caption__source"))
        .filter(Q(level__isnull=False) | Q(n_bad__gt=0) | Q(adjudicated="bad"))
        .order_by("pk")
    )
    return [_candidate(row) for row in rows]


def _candidate(row: CaptionVersion) -> Candidate:
    found = vars(row)
    return Candidate(
        pair=row.pk,
        image=row.image_id,
        words=len(row.text.split()),
        difficulty=(found["level"] or "") if found["verdict"] == Verdict.GOOD else "",
        similarity=found["cosine"],
        source=found["source"],
        was_shown=found["n_judgments"] > 0 or row.state == VersionState.ACCEPTED,
        good_votes=found["n_good"],
        bad_votes=found["n_bad"],
        # Good after an edit says neither that the version itself is good nor that it is bad.
        unsure_votes=found["n_unsure"] + found["n_edited"],
        confirmed_bad=found["adjudicated"] == "bad",
    )


def available_pairs(candidates: Sequence[Candidate]) -> Available:
    """Count what could be shown; a distractor or a control is counted once for each image."""
    usable = Counter(pair.difficulty for pair in candidates if pair.similarity is not None and pair.was_shown)
    return Available(
        by_difficulty={level: usable[level] for level in ("hard", "medium", "easy")},
        distractors=len({pair.image for pair in candidates if is_confirmed_bad(pair)}),
        controls=len({pair.image for pair in candidates if is_positive_control(pair)}),
    )


def quotas_of(study: Study) -> dict[str, int]:
    """Return how many pairs of each difficulty the study asks for."""
    asked = {"hard": study.hard_pairs, "medium": study.medium_pairs, "easy": study.easy_pairs}
    return {level: count for level, count in asked.items() if count}


def fit_choice(study: Study) -> DraftChoice:
    """Choose which images and captions the study would show now; the same seed and data give the same choice."""
    candidates = candidates_of(study.project, study.encoder)
    known = {pair.pair: pair for pair in candidates}
    problems: list[str] = []
    pairs: PairChoice | None = None
    distractors: MatchedChoice | None = None
    controls: MatchedChoice | None = None
    if latest_run(study.project) is None:
        problems.append(_("No difficulty has been voted yet; a study chooses its pairs by difficulty."))
    elif study.encoder is None:
        problems.append(_("No model is chosen by whose similarity the pairs are ranked."))
    else:
        try:
            pairs = choose_pairs(candidates, seed=study.seed, quotas=quotas_of(study))
        except DesignError as error:
            problems.append(str(error))
    if pairs is not None:
        shown = [known[pair] for pair in pairs.pairs]
        distractors = _chosen(
            choose_distractors, candidates, shown, study.distractors_in_study, study.seed, problems
        )
        controls = _chosen(choose_controls, candidates, shown, study.controls_in_study, study.seed, problems)
    return DraftChoice(
        pairs=pairs.pairs if pairs else (),
        distractors=distractors.pairs if distractors else (),
        controls=controls.pairs if controls else (),
        candidates=known,
        pair_choice=pairs,
        distractor_choice=distractors,
        control_choice=controls,
        problems=tuple(problems),
    )


class _Choose(Protocol):
    def __call__(
        self, candidates: Sequence[Candidate], *, study_pairs: Sequence[Candidate], count: int, seed: int
    ) -> MatchedChoice: ...


def _chosen(
    choose: _Choose,
    candidates: list[Candidate],
    shown: list[Candidate],
    count: int,
    seed: int,
    problems: list[str],
) -> MatchedChoice | None:
    if not count:
        return None
    try:
        return choose(candidates, study_pairs=shown, count=count, seed=seed)
    except DesignError as error:
        problems.append(str(error))
        return None
