"""What the API tells of each noun: the same rows as its page, to the same roles, and nothing of another project."""

from collections.abc import Mapping

import pytest

from annotation.captions.editing import propose_edit
from annotation.models import (
    AlignmentRun,
    Batch,
    CaptionVersion,
    EvaluationFigure,
    EvaluationRun,
    KnownAnswer,
    LabelSchema,
    Leak,
    Question,
    ReviewRound,
    VersionState,
)
from annotation.review.adjudicating import adjudicate
from annotation.rules.starting import publish_guidelines
from annotation.working.closing import close_batch
from projects.models import Event, Membership, Role, Scope
from tests import factories as make
from tests.asking_api import ask, rows
from tests.populated import Populated, populate, version_of

pytestmark = pytest.mark.django_db

EVERYBODY = frozenset(Role.values)
HEADS = frozenset({Role.HEAD, Role.ADMIN})
RULES = frozenset({Role.HEAD, Role.ADMIN})
MODELS = frozenset({Role.HEAD, Role.RESEARCHER, Role.ADMIN})

# Whom the page of a noun is for, and whom its address lets in.
READERS: Mapping[str, frozenset[str]] = {
    "people/": frozenset({Role.ADMIN}),
    "history/": frozenset({Role.ADMIN}),
    "tokens/": EVERYBODY,
    "guidelines/": EVERYBODY,
    "precedents/": EVERYBODY,
    "label-sets/": RULES,
    "known-answers/": RULES,
    "review-rounds/": RULES,
    "adjudications/": RULES,
    "questions/": RULES,
    "edits/": MODELS,
    "difficulty/": MODELS,
    "choices/": MODELS,
    "benchmarks/": MODELS,
    "alignments/": MODELS,
    "cleanings/": MODELS,
    "leakage/": MODELS,
    "progress/": MODELS,
    "samplings/": RULES,
    "swaps/": RULES,
    "label-estimates/": HEADS,
    "quality-reports/": MODELS,
    "genericness/": MODELS,
    "pair-reports/": HEADS,
    "machine-reports/": MODELS,
    "score-sets/": MODELS,
    "score-comparisons/": MODELS,
}


@pytest.fixture
def here() -> Populated:
    populate("elsewhere")
    return populate("here")


def test_each_noun_is_read_by_the_roles_that_its_page_is_for(here: Populated) -> None:
    wrong = []
    for role in Role.values:
        person = make.add_member(here.project, role)
        for path, readers in READERS.items():
            status = ask(person, here, path).status_code
            if status != (200 if role in readers else 403):
                wrong.append(f"{path} as {role}: {status}")
    assert wrong == []


def test_people_are_told_by_sign_in_name_and_role_alone(here: Populated) -> None:
    admin = make.add_member(here.project, Role.ADMIN)
    told = rows(admin, here, "people/")
    members = Membership.objects.filter(project=here.project)
    assert [row["username"] for row in told] == [row.user.username for row in members.order_by("pk")]
    assert set(told[0]) == {"id", "username", "role", "joined_at", "ended_at"}
    heads = rows(admin, here, "people/?role=head&is_running=true")
    assert {row["role"] for row in heads} == {"head"}
    assert len(heads) < len(told)
    assert rows(admin, here, "people/?is_running=false") == []


def test_history_is_filtered_by_act_and_person(here: Populated) -> None:
    admin = make.add_member(here.project, Role.ADMIN)
    told = rows(admin, here, "history/?page_size=200")
    assert len(told) == Event.objects.filter(project=here.project).count()
    asker = here.values["person_id"]
    asked = rows(admin, here, f"history/?act=question_asked&person={asker}")
    assert [(row["act"], row["person"]) for row in asked] == [("question_asked", asker)]
    since = rows(admin, here, f"history/?happened_after={told[0]['at']}")
    assert {row["act"] for row in since} == {"api_token_made"}


def test_tokens_are_ones_own_and_without_secrets(here: Populated) -> None:
    person = make.add_member(here.project)
    told = rows(person, here, "tokens/")
    assert [row["name"] for row in told] == ["Test"]
    assert not [name for name in told[0] if "secret" in name or "hash" in name]


def test_guidelines_are_told_by_version(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    person = make.add_member(here.project)
    publish_guidelines(project=here.project, text="# Second", author=head, change_note="Shorter", based_on=1)
    assert [row["number"] for row in rows(person, here, "guidelines/")] == [2, 1]
    assert ask(person, here, "guidelines/2/").json()["text"] == "# Second"
    assert ask(person, here, "guidelines/3/").status_code == 404


def test_sets_of_labels_come_with_their_labels(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    told = rows(head, here, "label-sets/")
    own = LabelSchema.objects.filter(project=here.project).order_by("pk")
    assert [row["id"] for row in told] == [str(row.public_id) for row in own]
    used = next(row for row in told if row["id"] == here.values["schema_id"])
    assert used["n_batches"] == 1
    assert [label["key"] for label in used["labels"]] == ["good", "bad", "unsure"]
    assert ask(head, here, f"label-sets/{used['id']}/").json() == used


def test_known_answers_in_use_are_told_with_how_they_were_answered(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (told,) = rows(head, here, "known-answers/?use=qualification")
    assert (told["id"], told["label"], told["n_answers"]) == (here.values["known_id"], "good", 0)
    assert rows(head, here, "known-answers/?use=gold") == []
    KnownAnswer.objects.filter(project=here.project).update(retired_at=told["made_at"], retired_by=head)
    assert rows(head, here, "known-answers/") == []


def test_the_pair_of_a_precedent_is_hidden_while_it_may_be_judged(here: Populated) -> None:
    person = make.add_member(here.project)
    (told,) = rows(person, here, "precedents/?q=reflections")
    assert (told["id"], told["ruling"]) == (here.values["precedent_id"], "They count as seen.")
    assert (told["image"], told["version"], told["text"]) == (None, None, None)
    known = KnownAnswer.objects.get(project=here.project)
    KnownAnswer.objects.filter(pk=known.pk).update(retired_at=known.made_at, retired_by=known.made_by)
    close_batch(batch=Batch.objects.get(project=here.project), actor=known.made_by)
    (told,) = rows(person, here, "precedents/")
    assert told["text"] == version_of(here).text


def test_open_edits_are_for_head_annotators_and_accepted_ones_for_researchers(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    researcher = make.add_member(here.project, Role.RESEARCHER)
    author = make.add_member(here.project)
    version = version_of(here)
    edit = propose_edit(parent=version, author=author, text="A red barn", kinds=["other"])
    (told,) = rows(head, here, "edits/?state=proposed")
    assert (told["text"], told["made_from"], told["is_own"]) == ("A red barn", str(version.public_id), False)
    assert rows(researcher, here, "edits/") == []
    CaptionVersion.objects.filter(pk=edit.pk).update(
        state=VersionState.ACCEPTED, decided_by=head, decided_at=edit.made_at
    )
    (told,) = rows(researcher, here, f"edits/?caption={here.values['caption_id']}")
    assert (told["state"], told["id"]) == ("accepted", str(edit.public_id))


def test_rounds_of_review_tell_their_items_to_tokens_that_may_read_judgments(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (told,) = rows(head, here, "review-rounds/")
    assert (told["id"], told["n_items"], told["n_open"]) == (here.values["round_id"], 1, 1)
    items = f"review-rounds/{told['id']}/items/"
    (item,) = rows(head, here, f"{items}?state=waiting")
    assert (item["id"], item["version"]) == (here.values["item_id"], here.values["version_id"])
    assert rows(head, here, f"{items}?state=fixed") == []
    assert ask(head, here, items, Scope.READ).json()["code"] == "scope_needed"
    assert ReviewRound.objects.exclude(project=here.project).count() == 1


def test_final_labels_are_told_with_those_that_they_replaced(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    version = version_of(here)
    adjudicate(version=version, head=head, label="bad")
    adjudicate(version=version, head=head, label="good")
    assert [row["label"] for row in rows(head, here, "adjudications/")] == ["good", "bad"]
    (told,) = rows(head, here, f"adjudications/?is_current=true&image={here.values['image_id']}")
    assert (told["version"], told["meaning"]) == (here.values["version_id"], "good")
    assert ask(head, here, "adjudications/", Scope.READ).status_code == 403


def test_questions_are_told_without_who_asked(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (told,) = rows(head, here, "questions/?state=open")
    assert (told["id"], told["text"]) == (here.values["question_id"], "Does this count?")
    assert ask(head, here, f"questions/{told['id']}/").json() == told
    assert not {"asker", "reader", "answered_by"} & set(told)
    Question.objects.filter(project=here.project).update(state="withdrawn", withdrawn_at=told["asked_at"])
    assert rows(head, here, "questions/") == []


def test_a_vote_is_told_with_its_levels_its_voters_and_every_vote(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (run,) = rows(researcher, here, "difficulty/")
    assert (run["id"], run["n_pairs"]) == (here.values["vote_id"], 1)
    whole = ask(researcher, here, f"difficulty/{run['id']}/").json()
    assert {row["level"]: row["n"] for row in whole["levels"]} == {"easy": 1, "medium": 0, "hard": 0}
    assert [(row["threshold"], row["n_votes"], row["n_yes"]) for row in whole["voters"]] == [(0.25, 1, 1)]
    (pair,) = rows(researcher, here, f"difficulty/{run['id']}/pairs/?level=easy")
    assert (pair["version"], pair["yes_votes"], pair["n_votes"]) == (here.values["version_id"], 1, 1)
    assert [(vote["cosine"], vote["is_yes"]) for vote in pair["votes"]] == [(0.5, True)]
    assert rows(researcher, here, f"difficulty/{run['id']}/pairs/?level=hard") == []


def test_choices_name_the_chosen_captions(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (told,) = rows(researcher, here, f"choices/?image={here.values['image_id']}")
    assert [row["version"] for row in told["captions"]] == [here.values["version_id"]]
    assert rows(researcher, here, "choices/?is_complete=true") == []


def test_benchmarks_tell_every_figure_with_its_n_and_interval(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    run = EvaluationRun.objects.get(project=here.project)
    vote = run.job.difficulty_run
    encoder = vote.votes.get().threshold.encoder
    EvaluationRun.objects.filter(pk=run.pk).update(difficulty_run=vote)
    EvaluationFigure.objects.create(
        run=run,
        encoder=encoder,
        direction="i2t",
        name="R@1",
        value=0.5,
        low=0.25,
        high=0.75,
        n=40,
        n_other=80,
    )
    (told,) = rows(researcher, here, "benchmarks/")
    assert (told["id"], told["difficulty"]) == (here.values["evaluation_id"], here.values["vote_id"])
    assert ask(researcher, here, f"benchmarks/{told['id']}/").json()["n_captions"] == 0
    (figure,) = rows(researcher, here, f"benchmarks/{told['id']}/figures/?figure=R%401")
    assert (figure["value"], figure["low"], figure["high"], figure["n"]) == (0.5, 0.25, 0.75, 40)
    assert figure["has_voted"] is True


def test_alignments_tell_their_figures_before_and_after(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (told,) = rows(researcher, here, "alignments/")
    assert (told["id"], told["base"]) == (here.values["alignment_id"], "shipped:lite2")
    figures = ask(researcher, here, f"alignments/{told['id']}/").json()["figures"]
    overlaps = {row["part"]: (row["value"], row["n"]) for row in figures if row["figure"] == "AO@10"}
    assert overlaps == {"before": (30.0, 40), "after": (31.25, 40)}
    AlignmentRun.objects.filter(project=here.project).update(weights=None)
    assert rows(researcher, here, "alignments/") == []


def test_cleanings_and_leaks_are_told_by_caption_and_pair(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (cleaning,) = rows(researcher, here, "cleanings/")
    assert (cleaning["id"], cleaning["n_given"]) == (here.values["cleaning_id"], 1)
    assert ask(researcher, here, f"cleanings/{cleaning['id']}/").json()["steps"][0]["step"] == "placeholders"
    assert rows(researcher, here, f"cleanings/{cleaning['id']}/captions/") == []
    (search,) = rows(researcher, here, "leakage/")
    assert (search["id"], search["corpus"], search["n_images"]) == (here.values["leakage_id"], "none", 1)
    (pair,) = rows(researcher, here, f"leakage/{search['id']}/pairs/")
    assert (pair["id"], pair["check_made"]) == (here.values["leak_id"], "identical")
    assert Leak.objects.count() == 2
