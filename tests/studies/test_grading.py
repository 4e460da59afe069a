"""A study in which people from outside grade paraphrases: what is chosen, dealt, answered and left out."""

import random
from collections import Counter

import pytest
from django.db import IntegrityError, transaction

from annotation.rules.label_presets import SIMILARITY
from polyannot.kernel.errors import Conflict, Invalid
from studies.design.choosing import DesignError
from studies.design.choosing_paraphrases import (
    ParaphrasePair,
    Text,
    are_unrelated,
    choose_identical,
    choose_paraphrases,
    choose_unrelated,
    without_duplicates,
)
from studies.design.grades import ANCHORS, is_high, made_up_grade
from studies.drafting.building import copy_study, create_study
from studies.drafting.contents import draft_choice
from studies.drafting.launching import launch_study
from studies.drafting.paraphrases import paraphrase_pairs
from studies.drafting.piloting import run_pilot
from studies.drafting.plans import drafted_plan, frozen_plan
from studies.drafting.trying import begin_test_run
from studies.drafting.wording import current_text
from studies.models import Answer, Card, Participant, Study, StudyPair, TextKind
from studies.results.answers import answer_rows, pair_shares
from studies.taking.answering import place_of, record_answer, show_card
from studies.taking.enrolling import arrive, begin, give_consent
from studies.taking.keys import new_secret
from studies.taking.playing import play_participants
from studies.taking.withdrawing import lapse, withdraw
from tests.study_rows import (
    make_grading,
    make_judged_project,
    make_open_grading,
    make_open_study,
    make_paraphrased_project,
)


def texts(count: int) -> list[Text]:
    return [Text(number, number, f"only{number} these{number} words{number}") for number in range(count)]


def test_a_paraphrase_that_says_the_same_words_again_is_not_graded() -> None:
    original, shown = Text(1, 1, "A dog runs."), "A hound dashes."
    pairs = [
        ParaphrasePair(original, Text(2, 1, shown)),
        ParaphrasePair(original, Text(3, 1, "a dog runs")),
        ParaphrasePair(original, Text(4, 1, "a hound, dashes!")),
        ParaphrasePair(original, Text(5, 1, "Runs a dog.")),
        ParaphrasePair(Text(6, 1, "A cat runs."), Text(7, 1, shown)),
    ]
    assert [pair.shown.version for pair in without_duplicates(pairs)] == [2, 5, 7]


def test_the_seed_decides_which_paraphrases_are_drawn_whatever_their_order() -> None:
    original = Text(0, 0, "one")
    pairs = [ParaphrasePair(original, text) for text in texts(30)[1:]]
    chosen = choose_paraphrases(pairs, count=10, seed=4)
    assert chosen == choose_paraphrases(pairs[::-1], count=10, seed=4)
    assert chosen != choose_paraphrases(pairs, count=10, seed=5)
    with pytest.raises(DesignError, match="30 paraphrases asked for, 29 can be shown"):
        choose_paraphrases(pairs, count=30, seed=4)


def test_checks_are_captions_beside_themselves_and_beside_one_without_common_words() -> None:
    originals = [*texts(6), Text(90, 90, "only0 these0 words0 more")]
    identical = choose_identical(originals, count=3, seed=1, taken={0})
    assert all(pair.original == pair.shown for pair in identical)
    unrelated = choose_unrelated(originals, count=4, seed=1, taken={pair.shown.version for pair in identical})
    assert len({pair.shown.version for pair in unrelated}) == 4
    assert all(are_unrelated(pair.original, pair.shown) for pair in unrelated)
    assert not are_unrelated(originals[0], originals[-1])
    with pytest.raises(DesignError, match="unrelated pairs"):
        choose_unrelated([originals[0], originals[-1]], count=1, seed=1)


def test_grades_carry_the_anchors_of_the_preset_for_annotators() -> None:
    assert [(anchor.value, str(anchor.name), str(anchor.sentence)) for anchor in ANCHORS] == [
        (label.key, label.name, label.description) for label in SIMILARITY
    ]


def test_a_made_up_grade_is_high_exactly_where_it_should_be() -> None:
    rng = random.Random(5)
    for role in ("target", "distractor", "control", "repeat"):
        for wanted in (True, False):
            grades = {made_up_grade(role, rng, is_high=wanted) for _ in range(300)}
            assert grades <= set(range(6))
            assert {is_high(grade, role) for grade in grades} == {wanted}


@pytest.mark.django_db
def test_a_draft_offers_all_paraphrases_and_counts_the_people_that_two_graders_each_take() -> None:
    project = make_paraphrased_project(images=8, each=3)
    study = create_study(project=project, title="Other words", actor=None, kind="paraphrases")
    assert (study.paraphrase_pairs, study.graders_per_pair, study.pairs_per_participant) == (24, 2, 24)
    choice = draft_choice(study)
    assert choice.problems == ()
    assert sorted(choice.pairs) == sorted(pair.shown.version for pair in paraphrase_pairs(project))
    assert drafted_plan(study, choice).participants == 2
    texts = {text.kind: text.markdown for text in study.texts.all()}
    assert "0 to 5" in texts[TextKind.CONSENT]
    assert all(f"**{anchor.value}** {anchor.name}" in texts[TextKind.INSTRUCTIONS] for anchor in ANCHORS)


@pytest.mark.django_db
def test_a_project_without_paraphrases_is_told_how_to_get_them() -> None:
    study = create_study(
        project=make_judged_project(images=2), title="Other words", actor=None, kind="paraphrases"
    )
    assert "paraphrase_of" in draft_choice(study).problems[0]
    with pytest.raises(Invalid):
        launch_study(study=study, actor=None)


@pytest.mark.django_db
def test_launching_freezes_pairs_with_their_originals_and_the_number_of_people() -> None:
    study = make_open_grading()
    pairs = list(study.pairs.select_related("version__caption", "original__caption"))
    by_role = Counter(pair.role for pair in pairs)
    assert by_role == {"target": 20, "distractor": 2, "control": 2}
    for pair in pairs:
        assert pair.original is not None
        if pair.role == "target":
            assert pair.version.caption.paraphrase_of_id == pair.original.caption_id
        else:
            assert (pair.version_id == pair.original_id) == (pair.role == "control")
    assert study.target_participants == 5
    assert frozen_plan(study).target == 2
    declared = study.preregistration
    assert declared.document["analysis"]["perfect"].startswith("a paraphrase that 2 people or more graded")
    assert "Unrelated pairs graded above 1: at most 0." in declared.markdown
    assert "similarity" not in declared.markdown.split("## Texts")[0]


@pytest.mark.django_db
def test_an_original_is_of_the_same_project_as_its_paraphrase() -> None:
    study = make_open_grading()
    elsewhere = make_open_grading(make_paraphrased_project())
    other = elsewhere.pairs.first()
    assert other is not None
    with pytest.raises(IntegrityError, match="pair_original_together"), transaction.atomic():
        StudyPair.objects.filter(study=study).update(original=other.original)


def enrolled(study: Study) -> Participant:
    person = arrive(study=study, secret=new_secret())
    text = current_text(study, TextKind.CONSENT)
    assert text is not None
    person = give_consent(participant=person, text=text)
    begin(participant=person)
    return Participant.objects.get(pk=person.pk)


def grade_all(person: Participant, *, target: str = "5", distractor: str = "0", control: str = "5") -> None:
    by_role = {"target": target, "distractor": distractor, "control": control}
    for card in Card.objects.filter(participant=person, state="live").select_related("pair"):
        record_answer(participant=person, card_id=card.public_id, value=by_role[card.pair.role])
    person.refresh_from_db()


@pytest.mark.django_db
def test_only_grades_answer_a_paraphrase_and_only_good_or_bad_an_image() -> None:
    for study, wrong, right in (
        (make_open_grading(), ("good", "6", ""), "0"),
        (make_open_study(), ("5",), "bad"),
    ):
        person = enrolled(study)
        card = place_of(person).card
        assert card is not None
        show_card(participant=person, card=card)
        for value in wrong:
            with pytest.raises(Invalid):
                record_answer(participant=person, card_id=card.public_id, value=value)
        assert record_answer(participant=person, card_id=card.public_id, value=right)
        assert not record_answer(participant=person, card_id=card.public_id, value=right)
        assert list(Answer.objects.filter(card__study=study).values_list("value", flat=True)) == [right]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "is_excluded"),
    [({}, False), ({"distractor": "1"}, False), ({"distractor": "2"}, True), ({"control": "4"}, True)],
)
def test_a_check_is_failed_by_two_for_nothing_in_common_or_by_four_for_the_same_text(
    given: dict[str, str], *, is_excluded: bool
) -> None:
    person = enrolled(make_open_grading())
    grade_all(person, target="3", **given)
    assert person.state == "finished"
    assert person.is_excluded is is_excluded


@pytest.mark.django_db
def test_every_paraphrase_gets_its_graders_though_people_leave_withdraw_and_fail_checks() -> None:
    study = make_open_grading()
    for number in range(8):
        person = enrolled(study)
        if number == 1:
            withdraw(participant=person)
        elif number == 2:
            lapse(person)
        else:
            grade_all(person, distractor="5" if number == 3 else "0")
    with pytest.raises(Conflict, match="all the participants"):
        enrolled(study)
    kept = Counter(
        Answer.objects.filter(
            card__pair__role="target", card__participant__is_excluded=False, card__study=study
        ).values_list("card__pair", flat=True)
    )
    assert len(kept) == 20
    assert min(kept.values()) >= 2
    assert max(kept.values()) <= 3


@pytest.mark.django_db
def test_a_pilot_gives_grades_and_a_test_run_shows_pairs_of_texts() -> None:
    study = make_grading()
    run_pilot(study=study, actor=None)
    people = Participant.objects.filter(study=study, is_simulated=True)
    rows = answer_rows(people.values_list("pk", flat=True))
    assert {row.grade for row in rows if row.role == "target"} >= {4, 5}
    assert all(row.grade is not None and row.is_good == is_high(row.grade, row.role) for row in rows)
    secret = begin_test_run(study=study, actor=None)
    assert secret
    assert study.pairs.exclude(original=None).count() == 24


@pytest.mark.django_db
def test_grades_are_no_human_agreement_about_image_and_caption() -> None:
    study = make_open_grading()
    play_participants(study=study, people=5, seed=3)
    assert Answer.objects.filter(card__study=study).count() == 5 * 11
    assert pair_shares(study.project) == []


@pytest.mark.django_db
def test_a_copy_is_of_the_same_kind_with_the_same_texts() -> None:
    study = make_open_grading(graders_per_pair=3)
    copy = copy_study(study=study, title="Again", actor=None)
    assert (copy.kind, copy.graders_per_pair, copy.paraphrase_pairs) == ("paraphrases", 3, 20)
    assert copy.target_participants == study.target_participants
