"""Onboarding: read, train, qualify, then claim; and who may claim without it."""

import pytest
from django.db import IntegrityError, transaction

from annotation.models import Batch, Judgment, KnownUse, OnboardingState
from annotation.rules.known_answers import is_right, make_known_answer
from annotation.rules.label_presets import SIMILARITY
from annotation.rules.label_schemas import make_schema
from annotation.rules.onboarding import (
    begin_run,
    change_plan,
    confirm_reading,
    give_answer,
    next_question,
    wave_through,
)
from annotation.rules.starting import publish_guidelines
from annotation.working.assigning import claim_assignment
from annotation.working.opening import open_batch
from polyannot.kernel.errors import Conflict, Denied, Invalid
from projects.models import Event, Project, Role
from tests import factories as make
from tests.annotation.known_rows import answer_all, ask_onboarding, begin, known_pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make.make_project()


def batch_of(project: Project, purpose: str = "production") -> Batch:
    images = [make.add_image(project) for _ in range(2)]
    for image in images:
        make.add_caption(image)
    return open_batch(
        project=project,
        name=f"Batch {images[0].pk}",
        images=images,
        overlap=1,
        actor=None,
        purpose=purpose,
    )


def test_a_project_that_asks_for_nothing_lets_everybody_claim(project: Project) -> None:
    known_pair(project, KnownUse.QUALIFICATION)

    assert claim_assignment(batch=batch_of(project), annotator=make.add_member(project)) is not None


def test_somebody_who_has_not_passed_cannot_claim_and_somebody_who_has_can(project: Project) -> None:
    ask_onboarding(project)
    batch, newcomer = batch_of(project), make.add_member(project)
    with pytest.raises(Denied, match="onboarding_needed"):
        claim_assignment(batch=batch, annotator=newcomer)

    run = answer_all(begin(project, newcomer))

    assert run.state == OnboardingState.PASSED
    assert claim_assignment(batch=batch, annotator=newcomer) is not None
    assert not Judgment.objects.exists()


def test_heads_and_calibration_batches_are_open(project: Project) -> None:
    ask_onboarding(project)

    assert (
        claim_assignment(batch=batch_of(project), annotator=make.add_member(project, Role.HEAD)) is not None
    )
    common = batch_of(project, purpose="calibration")
    assert claim_assignment(batch=common, annotator=make.add_member(project)) is not None


def test_the_guidelines_are_read_first(project: Project) -> None:
    ask_onboarding(project)
    newcomer = make.add_member(project)

    with pytest.raises(Conflict, match="guidelines_unread"):
        begin_run(project=project, person=newcomer)
    with pytest.raises(Conflict, match="guidelines_moved_on"):
        confirm_reading(project=project, person=newcomer, number=7)


def test_training_answers_are_told_apart_and_open_the_qualification(project: Project) -> None:
    ask_onboarding(project, n_training=1)
    newcomer = make.add_member(project)
    run = begin(project, newcomer)
    known = next_question(run)
    assert known is not None
    assert known.use == KnownUse.TRAINING

    answer = give_answer(run=run, person=newcomer, known=known, label="unsure")

    run.refresh_from_db()
    assert not answer.is_right
    assert run.state == OnboardingState.QUALIFICATION
    assert give_answer(run=run, person=newcomer, known=known, label="good") == answer


def test_below_the_pass_mark_is_not_passed_and_the_next_attempt_asks_other_pairs(project: Project) -> None:
    head = ask_onboarding(project, n_qualification=4, pass_percent=75, most_attempts=2)
    for _ in range(4):
        known_pair(project, KnownUse.QUALIFICATION, head=head)
    newcomer = make.add_member(project)

    first = answer_all(begin(project, newcomer), n_wrong=2)
    second = begin_run(project=project, person=newcomer)

    assert first.state == OnboardingState.FAILED
    assert second.attempt == 2
    assert not set(first.qualification_ids) & set(second.qualification_ids)
    assert answer_all(second, n_wrong=1).state == OnboardingState.PASSED


def test_after_the_last_attempt_a_head_annotator_decides(project: Project) -> None:
    head = ask_onboarding(project, most_attempts=1)
    batch, newcomer = batch_of(project), make.add_member(project)
    answer_all(begin(project, newcomer), n_wrong=4)
    with pytest.raises(Conflict, match="attempts_used"):
        begin_run(project=project, person=newcomer)
    with pytest.raises(Denied):
        wave_through(project=project, person=newcomer, head=newcomer)

    run = wave_through(project=project, person=newcomer, head=head)

    assert run.state == OnboardingState.WAIVED
    assert Event.objects.filter(act="onboarding_waived", row_id=run.pk, actor=head).exists()
    assert claim_assignment(batch=batch, annotator=newcomer) is not None


def test_a_major_change_of_the_guidelines_asks_again_in_batches_that_follow_it(project: Project) -> None:
    head = ask_onboarding(project)
    before, annotator = batch_of(project), make.add_member(project)
    answer_all(begin(project, annotator))
    publish_guidelines(project=project, text="Minor", author=head)
    assert claim_assignment(batch=batch_of(project), annotator=annotator) is not None

    publish_guidelines(project=project, text="Major", author=head, is_major=True)
    after = batch_of(project)

    assert claim_assignment(batch=before, annotator=annotator) is not None
    with pytest.raises(Denied, match="onboarding_needed"):
        claim_assignment(batch=after, annotator=annotator)
    answer_all(begin(project, annotator))
    assert claim_assignment(batch=after, annotator=annotator) is not None


def test_without_onboarding_a_major_change_is_read_before_the_next_claim(project: Project) -> None:
    annotator = make.add_member(project)
    publish_guidelines(project=project, text="Major", author=None, is_major=True)
    batch = batch_of(project)
    with pytest.raises(Denied, match="guidelines_unread"):
        claim_assignment(batch=batch, annotator=annotator)

    confirm_reading(project=project, person=annotator, number=2)

    assert claim_assignment(batch=batch, annotator=annotator) is not None


def test_an_attempt_from_before_a_major_change_does_not_go_on(project: Project) -> None:
    head = ask_onboarding(project)
    newcomer = make.add_member(project)
    old = begin(project, newcomer)
    publish_guidelines(project=project, text="Major", author=head, is_major=True)

    new = begin(project, newcomer)

    old.refresh_from_db()
    assert (old.state, new.attempt, new.guideline.number) == (OnboardingState.FAILED, 1, 2)


def test_nobody_is_asked_a_pair_that_they_made_themselves(project: Project) -> None:
    head = ask_onboarding(project, n_training=0, n_qualification=2)
    other = make.add_member(project, Role.HEAD)
    theirs = known_pair(project, KnownUse.QUALIFICATION, head=other)
    confirm_reading(project=project, person=other, number=1)

    run = begin_run(project=project, person=other)

    assert theirs.pk not in run.qualification_ids
    assert len(run.qualification_ids) == 2
    confirm_reading(project=project, person=head, number=1)
    assert begin_run(project=project, person=head).qualification_ids == [theirs.pk]


def test_a_neighbouring_grade_is_right_where_the_known_answer_says_so(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    grades = make_schema(project=project, actor=head, name="Grades", level="ordinal", labels=SIMILARITY)
    version = make.add_caption(make.add_image(project))
    known = make_known_answer(version=version, schema=grades, label="4", use="training", actor=head)

    assert [is_right(known, label) for label in "0123456"] == [False, False, False, True, True, True, False]
    with pytest.raises(Conflict, match="known_already"):
        make_known_answer(version=version, schema=grades, label="5", use="gold", actor=head)
    with pytest.raises(Invalid):
        make_known_answer(version=version, schema=grades, label="good", use="gold", actor=head)


def test_one_attempt_runs_at_a_time_and_only_its_person_answers(project: Project) -> None:
    ask_onboarding(project)
    newcomer = make.add_member(project)
    run = begin(project, newcomer)

    assert begin_run(project=project, person=newcomer) == run
    known = next_question(run)
    assert known is not None
    with pytest.raises(Denied):
        give_answer(run=run, person=make.add_member(project), known=known, label="good")
    run.pk, run.attempt, run._state.adding = None, 9, True
    with pytest.raises(IntegrityError), transaction.atomic():
        run.save()


def test_switching_onboarding_off_lets_everybody_claim_again(project: Project) -> None:
    head = ask_onboarding(project)
    batch, newcomer = batch_of(project), make.add_member(project)

    change_plan(project=project, actor=head, values={"is_asked": False})

    assert claim_assignment(batch=batch, annotator=newcomer) is not None
