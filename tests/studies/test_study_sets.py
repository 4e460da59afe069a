"""Rows of Table 1: those of the design, those a researcher declares, those added after launch and marked so."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

import studies.tasks  # noqa: F401  the runner of the results
from annotation.models import CaptionVersion
from polyannot.kernel.errors import Conflict, Invalid, Missing
from projects.models import Event
from projects.running import run_job
from studies.design.rows import PairFacts
from studies.design.sets import SetRule, chosen_set, read_list, readings
from studies.drafting.approving import fingerprint_of
from studies.drafting.building import copy_study
from studies.drafting.contents import draft_choice
from studies.drafting.declaring import AskedSet, add_sets, remove_set
from studies.drafting.launching import launch_study
from studies.drafting.tabling import table_sets
from studies.job_kinds import ask_for_results
from studies.models import Deviation, PairSet, Study
from studies.results.computing import compute_figures
from studies.results.exporting import answers_archive
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_study, researcher_of

FACTS = [
    PairFacts(1, "hard", 0.10, "a"),
    PairFacts(2, "hard", 0.20, "b"),
    PairFacts(3, "easy", 0.20, "c"),
    PairFacts(4, "easy", None, "d"),
]


@pytest.mark.parametrize(
    ("rule", "pairs", "told"),
    [
        (SetRule("x", difficulty="hard"), (1, 2), "hard"),
        (SetRule("x", at_least=0.1, below=0.2), (1,), "similarity from 0.1 to below 0.2"),
        (SetRule("x", at_least=0.2), (2, 3), "similarity at least 0.2"),
        (SetRule("x", below=0.3), (1, 2, 3), "similarity below 0.3"),
        (SetRule("x", captions=frozenset("ad")), (1, 4), "2 listed captions"),
        (
            SetRule("x", difficulty="easy", below=0.3, captions=frozenset("c")),
            (3,),
            "easy, similarity below 0.3, 1 listed caption",
        ),
    ],
)
def test_a_set_takes_the_pairs_that_meet_everything_asked(
    rule: SetRule, pairs: tuple[int, ...], told: str
) -> None:
    assert chosen_set(rule, FACTS).pairs == pairs
    assert rule.explain() == told


def test_bands_that_meet_share_no_pair() -> None:
    low, high = SetRule("low", below=0.2), SetRule("high", at_least=0.2)
    assert not set(chosen_set(low, FACTS).pairs) & set(chosen_set(high, FACTS).pairs)


def test_a_line_of_a_list_is_a_key_with_or_without_a_label_even_where_keys_hold_commas() -> None:
    assert list(readings("a, indoor  scene")) == [("a, indoor  scene", ""), ("a", "indoor scene")]
    listed = "a\tindoor\n\nb,c , outdoor\nb,c\nnone, indoor\n"
    assert read_list(listed, {"a", "b,c"}) == (
        {"indoor": ["a"], "outdoor": ["b,c"], "": ["b,c"]},
        ["none, indoor"],
    )


@pytest.fixture
def draft(db: None) -> Study:
    return make_study(make_judged_project(images=8), hard_pairs=8, medium_pairs=4)


def keys_of(study: Study, level: str) -> list[str]:
    choice = draft_choice(study)
    shown = {pair: choice.candidates[pair] for pair in choice.pairs}
    wanted = [pair for pair, known in shown.items() if known.difficulty == level]
    return list(
        CaptionVersion.objects.filter(pk__in=wanted).order_by("pk").values_list("caption__key", flat=True)
    )


def names_of(study: Study) -> list[tuple[str, int, str]]:
    choice = draft_choice(study) if study.is_draft else None
    return [(each.name, len(each.pairs), each.origin) for each in table_sets(study, choice)]


OF_DESIGN = [
    ("all pairs", 12, "design"),
    ("hard", 8, "design"),
    ("medium", 4, "design"),
    ("4 least similar", 4, "design"),
    *((f"subset {number}", 4, "design") for number in (1, 2, 3)),
]


def test_declared_sets_stand_behind_those_of_the_design_and_are_frozen_with_the_declaration(
    draft: Study,
) -> None:
    assert names_of(draft) == OF_DESIGN
    hard, medium = keys_of(draft, "hard"), keys_of(draft, "medium")
    lines = "\n".join([f"{hard[0]}, indoor", f"{hard[1]}, indoor", f"{medium[0]}\toutdoor"])
    add_sets(study=draft, asked=AskedSet("Scene", captions=lines), actor=None)
    add_sets(study=draft, asked=AskedSet("Low", difficulty="hard", below=1.0), actor=None)
    own = [("Scene: indoor", 2, "declared"), ("Scene: outdoor", 1, "declared"), ("Low", 8, "declared")]
    assert names_of(draft) == OF_DESIGN + own
    launch_study(study=draft, actor=None)
    draft.refresh_from_db()
    assert names_of(draft) == OF_DESIGN + own
    declared = draft.preregistration
    assert [(each["name"], len(each["pairs"])) for each in declared.document["sets"]] == [
        each[:2] for each in own
    ]
    assert declared.document["sets"][2]["rule"] == "hard, similarity below 1"
    assert "- Set “Scene: indoor”: 2 listed captions; 2 pairs." in declared.markdown


REFUSED = {
    "set_name": [AskedSet("", below=0.2), AskedSet("n" * 61, below=0.2)],
    "set_name_taken": [AskedSet(name, below=0.2) for name in ("All Pairs", "subset of dogs", "known")],
    "set_band": [AskedSet("Band", at_least=0.2, below=0.2)],
    "set_of_all": [AskedSet("Everything")],
    "caption_unknown": [AskedSet("List", captions="nothing-of-this-name")],
    "labels_incomplete": [AskedSet("List", captions="good-000-0, in\ngood-000-1")],
}


def test_what_makes_no_row_is_refused_and_nothing_is_kept(draft: Study) -> None:
    add_sets(study=draft, asked=AskedSet("Known", below=0.3), actor=None)
    for code, tried in REFUSED.items():
        for asked in tried:
            with pytest.raises(Invalid) as refusal:
                add_sets(study=draft, asked=asked, actor=None)
            assert refusal.value.code == code
    assert PairSet.objects.count() == 1


def test_a_set_without_pairs_keeps_a_draft_from_its_launch_until_it_is_removed(draft: Study) -> None:
    before = fingerprint_of(draft, draft_choice(draft))
    add_sets(study=draft, asked=AskedSet("None", difficulty="easy"), actor=None)
    assert fingerprint_of(draft, draft_choice(draft)) != before
    with pytest.raises(Invalid, match="study_not_ready"):
        launch_study(study=draft, actor=None)
    remove_set(study=draft, name="None", actor=None)
    with pytest.raises(Missing):
        remove_set(study=draft, name="None", actor=None)
    launch_study(study=draft, actor=None)
    with pytest.raises(Conflict):
        remove_set(study=draft, name="None", actor=None)


def test_a_set_added_after_launch_needs_a_reason_is_logged_and_stays(draft: Study) -> None:
    add_sets(study=draft, asked=AskedSet("Declared", difficulty="hard"), actor=None)
    launch_study(study=draft, actor=None)
    draft.refresh_from_db()
    for why, asked in (("", AskedSet("Late", below=0.2)), ("Curious.", AskedSet("Late", difficulty="easy"))):
        with pytest.raises(Invalid):
            add_sets(study=draft, asked=asked, why=why, actor=None)
    assert not Deviation.objects.exists()
    add_sets(study=draft, asked=AskedSet("Late", difficulty="medium"), why="A reader asked.", actor=None)
    told = Deviation.objects.get().text
    assert told == "Rows of Table 1 added after launch, exploratory: “Late” (medium). A reader asked."
    assert names_of(draft)[-2:] == [("Declared", 8, "declared"), ("Late", 4, "added")]
    for name in ("Late", "Declared"):
        kept = PairSet.objects.filter(name=name)
        with pytest.raises(DatabaseError), transaction.atomic():
            kept.delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            kept.update(difficulty="easy")
    with pytest.raises(DatabaseError), transaction.atomic():
        PairSet.objects.create(study=draft, name="Behind the act", difficulty="hard")
    assert (
        list(Event.objects.filter(act__startswith="pair_set").values_list("act", flat=True))
        == ["pair_sets_added"] * 2
    )
    copy = copy_study(study=draft, title="Again", actor=None)
    assert names_of(copy)[-2:] == [("Declared", 8, "declared"), ("Late", 4, "declared")]


def test_every_own_set_has_its_row_and_a_late_one_says_that_it_is_exploratory(draft: Study) -> None:
    add_sets(study=draft, asked=AskedSet("Declared", difficulty="hard"), actor=None)
    launch_study(study=draft, actor=None)
    draft.refresh_from_db()
    client = Client()
    client.force_login(researcher_of(draft.project))
    place = f"/p/{draft.project.slug}/studies/{draft.public_id}/"
    late = {"name": "Late", "difficulty": "medium"}
    assert client.post(f"{place}sets/", late).status_code == 422
    assert "Logged." in client.post(f"{place}sets/", late | {"why": "A reader asked."}, follow=True).text
    for _number in range(2):
        ParticipantDriver(ClientVisitor(), f"/s/{draft.slug}/").take_part(honest)
    figures = compute_figures(draft)
    assert [line["name"] for line in figures["everybody"]["table"]][-2:] == ["Declared", "Late"]
    late_row = figures["everybody"]["table"][-1]
    assert late_row["minimum"] is None or late_row["minimum"]["n"] >= 1
    run_job(ask_for_results(study=draft, actor=None).pk)
    page = client.get(f"{place}results/").text
    assert page.count('Late <span class="chip chip--unsure">exploratory</span>') == 2
    assert "Exploratory rows were added after launch" in page
    assert b"reproduce.py" in answers_archive(study=draft, result=draft.results.get(), actor=None)


def test_a_draft_s_sets_are_made_and_removed_by_the_page_alone(draft: Study) -> None:
    client = Client()
    client.force_login(researcher_of(draft.project))
    place = f"/p/{draft.project.slug}/studies/{draft.public_id}/sets/"
    refused = client.post(place, {"name": "Odd", "at_least": "0,x"})
    assert refused.status_code == 422
    assert "Odd" in refused.text
    assert client.post(place, {"name": "Low", "below": "0.9"}).status_code == 302
    assert "similarity below 0.9" in client.get(place).text
    assert client.post(f"{place}remove/", {"name": "Low"}).status_code == 302
    assert not PairSet.objects.exists()
