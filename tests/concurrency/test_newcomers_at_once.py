"""Two tabs of a newcomer, and gold among many annotators, each on a connection of its own."""

import pytest

from accounts.models import User
from annotation.models import Assignment, Batch, CaptionVersion, KnownUse, OnboardingRun
from annotation.rules.known_answers import make_known_answer
from annotation.rules.onboarding import begin_run, change_plan, confirm_reading, give_answer, next_question
from annotation.working.assigning import claim_assignment, finish_assignment
from projects.models import Project, Role
from tests import factories as make
from tests.annotation.known_rows import ask_onboarding
from tests.concurrency.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)

N_IMAGES, N_ANNOTATORS = 12, 6


def test_two_tabs_begin_one_attempt_and_answer_a_pair_once() -> None:
    project = make.make_project()
    ask_onboarding(project, n_training=1, n_qualification=2)
    newcomer = make.add_member(project)
    confirm_reading(project=project, person=newcomer, number=1)

    at_once(*[lambda: begin_run(project=project, person=newcomer)] * 4)

    run = OnboardingRun.objects.get()
    known = next_question(run)
    assert known is not None
    at_once(*[lambda: give_answer(run=run, person=newcomer, known=known, label="good")] * 4)
    assert run.answers.count() == 1


def go_through(batch: Batch, annotator: User) -> None:
    while (assignment := claim_assignment(batch=batch, annotator=annotator)) is not None:
        for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
            make.judge(assignment, version, "good")
        finish_assignment(assignment=assignment, annotator=annotator)


def gold_project() -> Project:
    """Return a project with three gold pairs and the largest share of them."""
    project = make.make_project()
    head = make.add_member(project, Role.HEAD)
    for _pair in range(3):
        make_known_answer(
            version=make.add_caption(make.add_image(project)),
            schema=project.label_schemas.get(),
            label="good",
            use=KnownUse.GOLD,
            actor=head,
        )
    change_plan(project=project, actor=head, values={"gold_percent": 20})
    return project


def test_gold_among_many_annotators_leaves_every_ordinary_slot_done_once() -> None:
    project = gold_project()
    images = [make.add_image(project) for _ in range(N_IMAGES)]
    for image in images:
        make.add_caption(image)
    batch = make.make_batch(project, images, overlap=2)
    people = [make.add_member(project) for _ in range(N_ANNOTATORS)]

    at_once(*[lambda person=person: go_through(batch, person) for person in people])

    ordinary = Assignment.objects.filter(is_gold=False)
    assert set(ordinary.values_list("state", flat=True)) == {"done"}
    assert ordinary.count() == 2 * N_IMAGES
    gold = Assignment.objects.filter(is_gold=True)
    assert gold.values("annotator", "image").distinct().count() == gold.count()
