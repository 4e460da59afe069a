"""The difficulty job on a real model worker: votes of random models; the mechanics count here, not the numbers."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from django.test import Client

from annotation.machine.ml_requests import ask_for_difficulty, ask_for_similarities, default_cut_points
from annotation.models import CaptionVersion, Difficulty, DifficultyRun, DifficultyVote, Similarity
from ml_workers.difficulty import default_rule
from polyannot.kernel.errors import Invalid
from projects.models import Role
from projects.models.jobs import JobState
from tests.factories import add_member
from tests.live import LiveProgram
from tests.ml_workers.working import a_pool, ended, find_good, set_threshold
from tests.tiny_clip import tiny_clip

pytestmark = [pytest.mark.models, pytest.mark.django_db(transaction=True)]


def test_every_good_version_gets_the_votes_of_all_models_and_their_class(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(4, 5)
    versions = list(CaptionVersion.objects.filter(project=project).order_by("pk"))
    find_good(versions[:12])
    names = [tiny_clip(tmp_path / str(seed), seed) for seed in (1, 2, 3)]
    parameters = {"encoders": names}

    refused = ended(ask_for_difficulty(project=project, actor=None, parameters=parameters))
    assert refused.state == JobState.FAILED
    assert f"There is no threshold for {names[0]} yet" in refused.error

    ended(ask_for_similarities(project=project, actor=None, encoders=names))
    for name in names:
        cosines = sorted(Similarity.objects.filter(encoder__name=name).values_list("cosine", flat=True))
        set_threshold(name, cosines[8])

    job = ended(ask_for_difficulty(project=project, actor=None, parameters=parameters))
    assert (job.state, job.error) == (JobState.DONE, "")
    run = DifficultyRun.objects.get(job=job)
    assert (run.easy_min_votes, run.hard_max_votes) == (3, 0)
    assert DifficultyVote.objects.filter(run=run).count() == 3 * 12
    decided = Difficulty.objects.filter(run=run)
    assert {row.version_id for row in decided} == {version.pk for version in versions[:12]}
    for row in decided:
        votes = DifficultyVote.objects.filter(run=run, version=row.version).select_related("threshold")
        assert all(vote.is_yes == (vote.cosine >= vote.threshold.cosine) for vote in votes)
        assert row.yes_votes == sum(vote.is_yes for vote in votes)
        assert row.level == {3: "easy", 0: "hard"}.get(row.yes_votes, "medium")
    assert sum(job.result["levels"].values()) == 12

    other = ended(
        ask_for_difficulty(project=project, actor=None, parameters={**parameters, "easy_min_votes": 2})
    )
    assert other.state == JobState.DONE
    assert DifficultyRun.objects.filter(project=project).count() == 2, "another rule keeps both results"
    assert Difficulty.objects.filter(run=run).count() == 12


def test_all_captions_of_a_reference_set_are_voted_on_and_its_hard_pairs_are_shown(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(3, 4)
    names = [tiny_clip(tmp_path / str(seed), seed) for seed in (1, 2)]
    ended(ask_for_similarities(project=project, actor=None, encoders=names))
    for name in names:
        set_threshold(name, 2.0)
    parameters = {"encoders": names, "captions": "all"}
    job = ended(ask_for_difficulty(project=project, actor=None, parameters=parameters))
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.result["levels"]["hard"] == 12
    client = Client()
    client.force_login(add_member(project, Role.RESEARCHER))
    shown = client.get(f"/p/{project.slug}/difficulty/").content.decode()
    assert "A reference set: all its captions were voted on" in shown
    assert "12 of 12" in shown
    assert shown.count('class="pair"') == 12
    find_good(list(CaptionVersion.objects.filter(project=project)[:1]))
    with pytest.raises(Invalid, match="Captions of this project were judged"):
        ask_for_difficulty(project=project, actor=None, parameters=parameters)


def test_the_tie_breaker_votes_where_the_others_disagree(
    live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = a_pool(4, 5)
    find_good(list(CaptionVersion.objects.filter(project=project)))
    names = [tiny_clip(tmp_path / str(seed), seed) for seed in (1, 2, 3)]
    ended(ask_for_similarities(project=project, actor=None, encoders=names))
    for name in names:
        cosines = sorted(Similarity.objects.filter(encoder__name=name).values_list("cosine", flat=True))
        set_threshold(name, cosines[10])
    job = ended(
        ask_for_difficulty(
            project=project, actor=None, parameters={"encoders": names[:2], "tie_breaker": names[2]}
        )
    )
    assert (job.state, job.error) == (JobState.DONE, "")
    for row in Difficulty.objects.filter(run__job=job):
        votes = DifficultyVote.objects.filter(run__job=job, version=row.version)
        first = [vote.is_yes for vote in votes.filter(is_tie_breaker=False)]
        assert votes.filter(is_tie_breaker=True).count() == (first[0] != first[1])
        assert row.n_votes == votes.count()


def test_the_cut_points_that_the_web_fills_in_are_those_of_the_rule() -> None:
    for voters in range(1, 31):
        for has_tie_breaker in (False, True):
            if has_tie_breaker and voters == 1:
                continue
            rule = default_rule(voters, tie_breaker=has_tie_breaker)
            assert default_cut_points(voters, has_tie_breaker=has_tie_breaker) == (
                rule.easy_min_votes,
                rule.hard_max_votes,
            )
