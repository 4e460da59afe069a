"""What the API tells of images in work, quality and reports of models: to whom their pages are for, and no names."""

import pytest
from django.test import Client

from accounts.models import User
from annotation.models import GenericnessCheck, GenericnessDecision, LabelEstimate, LabelEstimateRun
from annotation.progress.verdicts import Verdict
from projects.models import Job, Role, Scope
from tests import factories as make
from tests.asking_api import ask, rows
from tests.populated import Populated, populate, version_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Populated:
    populate("elsewhere")
    return populate("here")


def test_choices_of_images_are_told_with_the_images_in_their_order(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (told,) = rows(head, here, "samplings/")
    assert (told["id"], told["n_chosen"], told["is_applied"]) == (here.values["sampling_id"], 1, False)
    (image,) = rows(head, here, f"samplings/{told['id']}/images/")
    assert (image["rank"], image["image"], image["x"]) == (1, here.values["image_id"], 0.5)
    assert rows(head, here, f"samplings/{told['id']}/images/?became=reserve") == []


def test_swaps_are_told_with_what_went_and_what_came(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (told,) = rows(head, here, "swaps/")
    assert (told["brought_in"], told["why"]) == (here.values["image_id"], "It was blurred.")
    assert rows(head, here, f"swaps/?image={told['brought_in']}") == []
    assert rows(head, here, f"swaps/?act={told['act']}") == [told]


def test_progress_is_told_as_its_page_counts_it(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    told = ask(researcher, here, "progress/").json()
    assert (told["n_images"], told["n_reserve"], told["captions"]["imported"]) == (1, 1, 1)
    assert sum(row["images"] for row in told["images_by_good_captions"]) == 1
    assert told["forecast"] is None


def test_estimated_labels_stand_beside_the_most_given_one_and_the_verdict(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (run,) = rows(head, here, "label-estimates/")
    assert (run["id"], run["n_sparse"]) == (here.values["estimate_run_id"], 1)
    LabelEstimate.objects.create(
        run=LabelEstimateRun.objects.get(project=here.project),
        project=here.project,
        version=version_of(here),
        label="good",
        probability=0.9,
        majority="",
        n_majority=1,
        n_ratings=2,
    )
    (label,) = rows(head, here, f"label-estimates/{run['id']}/labels/")
    assert (label["version"], label["label"], label["most_given"]) == (here.values["version_id"], "good", "")
    assert label["verdict"] in Verdict.values
    whole = f"label-estimates/{run['id']}/"
    assert ask(head, here, whole).json()["figures"] == {}
    assert ask(head, here, whole, Scope.READ).json()["code"] == "scope_needed", (
        "it tells of single annotators"
    )


def test_control_charts_name_the_captions_behind_a_signal_by_their_ids(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (told,) = rows(researcher, here, f"quality-reports/?kind=drift&schema={here.values['schema_id']}")
    assert rows(researcher, here, "quality-reports/?kind=feedback") == []
    figures = ask(researcher, here, f"quality-reports/{told['id']}/").json()["figures"]
    chart = figures["annotators"][here.values["person_id"]]["good"]
    assert chart["blocks"][0]["versions"] == [here.values["version_id"]]
    assert ask(researcher, here, f"quality-reports/{told['id']}/", Scope.READ).status_code == 403


def test_captions_that_may_say_too_little_are_told_with_the_answers_to_them(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (told,) = rows(researcher, here, "genericness/")
    assert (told["id"], told["n_yes"], told["n_open"]) == (here.values["check_id"], 0, 1)
    assert told["is_removed"] is None
    check = GenericnessCheck.objects.get(project=here.project)
    GenericnessDecision.objects.create(project=here.project, check_row=check, is_removed=True)
    assert rows(researcher, here, "genericness/")[0]["is_removed"] is True


def test_reported_pairs_are_told_without_who_reported_them(here: Populated) -> None:
    head = make.add_member(here.project, Role.HEAD)
    (told,) = rows(head, here, "pair-reports/?state=open")
    assert (told["id"], told["kind"]) == (here.values["report_id"], "broken")
    assert not {"reporter", "decided_by"} & set(told)
    assert rows(head, here, "pair-reports/?state=upheld") == []


def test_reports_of_models_are_told_once_their_job_is_done(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (told,) = rows(researcher, here, "machine-reports/?kind=calibration")
    whole = f"machine-reports/{told['id']}/"
    assert ask(researcher, here, whole).json()["figures"]["encoders"][0]["used"] == 8
    assert rows(researcher, here, "machine-reports/?kind=robustness") == []
    Job.objects.filter(public_id=told["job"]).update(state="running")
    assert rows(researcher, here, "machine-reports/") == []
    assert ask(researcher, here, whole).status_code == 404


def test_scores_from_elsewhere_are_told_with_every_figure_beside_a_benchmark(here: Populated) -> None:
    researcher = make.add_member(here.project, Role.RESEARCHER)
    (scores,) = rows(researcher, here, "score-sets/")
    assert (scores["name"], scores["n_scores"]) == ("VQAScore", 0)
    benchmark = here.values["evaluation_id"]
    (told,) = rows(researcher, here, f"score-comparisons/?benchmark={benchmark}")
    assert (told["score_set"], told["benchmark"]) == (scores["id"], benchmark)
    (figure,) = rows(researcher, here, f"score-comparisons/{told['id']}/figures/")
    assert (figure["encoder"], figure["figure"], figure["n"]) == ("here-encoder", "Spearman", 40)


def test_the_health_of_the_site_is_for_tokens_of_its_admins(here: Populated) -> None:
    site_admin = make.make_user(is_site_admin=True)
    secret = make.token_of(site_admin, None)
    headers = {"Authorization": f"Bearer {secret}"}
    told = Client().get("/api/v1/health/", headers=headers).json()
    assert {"name": "database", "is_well": True} in told["parts"]
    User.objects.filter(pk=site_admin.pk).update(is_superuser=False)
    assert Client().get("/api/v1/health/", headers=headers).status_code in {401, 403}
    admin = make.add_member(here.project, Role.ADMIN)
    headers = {"Authorization": f"Bearer {make.token_of(admin, here.project)}"}
    assert Client().get("/api/v1/health/", headers=headers).status_code == 403
