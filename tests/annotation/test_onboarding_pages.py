"""Known answers, examples and onboarding through their pages, for newcomers and for heads."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import KnownAnswer, KnownUse, OnboardingPlan, OnboardingRun
from annotation.review.adjudicating import adjudicate
from annotation.review.reviewing import accept_item, open_round
from annotation.rules.starting import publish_guidelines
from projects.models import Project, Role
from tests import factories as make
from tests.annotation.known_rows import answer_all, ask_onboarding, begin, known_pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make.make_project()


def browser_of(person: object) -> Client:
    client = Client()
    client.force_login(person)  # type: ignore[arg-type]
    return client


def address(name: str, project: Project, *more: object) -> str:
    return reverse(name, args=[project.slug, *more])


def known_in(page: str) -> KnownAnswer:
    found = re.search(r'name="known" value="([0-9a-f-]+)"', page)
    assert found is not None
    return KnownAnswer.objects.get(public_id=found[1])


def test_a_newcomer_reads_trains_qualifies_and_works(project: Project) -> None:
    ask_onboarding(project, n_training=1, n_qualification=2)
    image = make.add_image(project)
    make.add_caption(image)
    batch = make.make_batch(project, [image])
    web = browser_of(make.add_member(project))
    workspace = address("workspace", project, batch.public_id)

    assert web.get(workspace)["Location"] == address("onboarding", project)
    assert "Read the guidelines" in web.get(address("annotate-home", project)).content.decode()
    assert "I have read version 1" in web.get(address("guidelines", project)).content.decode()
    web.post(address("onboarding-read", project), {"number": 1})
    web.post(address("onboarding-begin", project))

    page = web.get(address("onboarding", project)).content.decode()
    assert "Training" in page
    known = known_in(page)
    run = re.search(r'action="([^"]+/answer/)"', page)
    assert run is not None
    wrong = "good" if known.label == "bad" else "bad"
    answered = web.post(run[1], {"known": known.public_id, "label": wrong})
    feedback = web.get(answered["Location"]).content.decode()
    assert "Known otherwise" in feedback
    assert "Look at the sky" in feedback

    for _ in range(2):
        page = web.get(address("onboarding", project)).content.decode()
        assert "Qualification" in page
        known = known_in(page)
        answer = web.post(run[1], {"known": known.public_id, "label": known.label})
        assert "answered=" not in answer["Location"]
    ended = web.get(address("onboarding", project)).content.decode()
    assert "100.0%" in ended
    assert "2 of 2, 95% interval" in ended
    assert web.get(workspace).status_code == 200


def test_heads_see_where_everybody_stands_and_wave_somebody_through(project: Project) -> None:
    head = ask_onboarding(project, most_attempts=1)
    newcomer = make.add_member(project)
    answer_all(begin(project, newcomer), n_wrong=3)
    web = browser_of(head)
    page = web.get(address("guideline-onboarding", project)).content.decode()
    assert "25.0%" in page
    assert "1 of 4, 95% interval" in page

    web.post(address("guideline-onboarding-wave", project, newcomer.public_id))

    assert "Waved through" in web.get(address("guideline-onboarding", project)).content.decode()


def test_those_who_have_judged_before_onboarding_came_go_on_with_one_press(project: Project) -> None:
    image = make.add_image(project)
    version = make.add_caption(image)
    batch = make.make_batch(project, [image])
    experienced, newcomer = make.add_member(project), make.add_member(project)
    make.judge(make.claim(batch, experienced), version, "good")
    web = browser_of(ask_onboarding(project))
    assert (
        "Wave through 1 who has judged here before"
        in web.get(address("guideline-onboarding", project)).content.decode()
    )

    web.post(address("guideline-onboarding-experienced", project))

    admitted = OnboardingRun.objects.values_list("person", "state")
    assert list(admitted) == [(experienced.pk, "waived")]
    assert newcomer.pk not in dict(admitted)


def test_heads_switch_onboarding_and_gold_on_their_page(project: Project) -> None:
    web = browser_of(make.add_member(project, Role.HEAD))
    sent = {
        "is_asked": "on",
        "n_training": 3,
        "n_qualification": 5,
        "pass_percent": 70,
        "most_attempts": 3,
        "gold_percent": 4,
    }

    assert web.post(address("guideline-onboarding", project), sent | {"pass_percent": 0}).status_code == 422
    assert web.post(address("guideline-onboarding", project), sent).status_code == 302

    plan = OnboardingPlan.objects.get(project=project)
    assert (plan.is_asked, plan.pass_percent, plan.gold_percent) == (True, 70, 4)
    assert plan.seed > 0


def test_a_final_label_becomes_an_example_with_one_press_and_stands_beside_the_guidelines(
    project: Project,
) -> None:
    head = make.add_member(project, Role.HEAD)
    image = make.add_image(project)
    version = make.add_caption(image, "The dog dreams of the sea")
    batch = make.make_batch(project, [image], overlap=1)
    annotator = make.add_member(project)
    assignment = make.claim(batch, annotator)
    make.judge(assignment, version, "bad")
    web = browser_of(head)
    example = address("known-answer-example", project, version.public_id)
    assert web.post(example).status_code == 422
    adjudicate(version=version, head=head, label="good", note="Poetic, and it fits")

    answer = web.post(example)

    known = KnownAnswer.objects.get()
    assert answer["Location"] == address("known-answer", project, known.public_id)
    assert (known.use, known.label, known.explanation) == ("example", "good", "Poetic, and it fits")
    web.post(answer["Location"], {"use": "example", "explanation": "Dreams are fine", "tolerance": 0})
    theirs = browser_of(annotator)
    assert "Dreams are fine" not in theirs.get(address("guidelines", project)).content.decode()
    make.finish(assignment)
    assert "Dreams are fine" in theirs.get(address("guidelines", project)).content.decode()
    assert "Dreams are fine" in theirs.get(address("workspace", project, batch.public_id)).content.decode()


def test_an_accepted_judgment_becomes_an_example(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    image = make.add_image(project)
    version = make.add_caption(image)
    batch = make.make_batch(project, [image])
    make.judge(make.claim(batch, make.add_member(project)), version, "bad")
    item = open_round(batch=batch, head=head, draw="random").items.get()
    accept_item(item=item, head=head)

    browser_of(head).post(address("known-answer-example", project, version.public_id))

    assert KnownAnswer.objects.get().label == "bad"


def test_known_answers_are_drawn_chosen_by_hand_and_retired(project: Project) -> None:
    head = make.add_member(project, Role.HEAD)
    schema = project.label_schemas.get()
    versions = [make.add_caption(make.add_image(project)) for _ in range(5)]
    for place, version in enumerate(versions[:4]):
        adjudicate(version=version, head=head, label="good" if place else "bad", schema=schema)
    web = browser_of(head)

    drawn = web.post(
        address("known-answers-draw", project),
        {"schema": schema.public_id, "use": "qualification", "n": 2},
    )
    chosen = web.post(
        address("known-answer-new", project, versions[4].public_id),
        {"label": f"{schema.public_id}:unsure", "use": "gold", "explanation": "", "tolerance": 0},
    )

    assert drawn.status_code == chosen.status_code == 302
    rows = KnownAnswer.objects.in_use()
    assert sorted(rows.values_list("label", "use", "source")) == [
        ("bad", "qualification", "adjudication"),
        ("good", "qualification", "adjudication"),
        ("unsure", "gold", "person"),
    ]
    gold = rows.get(use=KnownUse.GOLD)
    assert versions[4].text in web.get(address("known-answers", project) + "?use=gold").content.decode()
    web.post(address("known-answer-retire", project, gold.public_id))
    assert not rows.filter(use=KnownUse.GOLD).exists()


def test_annotators_are_told_what_changed_until_they_say_that_they_have_read_it(project: Project) -> None:
    web = browser_of(make.add_member(project))
    home = address("annotate-home", project)
    assert "The guidelines have changed" not in web.get(home).content.decode()
    publish_guidelines(project=project, text="New", author=None, change_note="Reflections count as seen")
    assert "Reflections count as seen" in web.get(home).content.decode()

    web.post(address("onboarding-read", project), {"number": 2})

    assert "The guidelines have changed" not in web.get(home).content.decode()


def test_the_answers_of_others_are_missing_to_an_annotator(project: Project) -> None:
    ask_onboarding(project)
    run = begin(project, make.add_member(project))
    known = known_pair(project, KnownUse.GOLD)
    stranger = browser_of(make.add_member(project))

    answer = address("onboarding-answer", project, run.public_id)
    assert stranger.post(answer, {"known": known.public_id, "label": "good"}).status_code == 404
    assert browser_of(run.person).post(answer, {"known": known.public_id, "label": "good"}).status_code == 404
    assert stranger.get(address("known-answers", project)).status_code == 403


def test_heads_are_told_of_pairs_that_cannot_be_asked_while_their_images_are_judged(project: Project) -> None:
    head = ask_onboarding(project, n_training=1, n_qualification=2)
    web = browser_of(head)
    page = address("guideline-onboarding", project)
    assert "asked of nobody yet" not in web.get(page).content.decode()
    known = KnownAnswer.objects.filter(use=KnownUse.QUALIFICATION)
    make.make_batch(project, [row.version.image for row in known])
    assert "2 of training and qualification can be asked of nobody yet" in web.get(page).content.decode()
