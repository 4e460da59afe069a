"""Made-up participants by the real acts, as the demonstration uses them."""

import pytest

from studies.models import Answer, Participant
from studies.results.answers import pair_shares
from studies.results.computing import compute_figures
from studies.taking.playing import play_participants
from tests.study_rows import make_judged_project, make_open_study

pytestmark = pytest.mark.django_db


def test_a_study_played_by_made_up_people_is_marked_so_everywhere() -> None:
    study = make_open_study(make_judged_project(images=7), min_seconds_median=1.0, max_distractors_good=None)
    played = play_participants(study=study, people=30, seed=7)
    assert len(played) == 12
    assert all(person.is_simulated and person.state == "finished" for person in played)
    assert not Participant.objects.filter(is_excluded=True).exists()
    figures = compute_figures(study)
    assert figures["is_simulated"]
    assert figures["everybody"]["table"][0]["fewest"] == 4
    shares = pair_shares(study.project)
    assert {share.n for share in shares} == {4}
    assert all(share.is_simulated for share in shares)


def test_the_same_seed_plays_the_same_answers_and_leavers_leave_half_way() -> None:
    project = make_judged_project(images=7)
    told = []
    for _time in range(2):
        study = make_open_study(project, target_participants=3)
        people = play_participants(study=study, people=3, seed=11, leavers=1)
        assert [person.state for person in people] == ["finished", "finished", "lapsed"]
        rows = Answer.objects.filter(card__study=study).order_by(
            "card__participant__ordinal", "card__position"
        )
        told.append(list(rows.values_list("card__pair__version", "value")))
    assert told[0] == told[1]
    assert len(told[0]) == 7 + 7 + 3
