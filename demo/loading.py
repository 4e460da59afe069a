"""Loading the demonstration: one stage after the other, each done once, so that a loading cut short goes on."""

import csv
import io
from pathlib import Path

from accounts.demo import DEMO_ACCOUNTS
from accounts.models import User
from annotation.agreement.reports import request_report
from annotation.importing.requesting import IMPORT, GivenFile, request_import
from annotation.machine.difficulty.robustness import ask_for_robustness
from annotation.machine.ml_requests import (
    ask_for_calibration,
    ask_for_difficulty,
    ask_for_diversity,
    ask_for_evaluation,
    ask_for_similarities,
)
from annotation.models import Batch, DifficultyRun, EvaluationRun, ImageChoice, Similarity
from annotation.rules.starting import start_project
from annotation.working.opening import open_batch
from demo import content, knowing, playing, studying, talking
from demo.waiting import Say, wait_for
from projects.founding import set_role
from projects.models import Project
from projects.models.jobs import JobState
from releases.freezing import ask_for_release
from releases.preflight import preflight

SLUG = "demo"
SEED = 20241122
# Of the 15 photographs one annotator has judged so many, the other so many; both left their last one half done.
IMAGES_A, IMAGES_B, LEFT_OPEN = 13, 11, 5
SHOWN_CAPTIONS = 14
ADJUDICATED_SHARE = 0.7
# Fifteen photographs: a batch of about as many pairs, so that it holds each of them about once.
CALIBRATION_BATCH = 16
CAPTION_LICENCE = "Apache-2.0"


def load_demo(*, say: Say) -> Project:
    """Make the demo project with everything that its pages show; harmless when it is there already."""
    people = _people()
    project = _project(people)
    _content(project, people, say)
    _work(project, people, say)
    _numbers(project, people, say)
    studying.load_studies(project=project, researcher=people["researcher"], say=say)
    _release(project, people, say)
    return project


def _people() -> dict[str, User]:
    """Return the demo accounts by sign-in name, made where missing."""
    people = {}
    for account in DEMO_ACCOUNTS:
        user = User.objects.filter(username=account.username).first()
        if user is None:
            make = User.objects.create_user if account.project_role else User.objects.create_superuser
            user = make(account.username, account.password, display_name=account.display_name)
        people[account.username] = user
    return people


def _project(people: dict[str, User]) -> Project:
    project = Project.objects.filter(slug=SLUG).first()
    if project is None:
        project = start_project(
            slug=SLUG,
            name="Image polysemy, a small demonstration",
            description="Fifteen photographs with free licences, each with captions that fit it in many ways.",
            guidelines=(content.FOLDER / "guidelines.md").read_text(encoding="utf-8"),
            admin=people["admin"],
            actor=people["site-admin"],
            is_demo=True,
            seed=SEED,
        )
        Project.objects.filter(pk=project.pk).update(judged_target=SHOWN_CAPTIONS)
        project.refresh_from_db()
    members = set(project.memberships.values_list("user__username", flat=True))
    for account in DEMO_ACCOUNTS:
        if account.project_role and account.username not in members:
            user = people[account.username]
            set_role(project=project, user=user, role=account.project_role, actor=people["admin"])
    return project


def _content(project: Project, people: dict[str, User], say: Say) -> None:
    if not project.jobs.filter(kind=IMPORT, state=JobState.DONE).exists():
        say("Importing photographs and captions ...")
        wait_for(
            request_import(
                project=project,
                actor=people["admin"],
                images=[GivenFile(f"images/{path.name}", path) for path in sorted(_pictures())],
                metadata=GivenFile("images.csv", _image_table()),
                captions=GivenFile("captions.csv", _caption_table()),
            )
        )
    if not project.batches.exists():
        open_batch(
            project=project,
            name="First round",
            images=project.images.order_by("position", "pk"),
            overlap=2,
            actor=people["head"],
            seed=SEED,
        )


def _pictures() -> list[Path]:
    return list((content.FOLDER / "images").glob("*.jpg"))


def _table(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _image_table() -> bytes:
    return _table([{**row, "may_redistribute": "yes"} for row in content.rows_of("images.csv")])


def _caption_table() -> bytes:
    """Return the captions without what only the script may know."""
    return _table(
        [
            {
                "image_key": caption.image_key,
                "caption_key": caption.caption_key,
                "text": caption.text,
                "source": caption.source,
                "licence": CAPTION_LICENCE,
            }
            for caption in content.captions()
        ]
    )


def _work(project: Project, people: dict[str, User], say: Say) -> None:
    """Play what two annotators and a head annotator have done so far."""
    batch: Batch = project.batches.get(name="First round")
    known = {caption.caption_key: caption for caption in content.captions()}
    if not project.review_rounds.exists():
        say("Playing the work of two annotators and a head annotator ...")
        for name, images in (("annotator-a", IMAGES_A), ("annotator-b", IMAGES_B)):
            playing.play_annotator(
                batch=batch,
                annotator=people[name],
                known=known,
                images=images,
                leave_open=LEFT_OPEN,
                seed=SEED,
            )
        playing.play_review(batch=batch, head=people["head"], known=known, seed=SEED)
        playing.play_adjudication(project=project, head=people["head"], known=known, share=ADJUDICATED_SHARE)
        knowing.play_examples(project=project, head=people["head"])
        talking.play_talk(
            batch=batch, asker=people["annotator-a"], other=people["annotator-b"], head=people["head"]
        )
    if not project.agreement_reports.exists():
        say("Computing agreement ...")
        wait_for(request_report(project=project, asked_by=people["head"]))


def _numbers(project: Project, people: dict[str, User], say: Say) -> None:
    """Have the workers compute similarities, difficulty, the diverse captions and a benchmark."""
    head = people["head"]
    if not Similarity.objects.filter(project=project).exists():
        say("Computing similarities with the shipped models ...")
        wait_for(ask_for_similarities(project=project, actor=head))
    if not DifficultyRun.objects.filter(project=project).exists():
        say("Calibrating on the good pairs and voting on difficulty ...")
        wait_for(
            ask_for_calibration(project=project, actor=head, parameters={"batch_size": CALIBRATION_BATCH})
        )
        wait_for(ask_for_difficulty(project=project, actor=head, parameters={}))
    if not ImageChoice.objects.filter(project=project).exists():
        say("Choosing diverse captions ...")
        wait_for(ask_for_diversity(project=project, actor=head, parameters={}))
    if not EvaluationRun.objects.filter(project=project).exists():
        say("Benchmarking the shipped models ...")
        wait_for(ask_for_evaluation(project=project, actor=head, parameters={}))
        wait_for(ask_for_robustness(project=project, actor=head, parameters={}))


def _release(project: Project, people: dict[str, User], say: Say) -> None:
    """Freeze and build a first release where nothing blocks it."""
    if project.releases.exists() or any(finding.is_blocking for finding in preflight(project)):
        return
    say("Building a first release ...")
    notes = "What is there so far, to show what a release looks like."
    wait_for(
        ask_for_release(
            project=project,
            number="0.1.0",
            licence="CC-BY-4.0",
            notes=notes,
            asked_by=people["admin"],
            seed=SEED,
        )
    )
