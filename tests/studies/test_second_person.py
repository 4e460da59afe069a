"""A second person approves what they read; drafts are tried as participants will see them."""

import pytest
from django.test import Client

from accounts.models import User
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Role
from studies.drafting.approving import approve_study, fingerprint_of, set_policy
from studies.drafting.building import revise_study, write_text
from studies.drafting.contents import draft_choice
from studies.drafting.launching import launch_study
from studies.drafting.piloting import run_pilot
from studies.drafting.trying import begin_test_run
from studies.models import Answer, Participant, Study, StudyApproval, StudyPolicy
from tests.factories import add_member
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_study, researcher_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(db: None) -> Study:
    return make_study(make_judged_project(images=7))


def approve(study: Study, actor: User) -> None:
    study.refresh_from_db()
    approve_study(study=study, fingerprint=fingerprint_of(study, draft_choice(study)), actor=actor)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_who_launches_needs_somebody_else_s_approval_of_the_draft_as_it_stands(draft: Study) -> None:
    launcher, second = researcher_of(draft.project), researcher_of(draft.project)
    set_policy(project=draft.project, needs_approval=True, actor=None)
    approve(draft, launcher)
    with pytest.raises(Invalid, match="study_not_approved"):
        launch_study(study=draft, actor=launcher)
    approve(draft, second)
    write_text(study=draft, kind="consent", markdown="# Another text\n\n{purpose}", actor=launcher)
    with pytest.raises(Invalid, match="study_not_approved"):
        launch_study(study=draft, actor=launcher)
    approve(draft, second)
    launched = launch_study(study=draft, actor=launcher)
    assert launched.preregistration.document["is_approved_by_second_person"]
    assert "Read and approved by a second person." in launched.preregistration.markdown


def test_what_changed_while_it_was_read_is_not_approved(draft: Study) -> None:
    read = fingerprint_of(draft, draft_choice(draft))
    revise_study(study=draft, actor=None, values={"seed": 7})
    with pytest.raises(Conflict, match="study_changed"):
        approve_study(study=draft, fingerprint=read, actor=researcher_of(draft.project))
    assert not StudyApproval.objects.exists()


def test_an_admin_decides_and_the_pages_lead_through_the_approval(draft: Study) -> None:
    base = f"/p/{draft.project.slug}/studies/"
    researcher = researcher_of(draft.project)
    client, admin = signed_in(researcher), signed_in(add_member(draft.project, Role.ADMIN))
    assert client.post(f"{base}policy/", {"needs_approval": "yes"}).status_code == 403
    assert "Ask for approval" in admin.get(base).text
    admin.post(f"{base}policy/", {"needs_approval": "yes"})
    assert StudyPolicy.objects.get().needs_approval
    place = f"{base}{draft.public_id}/"
    assert "Somebody else has to read and approve" in client.post(f"{place}launch/").text
    fingerprint = fingerprint_of(draft, draft_choice(draft))
    told = admin.post(f"{place}approve/", {"fingerprint": fingerprint}, follow=True).text
    assert "Approved as it stands" in told
    assert client.post(f"{place}launch/").status_code == 302
    admin.post(f"{base}policy/", {"needs_approval": "no"})
    assert not StudyPolicy.objects.get().needs_approval


def test_a_draft_is_tried_by_link_and_stays_missing_to_everybody_else(draft: Study) -> None:
    secret = begin_test_run(study=draft, actor=None)
    door = f"/s/{draft.slug}/"
    assert ParticipantDriver(ClientVisitor(), door).arrive().status == 404
    assert ParticipantDriver(ClientVisitor(), door).arrive("?link=made-up").status == 404
    tester = ParticipantDriver(ClientVisitor(), door)
    assert "C1X2Y3" in tester.take_part(honest, query=f"?link={secret}").text
    assert Answer.objects.count() == 7
    assert begin_test_run(study=draft, actor=None) != secret
    assert Participant.objects.filter(is_test=True).count() == 2
    revise_study(study=draft, actor=None, values={"hard_pairs": 8})
    draft.refresh_from_db()
    begin_test_run(study=draft, actor=None)
    assert Participant.objects.filter(is_test=True).count() == 1
    assert not Answer.objects.exists()


def test_a_test_run_over_numbers_that_fit_no_more_is_sent_away_in_words(draft: Study) -> None:
    secret = begin_test_run(study=draft, actor=None)
    tester = ParticipantDriver(ClientVisitor(), f"/s/{draft.slug}/")
    tester.arrive(f"?link={secret}")
    revise_study(study=draft, actor=None, values={"pairs_per_participant": 400})
    assert "no new participants" in tester.consent().text
    draft.refresh_from_db()
    with pytest.raises(Invalid):
        begin_test_run(study=draft, actor=None)


def test_launch_pilot_and_a_button_delete_test_runs(draft: Study) -> None:
    begin_test_run(study=draft, actor=None)
    run_pilot(study=draft, actor=None)
    assert not Participant.objects.filter(is_test=True).exists()
    begin_test_run(study=draft, actor=None)
    launched = launch_study(study=draft, actor=None)
    assert not Participant.objects.exists()
    begin_test_run(study=launched, actor=None)
    client = signed_in(researcher_of(draft.project))
    place = f"/p/{draft.project.slug}/studies/{draft.public_id}/"
    assert "Delete them" in client.get(place).text
    assert "1 test run was deleted" in client.post(f"{place}tests/delete/", follow=True).text
    assert not Participant.objects.exists()
