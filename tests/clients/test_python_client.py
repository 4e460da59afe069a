"""The Python client against the web server and a worker: a project, an import, judgments, a release."""

import sys
from pathlib import Path

import pytest
from polyannot_client import ApiError, JobFailed, JobSlow, Polyannot, PolyannotError

from annotation.models import Batch, CaptionVersion
from projects.models import Project, Role
from tests import factories as make
from tests.live import LiveProgram
from tests.populated import populate
from tests.releases.releasing import Small
from tests.study_rows import make_judged_project, make_study, researcher_of

pytestmark = pytest.mark.django_db(transaction=True)

IMAGES = ("heron", "otter", "reed")


def files(folder: Path) -> dict[str, Path]:
    """Write three pictures and a table with two captions of each and one of an image that is not there."""
    for place, key in enumerate(IMAGES):
        (folder / f"{key}.jpg").write_bytes(make.picture_bytes((80 * place, 90, 60)))
    lines = [
        "image_key,text",
        *(f"{key},The {key} of number {n}" for key in IMAGES for n in (1, 2)),
        "owl,Nobody",
    ]
    (folder / "captions.csv").write_text("\n".join(lines) + "\n")
    return {path.name: path for path in folder.iterdir()}


def test_a_script_makes_a_project_imports_opens_a_batch_and_reads_judgments(
    live_web: LiveProgram, live_default_worker: LiveProgram, tmp_path: Path
) -> None:
    site = Polyannot(live_web.url, make.token_of(make.make_user(is_site_admin=True), None))
    herons = site.create_project(name="Herons", slug="herons", description="Birds.")
    given = files(tmp_path)
    pictures = [given[f"{key}.jpg"] for key in IMAGES]
    trial = herons.wait(
        herons.import_files(images=pictures, captions=given["captions.csv"], trial=True),
        seconds=120,
        pause=0.2,
    )
    assert trial.result["captions"]["would_be_added"] == 6
    assert list(herons.images()) == []
    done = herons.wait(herons.import_tried(trial), seconds=120, pause=0.2)
    assert done.result["captions"]["added"] == 6
    assert [reason for _item, reason in herons.left_out(done)] != []
    assert [(row.file, row.line) for row in herons.refused(done)] == [("captions.csv", "8")]
    assert sorted(row["key"] for row in herons.images()) == sorted(IMAGES)
    assert len(list(herons.captions(in_pool=True))) == 6
    batch = herons.open_batch("Monday", 3)
    annotator = make.add_member(Project.objects.get(slug="herons"))
    assignment = make.claim(Batch.objects.get(public_id=batch["id"]), annotator)
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        make.judge(assignment, version, "good")
    frame = herons.judgments_frame()
    assert list(frame["label"]) == ["good", "good"]
    assert frame["duration_ms"].sum() == 3000
    assert set(frame["rater_id"]) == {"rater_01"}
    assert len(list(herons.judgments(batch=batch["id"], is_current=True))) == 2
    file = tmp_path / "experts.csv"
    file.write_text(
        "image_key,caption,rater_id,label\nheron,The heron of number 1,expert 1,4\nowl,Nobody,expert 1,2\n"
    )
    tried = herons.import_judgments(
        file, batch_name="Experts", schema_name="Grades", members={"expert 1": annotator.username}, trial=True
    )
    would = herons.judgment_import(herons.wait(tried, seconds=120, pause=0.2))
    assert (would.is_trial, would.n_new, would.n_refused, dict(would.raters)["members"]) == (True, 1, 1, 1)
    herons.wait(herons.import_tried(tried), seconds=120, pause=0.2)
    assert [(row.is_trial, row.n_new) for row in herons.judgment_imports()] == [(False, 1), (True, 1)]
    fix = herons.draft_fix("number", "place", ["other"], scope="q=heron")
    shown = list(herons.fix_preview(fix))
    assert [row["becomes"] for row in shown] == ["The heron of place 1", "The heron of place 2"]
    done_fix = herons.apply_fix(herons.leave_out(fix, [shown[0]["version"]]))
    assert done_fix["outcomes"] == {"left_out": 1, "changed": 1}
    assert herons.undo_fix(fix) == {"n_undone": 1, "n_kept": 0}
    with pytest.raises(ApiError) as refused:
        herons.open_batch("Tuesday", 1)
    assert (refused.value.status, refused.value.code) == (422, "batch_empty"), "every image is in a batch"


def test_a_script_asks_for_a_release_and_fetches_it_whole(
    live_web: LiveProgram, live_default_worker: LiveProgram, tmp_path: Path
) -> None:
    small = Small()
    project = Polyannot(live_web.url, make.token_of(small.admin, small.project)).project(small.project.slug)
    with pytest.raises(PolyannotError, match="no built release"):
        project.fetch_release("1.0.0", tmp_path / "none.zip")
    project.wait(project.ask_for_release("1.0.0", "CC-BY-4.0"), seconds=120, pause=0.2)
    (release,) = project.releases()
    assert (release.number, release.state, release.n_captions) == ("1.0.0", "built", 6)
    path = project.fetch_release("1.0.0", tmp_path / "release.zip")
    assert path.read_bytes()[:2] == b"PK"
    assert [file.name for file in tmp_path.iterdir()] == ["release.zip"]


def test_a_script_with_too_small_a_token_is_told_why(live_web: LiveProgram) -> None:
    project = make.make_project()
    secret = make.token_of(make.add_member(project, Role.HEAD), project, "read")
    reader = Polyannot(live_web.url, secret)
    assert list(reader.projects()) == [project.slug]
    with pytest.raises(ApiError) as refused:
        reader.project(project.slug).open_batch("Monday", 1)
    assert refused.value.code == "scope_needed"


def test_a_script_runs_a_job_by_its_kind_and_reads_people_history_and_results(
    live_web: LiveProgram, live_default_worker: LiveProgram
) -> None:
    here = populate("here")
    admin = make.add_member(here.project, Role.ADMIN)
    project = Polyannot(live_web.url, make.token_of(admin, here.project)).project("here")
    assert {kind.kind: kind.may_ask for kind in project.job_kinds()}["cleaning"] is True
    done = project.run("agreement", {"replicates": 100}, seed=7, seconds=120)
    assert [(part.state, part.n_items) for part in project.job_log(done)] == [("done", 1)]
    assert project.agreement_report(next(project.agreement())["id"])["n_items"] == 1
    asked = project.ask_for_job("similarities")
    assert project.ask_for_job("similarities").id == asked.id, "one that is active already"
    with pytest.raises(JobSlow):
        project.wait(asked, seconds=0, pause=0)
    stopped = project.cancel(asked)
    with pytest.raises(JobFailed, match="cancelled"):
        project.wait(stopped)
    again = project.retry(stopped)
    assert project.cancel(again).state == "cancelled"
    assert {person.role for person in project.people()} == {"annotator", "head", "admin"}
    assert next(project.history(act="question_asked")).person == here.values["person_id"]
    (question,) = project.questions(state="open")
    assert project.answer_question(question, "It counts.").state == "answered"
    with pytest.raises(ApiError, match="409"):
        Polyannot(
            live_web.url, make.token_of(make.add_member(here.project, Role.HEAD), here.project)
        ).project("here").answer_question(question, "It does not.")
    item = next(project.review_items(here.values["round_id"], state="waiting"))
    assert project.accept_item(item["id"])["state"] == "accepted"
    assert project.reopen_item(item["id"])["state"] == "waiting"
    assert project.return_item(item["id"], "Look again.")["comment"] == "Look again."
    newcomer = project.let_in(make.make_user().username, "annotator")
    assert project.set_role(newcomer, "head").role == "head"
    assert project.end_work(newcomer).ended_at is not None
    assert project.adjudicate(here.values["version_id"], "bad", seen="")["meaning"] == "bad"
    assert next(project.benchmarks())["id"] == here.values["evaluation_id"]
    assert project.benchmark_frame(here.values["evaluation_id"]).empty
    assert list(project.leaks_frame(here.values["leakage_id"])["check_made"]) == ["identical"]
    assert project.cleaned_frame(here.values["cleaning_id"]).empty
    assert project.voted_pairs_frame(here.values["vote_id"], level="easy")["yes_votes"].tolist() == [1]
    assert project.alignment(next(project.alignments())["id"])["base"] == "shipped:lite2"
    assert project.progress()["n_images"] == 1
    assert [row["rank"] for row in project.pages(f"samplings/{here.values['sampling_id']}/images/")] == [1]
    assert list(project.pages("samplings/", lambda row: int(row["seed"]))) == [1]
    assert project.frame("cleanings/")["parameters.least_jaccard"].notna().all()


def test_a_script_sets_up_a_webhook_with_its_secret_told_once_and_deletes_it(live_web: LiveProgram) -> None:
    project = make.make_project()
    admin = make.add_member(project, Role.ADMIN)
    herons = Polyannot(live_web.url, make.token_of(admin, project)).project(project.slug)
    made = herons.make_webhook("Lab", "https://listener.invalid/hook", ["job.done"])
    assert made.secret is not None
    assert [(row.id, row.secret) for row in herons.webhooks()] == [(made.id, None)]
    assert herons.renew_webhook_secret(made).secret not in {None, made.secret}
    sent = herons.test_webhook(made)
    assert [row.id for row in herons.deliveries(made)] == [sent.id]
    assert herons.switch_webhook(made, on=False).is_on is False
    assert herons.switch_webhook(made, on=True).is_on is True
    assert herons.delete_webhook(made) == 1
    assert list(herons.webhooks()) == []
    with pytest.raises(ApiError) as gone:
        herons.test_webhook(made)
    assert gone.value.status == 404


def test_a_script_takes_a_design_to_another_project_and_launches_it(
    live_web: LiveProgram, live_default_worker: LiveProgram, tmp_path: Path
) -> None:
    study = make_study(make_judged_project(images=7))
    other = make_judged_project(images=7, seed=2)
    here, there = (
        Polyannot(live_web.url, make.token_of(researcher_of(project), project)).project(project.slug)
        for project in (study.project, other)
    )
    design = here.study_design(str(study.public_id))
    draft = there.create_study("Again", design)
    assert (draft.title, draft.state, draft.seed) == ("Again", "draft", study.seed)
    tried = there.study_plan(draft.id, {"target_participants": 24})
    assert tried["numbers"]["answers_per_pair"] == 8
    changed = there.change_design(draft.id, {"settings": {"completion_code": "NEW"}})
    assert changed["settings"] == design["settings"] | {"completion_code": "NEW"}
    there.approve_study(draft.id, there.study_plan(draft.id)["fingerprint"])
    assert there.run_pilot(draft.id).kind == "study_results"
    assert there.add_set(draft.id, "Near", at_least=0.0)[-1]["name"] == "Near"
    assert there.launch_study(draft.id).launched_at is not None
    assert there.pause_study(draft.id).state == "paused"
    assert there.resume_study(draft.id).state == "launched"
    assert there.study(draft.id)["standing"]["target"] == 4
    assert there.preregistration(draft.id)["document"]["title"] == "Again"
    assert there.close_study(draft.id).closed_at is not None
    assert [row.id for row in there.studies()] == [draft.id]
    assert there.compute_figures(draft.id).kind == "study_results"
    here.wait(here.run_pilot(str(study.public_id)), seconds=120, pause=0.2)
    assert here.figures(str(study.public_id))["is_simulated"]
    frame = here.study_pairs_frame(str(study.public_id))
    assert (frame["interval.low"] <= frame["share"]).all()
    assert (len(frame), frame["n"].min() > 0) == (12, True)
    fetched = here.fetch_study_file(str(study.public_id), "pairs.csv", tmp_path / "pairs.csv")
    assert fetched.read_text().startswith("pair,image")
    with pytest.raises(ApiError):
        here.make_links(str(study.public_id), 2)


def test_the_client_is_a_package_of_its_own() -> None:
    folder = Path(__file__).parents[2] / "clients/python/polyannot_client"
    told = {
        line.split()[1].split(".")[0]
        for path in folder.glob("*.py")
        for line in path.read_text().splitlines()
        if line.strip().startswith(("import ", "from "))
    }
    assert told <= {*sys.stdlib_module_names, "polyannot_client", "httpx", "pandas"}
