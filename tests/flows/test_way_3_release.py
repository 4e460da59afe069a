"""One pair, the whole way, third part: models vote, five captions are chosen, people are asked, a release is built."""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotation.machine.ml_requests import ask_for_diversity
from annotation.models import CaptionChoice, DifficultyRun, DifficultyVote, Image, ImageChoice
from annotation.progress.verdicts import good_versions
from projects.models import Job, Project, Role
from projects.models.jobs import JobState
from releases.verifying import verify
from studies.models import Answer, Participant, Study, StudyResult
from tests import factories as make
from tests.flows.participants import ClientVisitor, HttpVisitor, ParticipantDriver, honest
from tests.flows.way import PATIENCE, Seat, TakeSeat, judged, photographed
from tests.live import LiveProgram
from tests.ml_workers.working import ended
from tests.study_rows import CONSENT, make_judged_project, make_open_study, researcher_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHIPPED = ("shipped:lite0", "shipped:lite1", "shipped:lite2")
# By their votes of three: all for easy, none for hard.
LEVELS = {3: "easy", 2: "medium", 1: "medium", 0: "hard"}


def test_stage_6_three_shipped_models_vote_and_five_diverse_captions_are_chosen(
    seat: TakeSeat, live_workers: Mapping[str, LiveProgram]
) -> None:
    project = photographed(judged_target=50)
    judged(project)
    good = set(good_versions(project).values_list("pk", flat=True))
    head = seat(project, make.add_member(project, Role.HEAD))
    voted(head, good)
    chosen(seat(project, researcher_of(project)), good)


def voted(head: Seat, good: set[int]) -> None:
    """Ask for a vote on the page; page and rows must agree."""
    page = head.open("difficulty")
    page.get_by_role("button", name="New vote").click()
    page.get_by_role("dialog").get_by_role("button", name="Vote", exact=True).click()
    expect(page.get_by_role("heading", name=f"{len(good)} pairs")).to_be_visible(timeout=PATIENCE)
    run = DifficultyRun.objects.get(project=head.project)
    votes = DifficultyVote.objects.filter(run=run).select_related("threshold__encoder")
    assert Counter(vote.threshold.encoder.name for vote in votes) == dict.fromkeys(SHIPPED, len(good))
    assert all(vote.is_yes == (vote.cosine >= vote.threshold.cosine) for vote in votes)
    yes = Counter(vote.version_id for vote in votes if vote.is_yes)
    rows = {row.version_id: row for row in run.difficulties.all()}
    assert set(rows) == good
    assert all(row.level == LEVELS[yes[pk]] and row.n_votes == 3 for pk, row in rows.items())
    for level, n in Counter(row.level for row in rows.values()).items():
        stat = page.locator(".stat").filter(has_text=level.title())
        expect(stat).to_contain_text(f"{n} of {len(good)}")
    voters = page.get_by_role("region", name="Voters").last
    for name in SHIPPED:
        expect(voters).to_contain_text(name)


def chosen(researcher: Seat, good: set[int]) -> None:
    """Ask for the choice on the page; page and rows must agree, and random captions stand beside."""
    page = researcher.open("choices")
    page.get_by_role("button", name="Choose anew").click()
    page.get_by_role("dialog").get_by_role("button", name="Choose", exact=True).click()
    expect(page.get_by_text("Similarity of random ones")).to_be_visible(timeout=PATIENCE)
    choices = list(ImageChoice.objects.filter(project=researcher.project, is_current=True))
    assert len(choices) == 2
    for choice in choices:
        versions = [row.version for row in choice.captions.all()]
        assert len({version.pk for version in versions}) == 5
        assert all(version.pk in good and version.image_id == choice.image_id for version in versions)
        assert choice.is_complete
        assert choice.mean_similarity is not None
        assert choice.random_mean_similarity is not None
        assert choice.mean_similarity <= choice.random_mean_similarity
        shown = page.locator(".pair").filter(has_text=versions[0].text)
        expect(shown.locator(".pair__chosen li")).to_have_count(5)
        expect(shown).to_contain_text(
            f"mean pairwise cosine {choice.mean_similarity:.3f}, "
            f"random ones {choice.random_mean_similarity:.3f}; {choice.n_good} good captions"
        )


DESIGN = {
    "hard_pairs": 6,
    "medium_pairs": 0,
    "easy_pairs": 0,
    "pairs_per_participant": 3,
    "distractors_in_study": 2,
    "distractors_per_participant": 1,
    "controls_in_study": 1,
    "controls_per_participant": 1,
    "target_participants": 8,
    "max_distractors_good": 0,
    "pay_each": 2,
}


def test_stage_7_a_study_is_built_in_the_browser_answered_over_http_and_its_results_computed(
    seat: TakeSeat, live_web: LiveProgram, live_default_worker: LiveProgram
) -> None:
    project = make_judged_project(images=6)
    researcher = seat(project, researcher_of(project))
    page = researcher.page
    study = built(researcher)
    link = page.locator("#survey-link").inner_text()
    assert link.startswith(live_web.url)
    door = "/" + link.removeprefix(live_web.url)
    for _participant in range(8):
        person = ParticipantDriver(HttpVisitor(live_web.url), door)
        assert person.take_part(honest).status == 200
        assert person.withdrawal_code

    page.reload()
    expect(page.get_by_text("every pair has at least 4 of 4 answers")).to_be_visible()
    page.get_by_role("link", name="Results", exact=True).click()
    page.get_by_role("button", name="Compute the figures").click()
    share = page.locator(".stat--lead").filter(has_text="Mean over pairs")
    expect(share).to_be_visible(timeout=PATIENCE)
    expect(share).to_contain_text("100.0%")
    expect(share).to_contain_text("6 pairs, 8 people, 95% ")
    alarms = page.locator(".stat").filter(has_text="Distractors called good")
    expect(alarms).to_contain_text("n = 8, 95% ")
    gallery = page.get_by_role("region", name="Every pair, lowest share first").last
    expect(gallery.get_by_text("human agreement, 4/4")).to_have_count(6)
    expect(gallery.get_by_text("95% 51.0 to 100.0%")).to_have_count(6)

    assert Participant.objects.filter(study=study, state="finished").count() == 8
    assert Answer.objects.count() == 8 * (3 + 1 + 1)
    result = StudyResult.objects.get(study=study)
    table = result.figures["everybody"]["table"][0]
    assert (table["ratings"], table["fewest"], table["most"]) == (24, 4, 4)


def built(researcher: Seat) -> Study:
    """Build a small study by the pages and launch it; its monitor is open then."""
    page = researcher.open("studies")
    page.get_by_role("link", name="New study").first.click()
    page.get_by_label("Title").fill("Do people agree?")
    page.get_by_role("button", name="Create").click()
    for name, value in {**DESIGN, **CONSENT}.items():
        page.locator(f"#id_{name}").fill(str(value))
    page.locator(f"#id_{list(CONSENT)[-1]}").press("Tab")
    panel = page.locator("#plan-panel")
    expect(panel.locator(".stat--lead")).to_contain_text("Answers for each pair")
    expect(panel.locator(".stat--lead .stat__value")).to_have_text("4")
    assert Study.objects.get().target_participants != DESIGN["target_participants"], "a look saves nothing"
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="To the launch").click()
    page.get_by_role("button", name="Launch the study").click()
    expect(page.locator("#survey-link")).to_be_visible()
    study = Study.objects.get()
    assert study.state == "launched"
    assert all(getattr(study, name) == value for name, value in DESIGN.items())
    return study


def ready_for_release() -> Project:
    """Return a project with five chosen captions for each of six images, evaluated by people."""
    project = make_judged_project(images=6, good=5)
    Image.objects.filter(project=project).update(
        licence="CC0-1.0", attribution="Photograph: unknown, CC0.", may_redistribute=True
    )
    study = make_open_study(project, hard_pairs=4, target_participants=6)
    for _participant in range(6):
        ParticipantDriver(ClientVisitor(), f"/s/{study.slug}/").take_part(honest)
    job = ended(ask_for_diversity(project=project, actor=None, parameters={}))
    assert (job.state, job.error) == (JobState.DONE, "")
    return project


def test_stage_8_an_admin_sees_the_preflight_and_a_worker_builds_a_release_that_verifies(
    seat: TakeSeat, live_workers: Mapping[str, LiveProgram], tmp_path: Path
) -> None:
    project = ready_for_release()
    admin = seat(project, make.add_member(project, Role.ADMIN))
    page = admin.open("releases")
    page.get_by_role("link", name="New release").click()
    expect(page.locator(".checks")).to_contain_text("30 chosen captions name no terms of their source.")
    expect(page.locator(".check--failed")).to_have_count(0)
    page.get_by_label("Licence of captions and labels").fill("CC-BY-4.0")
    page.get_by_role("button", name="Freeze and build").click()
    page.get_by_role("link", name="0.1.0").click(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Release 0.1.0")).to_be_visible()
    path = downloaded(page, tmp_path)

    assert Job.objects.get(kind="release").state == JobState.DONE
    assert verify(path).problems == ()
    with zipfile.ZipFile(path) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    counts = json.loads(files["manifest.json"])["counts"]
    assert (counts["images"], counts["image_files"], counts["captions"]) == (6, 6, 30)
    assert len(files["SHA256SUMS"].splitlines()) == len(files), "one for each file but itself, after the mark"
    captions = rows_of(files["captions.csv"])
    chosen_texts = set(CaptionChoice.objects.values_list("version__text", flat=True))
    assert {row["text"] for row in captions} == chosen_texts
    assert {row["difficulty"] for row in captions} == {"easy", "medium", "hard"}
    evaluated = rows_of(files["human_evaluation.csv"])
    assert len(evaluated) == counts["human_evaluations"] > 0
    assert {(row["n"], row["n_good"], row["is_simulated"]) for row in evaluated} == {("6", "6", "false")}
    assert all(0 < float(row["low"]) < float(row["high"]) <= 1 for row in evaluated)


def downloaded(page: Page, folder: Path) -> Path:
    """Download the release of the page in the browser."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download", exact=True).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def rows_of(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a table of the release."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
