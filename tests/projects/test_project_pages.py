"""Pages of jobs, people, settings, history and the site: what they show and what they change."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from projects.models import Event, Job, JobChunk, JobFailure, Membership, Project, Role
from projects.queue import enqueue
from tests.factories import PASSWORD, add_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project("here")


@pytest.fixture
def admin(client: Client, project: Project) -> User:
    user = add_member(project, Role.ADMIN)
    client.force_login(user)
    return user


def job_of(project: Project, asked_by: User | None = None) -> Job:
    return enqueue(kind="import", project=project, parameters={"n": 1}, asked_by=asked_by)


def test_a_job_is_shown_with_what_it_left_out_and_the_list_as_csv(
    client: Client, project: Project, admin: User
) -> None:
    job = job_of(project)
    JobFailure.objects.create(job=job, item="captions.csv line 7", reason="The caption has no text.")
    JobFailure.objects.create(job=job, item="=SUM(1)", reason="A name like a formula.")
    page = client.get(f"/p/here/jobs/{job.public_id}/").content.decode()
    assert "captions.csv line 7" in page
    sheet = b"".join(client.get(f"/p/here/jobs/{job.public_id}/left-out.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "captions.csv line 7,The caption has no text." in sheet
    assert "'=SUM(1)" in sheet
    assert client.get("/p/here/jobs/").status_code == 200


def test_the_log_of_a_job_shows_its_parts_the_latest_first_and_which_were_begun_again(
    client: Client, project: Project, admin: User
) -> None:
    job = enqueue(kind="import", project=project, parameters={"names": ["one"]}, asked_by=admin)
    address = f"/p/here/jobs/{job.public_id}/"
    before = client.get(address).content.decode()
    assert "job-log" not in before, "nothing was begun"
    began = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(pk=job.pk).update(state="running", started_at=began)
    for position in range(60):
        JobChunk.objects.create(
            job=job,
            position=position,
            phase=position // 30,
            items=[1, 2, 3],
            state="done" if position < 55 else "waiting",
            attempts=3 if position == 54 else 1,
            started_at=began + timedelta(seconds=position) if position < 55 else None,
            ended_at=began + timedelta(seconds=position + 7) if position < 55 else None,
        )
    answer = client.get(address)
    page, log = answer.content.decode(), answer.context["log"]
    assert (log.n, log.n_begun, log.n_again, len(log.parts)) == (60, 55, 1, 50)
    latest = log.parts[0]
    assert (latest.part.position, latest.n_items, latest.took, latest.part.attempts) == (
        54,
        3,
        "7 seconds",
        3,
    )
    assert "55 were begun, 1 of them again" in page
    assert f'href="{address}#job-log"' in page


def test_a_job_asks_for_its_progress_while_it_is_active_and_loads_anew_when_it_ends(
    client: Client, project: Project, admin: User
) -> None:
    job = job_of(project)
    address = f"/p/here/jobs/{job.public_id}/progress"
    running = client.get(address)
    assert f'hx-get="{address}"' in running.content.decode()
    assert "HX-Refresh" not in running
    Job.objects.filter(pk=job.pk).update(state="done")
    assert client.get(address)["HX-Refresh"] == "true"


def test_a_job_is_stopped_and_asked_for_again_by_an_admin_or_the_one_who_asked(
    client: Client, project: Project, admin: User
) -> None:
    researcher = add_member(project, Role.RESEARCHER)
    job = job_of(project, asked_by=admin)
    client.force_login(researcher)
    assert client.post(f"/p/here/jobs/{job.public_id}/cancel").status_code == 403
    client.force_login(admin)
    assert client.get(f"/p/here/jobs/{job.public_id}/cancel").status_code == 405
    client.post(f"/p/here/jobs/{job.public_id}/cancel")
    job.refresh_from_db()
    assert job.state == "cancelled"
    client.post(f"/p/here/jobs/{job.public_id}/retry")
    again = Job.objects.latest("pk")
    assert (again.parameters, again.state) == (job.parameters, "waiting")


def test_people_are_let_in_given_another_role_and_let_go(
    client: Client, project: Project, admin: User
) -> None:
    person = make_user("newcomer")
    assert client.post("/p/here/people/", {"username": "nobody", "role": "head"}).status_code == 422
    client.post("/p/here/people/", {"username": "newcomer", "role": "annotator"})
    assert client.post("/p/here/people/", {"username": "newcomer", "role": "head"}).status_code == 422
    client.post(f"/p/here/people/{person.public_id}/role", {"role": "head"})
    membership = Membership.objects.get(project=project, user=person)
    assert (membership.role, membership.ended_at) == ("head", None)
    client.post(f"/p/here/people/{person.public_id}/end")
    membership.refresh_from_db()
    assert membership.ended_at is not None
    assert "newcomer" in client.get("/p/here/people/").content.decode()


def test_the_last_admin_stays(client: Client) -> None:
    only = make_user()
    make_project("alone", admin=only)
    client.force_login(only)
    assert client.post(f"/p/alone/people/{only.public_id}/end").status_code == 409


def test_settings_are_saved_and_the_history_names_the_columns(
    client: Client, project: Project, admin: User
) -> None:
    values = {"name": "Another name", "description": "", "judged_target": 10, "good_target": 4}
    assert client.post("/p/here/settings/", values).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.judged_target, project.good_target) == ("Another name", 10, 4)
    event = Event.objects.get(act="settings_changed")
    assert set(event.fields.split(",")) == {"name", "judged_target", "good_target"}
    assert client.post("/p/here/settings/", values | {"good_target": 0}).status_code == 422


def test_the_history_is_filtered_and_exported(client: Client, project: Project, admin: User) -> None:
    add_member(project)
    page = client.get("/p/here/history/?act=role_set").content.decode()
    assert ">role set</td>" in page
    assert ">membership " in page
    assert "guidelines published</td>" not in page
    sheet = b"".join(client.get("/p/here/history.csv?act=role_set").streaming_content).decode()  # type: ignore[attr-defined]
    assert sheet.splitlines()[0] == "at,who,act,row_type,row_id,fields"
    assert all(",role_set," in line for line in sheet.splitlines()[1:])
    assert client.get("/p/here/history/?person=nonsense").status_code == 200


def test_a_site_admin_makes_an_account_whose_password_is_shown_once_and_works(client: Client) -> None:
    boss = make_user(is_site_admin=True)
    client.force_login(boss)
    answer = client.post("/site/accounts/", {"username": "fresh", "display_name": "Fresh"})
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert password not in client.get("/site/accounts/").content.decode()
    assert Client().login(username="fresh", password=password)
    assert client.post("/site/accounts/", {"username": "fresh"}).status_code == 422
    assert client.post("/site/accounts/", {"username": "with space"}).status_code == 422
    assert Event.objects.filter(act="account_created", actor=boss).count() == 1


def test_a_closed_account_cannot_sign_in_and_is_signed_out(client: Client) -> None:
    boss, person = make_user(is_site_admin=True), make_user("leaver")
    theirs = Client()
    theirs.login(username="leaver", password=PASSWORD)
    client.force_login(boss)
    client.post(f"/site/accounts/{person.public_id}/close")
    assert theirs.get("/").status_code == 302
    assert not Client().login(username="leaver", password=PASSWORD)
    assert client.post(f"/site/accounts/{person.public_id}/close").status_code == 409
    client.post(f"/site/accounts/{person.public_id}/open")
    assert Client().login(username="leaver", password=PASSWORD)
    assert client.post(f"/site/accounts/{boss.public_id}/close").status_code == 409


def test_a_new_password_ends_the_sessions_of_the_old_one(client: Client) -> None:
    boss, person = make_user(is_site_admin=True), make_user("forgetful")
    theirs = Client()
    theirs.login(username="forgetful", password=PASSWORD)
    client.force_login(boss)
    password = client.post(f"/site/accounts/{person.public_id}/password").context["password"]
    assert theirs.get("/accounts/password/").status_code == 302
    assert Client().login(username="forgetful", password=password)


def test_a_site_admin_makes_a_project_and_sees_jobs_and_health_but_no_answers(client: Client) -> None:
    boss, owner = make_user(is_site_admin=True), make_user("owner")
    client.force_login(boss)
    values = {"name": "New", "slug": "new", "description": "", "admin": "owner"}
    assert client.post("/site/projects/new", values | {"admin": "nobody"}).status_code == 422
    assert client.post("/site/projects/new", values).status_code == 302
    assert client.post("/site/projects/new", values).status_code == 422
    project = Project.objects.get(slug="new")
    assert Membership.objects.get(project=project).user == owner
    job_of(project)
    for address in ("/site/", "/site/jobs/", "/site/health/", "/site/accounts/"):
        assert client.get(address).status_code == 200
    assert client.get("/p/new/images/").status_code == 404


def test_the_job_page_keeps_to_few_queries(
    client: Client, project: Project, admin: User, django_assert_max_num_queries: object
) -> None:
    for number in range(20):
        enqueue(kind="import", project=project, parameters={"n": number}, asked_by=admin)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        client.get("/p/here/jobs/")


def test_an_erased_account_leaves_its_work_under_a_pseudonym(client: Client) -> None:
    boss, person = make_user(is_site_admin=True), make_user("somebody")
    project = make_project("here")
    add_member(project, user=person)
    theirs = Client()
    theirs.force_login(person)
    client.force_login(boss)
    client.post(f"/site/accounts/{person.public_id}/erase")
    person.refresh_from_db()
    assert str(person) == f"erased-{person.public_id.hex[:12]}"
    assert (person.is_active, person.has_usable_password(), person.last_login) == (False, False, None)
    assert not person.memberships.filter(ended_at=None).exists()
    assert theirs.get("/").status_code == 302
    assert client.post(f"/site/accounts/{person.public_id}/open").status_code == 404
    assert Event.objects.filter(act="account_erased", actor=boss).count() == 1


def test_neither_ones_own_account_nor_the_last_admin_of_a_project_is_erased(client: Client) -> None:
    boss, admin = make_user(is_site_admin=True), make_user("only-admin")
    make_project("here", admin=admin)
    client.force_login(boss)
    for person in (boss, admin):
        assert client.post(f"/site/accounts/{person.public_id}/erase").status_code == 409
        person.refresh_from_db()
        assert (person.erased_at, person.is_active) == (None, True)


def test_a_form_that_is_out_of_date_says_so_in_words(project: Project) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(add_member(project, Role.ADMIN))
    answer = browser.post("/p/here/settings/", {"name": "Another"})
    assert answer.status_code == 403
    assert "This form can no longer be sent" in answer.content.decode()
    assert "CSRF" not in answer.content.decode()


def test_what_the_server_cannot_read_is_refused_in_words(client: Client) -> None:
    answer = client.get("/", headers={"host": "somewhere else"})
    assert answer.status_code == 400
    assert "The server could not read this" in answer.content.decode()


def test_a_changed_password_is_said_to_be_changed(client: Client, admin: User) -> None:
    typed = {"old_password": PASSWORD, "new_password1": "quite-another-1", "new_password2": "quite-another-1"}
    page = client.post("/accounts/password/", typed, follow=True).content.decode()
    assert "Your password was changed." in page
