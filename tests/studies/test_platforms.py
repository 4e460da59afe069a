"""What a platform's link says, where its people go back to, and how their ids are sealed."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django.fixtures import Settings

from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.sealing import seal, unseal
from studies.drafting.launching import launch_study
from studies.models import Participant, PlatformIdentity, Study
from studies.taking.enrolling import arrive
from studies.taking.identities import platform_id
from studies.taking.keys import new_secret
from studies.taking.platforms import (
    PlatformVisit,
    code_for,
    entry_query,
    is_preview,
    return_address,
    visit_from,
)
from tests.study_rows import make_judged_project, make_open_study, make_study

PROLIFIC = Study(recruiting="prolific", completion_code="C1")
OTHER = Study(
    recruiting="other",
    id_parameter="worker",
    session_parameter="assignment",
    return_url="https://platform.example/back?c={code}&w={pid}",
)


def test_names_are_read_as_the_platform_writes_them_and_strangers_ignored() -> None:
    query = {"PROLIFIC_PID": " p1 ", "STUDY_ID": "s1", "SESSION_ID": "x1", "utm": "?"}
    assert visit_from(query, PROLIFIC) == PlatformVisit("p1", "s1", "x1")
    assert visit_from({"prolific_pid": "p1"}, PROLIFIC) is None
    assert visit_from({"worker": "w1", "assignment": "a1"}, OTHER) == PlatformVisit("w1", "", "a1")
    assert visit_from(query, OTHER) is None


@pytest.mark.parametrize(
    "person",
    [
        "",
        "{{%PROLIFIC_PID%}}",
        "{%PROLIFIC_PID%}",
        "${workerId}",
        "[id]",
        "ASSIGNMENT_ID_NOT_AVAILABLE",
        "x" * 121,
    ],
)
def test_a_gap_that_nobody_filled_is_a_preview(person: str) -> None:
    assert is_preview(person)


def test_the_link_for_the_platform_has_its_gaps() -> None:
    gaps = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    assert entry_query(PROLIFIC) == f"?{gaps}"
    assert entry_query(OTHER) == "?worker=...&assignment=..."
    assert entry_query(Study()) == ""


def test_people_go_back_by_the_template_with_code_and_id_escaped() -> None:
    assert return_address(OTHER, "w/1", "A&B") == "https://platform.example/back?c=A%26B&w=w%2F1"
    assert return_address(PROLIFIC, "p1", "C1") == "https://app.prolific.com/submissions/complete?cc=C1"
    assert return_address(PROLIFIC, "p1", "") == ""
    assert return_address(Study(return_url="javascript:alert(1)"), "p", "C1") == ""


def test_a_code_follows_from_the_outcome_and_rules_cost_nobody_their_pay() -> None:
    study = Study(completion_code="C", declined_code="D")
    assert code_for(study, Participant(state="declined")) == "D"
    assert code_for(study, Participant(state="finished", is_excluded=True)) == "C"
    study.attention_code = "A"
    assert code_for(study, Participant(state="finished", is_excluded=True)) == "A"
    assert code_for(study, Participant(state="finished")) == "C"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"recruiting": "prolific", "completion_code": ""}, "Prolific needs a completion code"),
        ({"recruiting": "other"}, "Name the parameter"),
        ({"return_url": "javascript:alert(1)"}, "must begin with https"),
        ({"declined_code": "C1X2Y3"}, "a code of its own"),
    ],
)
def test_a_study_whose_people_could_not_be_paid_is_not_launched(values: dict[str, Any], words: str) -> None:
    study = make_study(make_judged_project(images=7), **values)
    with pytest.raises(Invalid) as refusal:
        launch_study(study=study, actor=None)
    assert words in str(refusal.value.message)


def test_what_is_sealed_opens_with_any_of_the_keys_and_with_no_other(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.PERSONAL_DATA_KEYS = [old]
    sealed = seal("somebody")
    assert "somebody" not in sealed
    assert sealed != seal("somebody")
    settings.PERSONAL_DATA_KEYS = [new, old]
    assert unseal(sealed) == "somebody"
    settings.PERSONAL_DATA_KEYS = [new]
    assert unseal(sealed) is None
    assert unseal("nothing of ours") is None
    settings.PERSONAL_DATA_KEYS = ["no key"]
    with pytest.raises(ImproperlyConfigured):
        seal("somebody")


@pytest.mark.django_db
def test_ids_outlive_a_change_of_key_and_are_never_two_people(settings: Settings) -> None:
    study = make_open_study(make_judged_project(images=7), recruiting="prolific")
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.PERSONAL_DATA_KEYS = [old]
    person = arrive(study=study, secret=new_secret(), visit=PlatformVisit("p1", "s1", "x1"))
    settings.PERSONAL_DATA_KEYS = [new, old]
    with pytest.raises(Conflict):
        arrive(study=study, secret=new_secret(), visit=PlatformVisit("p1"))
    call_command("reseal_personal_data", verbosity=0)
    settings.PERSONAL_DATA_KEYS = [new]
    assert platform_id(person) == "p1"
    with pytest.raises(Conflict):
        arrive(study=study, secret=new_secret(), visit=PlatformVisit("p1"))
    assert PlatformIdentity.objects.count() == 1
