"""A project with one row of everything that an address may name, for sweeps over all addresses."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import User
from annotation.captions.cleaning import completed_cleaning
from annotation.machine.corpora.leakage import completed_leakage
from annotation.machine.corpora.neighbours import keep_json
from annotation.models import (
    AgreementReport,
    AlignmentRun,
    CaptionChoice,
    CaptionFix,
    CaptionVersion,
    Cleaning,
    Difficulty,
    DifficultyRun,
    DifficultyVote,
    Encoder,
    EvaluationRun,
    GenericnessCheck,
    GenericnessQuestion,
    ImageChoice,
    ImageSampling,
    ImageSwap,
    JudgmentImport,
    LabelEstimateRun,
    Leak,
    MachineReport,
    OnboardingRun,
    PairReport,
    QualityReport,
    ReviewRound,
    SampledImage,
    SavedFilter,
    ScoreComparison,
    ScoreFigure,
    ScoreSet,
    Threshold,
)
from annotation.review.asking import ask_question
from annotation.review.reviewing import open_round
from annotation.review.ruling import Ruling, make_precedent
from annotation.rules.known_answers import make_known_answer
from projects.models import Job, JobFailure, Project, Role
from projects.storage import store_bytes
from projects.tokens import make_token
from projects.webhooks import make_webhook, send_test
from releases.models import Release
from studies.models import Study
from tests import factories as make
from tests.alignments import alignment_config


@dataclass(frozen=True)
class Populated:
    """The project, and for each argument of an address the row of this project that fits."""

    project: Project
    values: dict[str, str]


def populate(
    slug: str, *, annotator: User | None = None, head: User | None = None, has_vote: bool = True
) -> Populated:
    """Make the project and its rows through acts where there are any; the two who did it may be given.

    Without a vote the pages of what models make of it stand as before the first run.
    """
    project = make.make_project(slug)
    image = make.add_image(project)
    version = make.add_caption(image)
    annotator = make.add_member(project, user=annotator)
    head = make.add_member(project, Role.HEAD, user=head)
    batch = make.make_batch(project, [image])
    assignment = make.claim(batch, annotator)
    make.judge(assignment, version, "good")
    review_round: ReviewRound = open_round(batch=batch, head=head, draw="random")
    item = review_round.items.get()
    question = ask_question(assignment=assignment, version=version, asker=annotator, text="Does this count?")
    precedent = make_precedent(version=version, head=head, given=Ruling("Reflections", "They count as seen."))
    report = PairReport.objects.create(
        project=project, image=image, caption=version.caption, reporter=annotator, kind="broken"
    )
    known = make_known_answer(
        version=version, schema=batch.schema, label="good", use="qualification", actor=head
    )
    run = OnboardingRun.objects.create(
        project=project,
        person=annotator,
        guideline=batch.guideline,
        attempt=1,
        state="qualification",
        pass_percent=80,
        seed=1,
        qualification_ids=[known.pk],
    )
    job = Job.objects.create(
        kind="similarities", project=project, queue="gpu", fingerprint="f" * 64, state="done"
    )
    if has_vote:
        a_vote_and_choice(project, job, version)
    evaluation = EvaluationRun.objects.create(project=project, job=job, captions="good", seed=1)
    weights = store_bytes(b"weights", media_type="application/octet-stream")
    alignment = AlignmentRun.objects.create(
        project=project, job=job, weights=weights, config=alignment_config()
    )
    score_set = ScoreSet.objects.create(project=project, name="VQAScore")
    encoder = Encoder.objects.create(
        name=f"{slug}-encoder", weights_hash="0" * 64, source="made", dimension=2
    )
    comparison = ScoreComparison.objects.create(
        run=evaluation, score_set=score_set, job=job, n_good=1, n_negative=1, seed=1
    )
    ScoreFigure.objects.create(
        comparison=comparison, encoder=encoder, name="Spearman", value=0.5, low=0.25, high=0.75, n=40
    )
    sampling = ImageSampling.objects.create(
        project=project,
        job=job,
        encoder=encoder,
        method="farthest",
        space="plane",
        seed=1,
        n_images=1,
        n_chosen=1,
        n_reserve=0,
        n_in_batches=0,
        spreads={},
    )
    SampledImage.objects.create(sampling=sampling, image=image, rank=1, x=0.5, y=0.5)
    reserve = make.add_image(project, state="reserve")
    swap = ImageSwap.objects.create(
        project=project, taken_out=reserve, brought_in=image, why="It was blurred.", made_by=head
    )
    snapshot = store_bytes(b'{"images": []}', media_type="application/json")
    release = Release.objects.create(project=project, major=1, minor=0, patch=0, snapshot=snapshot)
    study = Study.objects.create(project=project, slug=f"{slug}-study", title="Study")
    saved = SavedFilter.objects.create(project=project, owner=head, name="All", query="q=a", is_shared=True)
    fix = CaptionFix.objects.create(
        project=project,
        pattern="a",
        replacement="b",
        kinds=["other"],
        made_by=head,
        state="undone",
        n_named=1,
        applied_at=timezone.now(),
        undone_at=timezone.now(),
        undone_by=head,
    )
    estimate_run = LabelEstimateRun.objects.create(
        project=project,
        schema=batch.schema,
        scope="none",
        job=job,
        n_items=0,
        n_sparse=1,
        n_ratings=0,
        n_raters=0,
    )
    check = GenericnessCheck.objects.create(
        project=project, image=image, caption=version.caption, version=version, origin="person", seed=1
    )
    asked = GenericnessQuestion.objects.create(project=project, check_row=check, image=image, place=1)
    agreement = AgreementReport.objects.create(
        project=project,
        schema=batch.schema,
        scope="none",
        job=Job.objects.create(
            kind="agreement", project=project, queue="default", fingerprint="e" * 64, state="done"
        ),
        unsure="nominal",
        n_items=0,
        n_ratings=0,
        n_raters=0,
        code_version="0",
        figures={},
    )
    machine_report = MachineReport.objects.create(
        project=project, job=agreement.job, kind="calibration", n_items=1, figures=a_calibration()
    )
    quality = QualityReport.objects.create(
        project=project,
        kind="drift",
        schema=batch.schema,
        job=agreement.job,
        n_judgments=1,
        code_version="0",
        figures=charts_of(str(annotator.public_id), version),
    )
    cleaned = Job.objects.create(
        kind="cleaning",
        project=project,
        queue="cpu",
        fingerprint="d" * 64,
        state="done",
        parameters=completed_cleaning({}),
    )
    Cleaning.objects.create(project=project, job=cleaned, n_given=1, n_cleaned=0)
    leak = a_leak(project, version)
    tried = a_tried_file(project)
    token, _secret = make_token(user=annotator, project=project, name="Script", scopes=["read"], days=1)
    webhook, _secret = make_webhook(
        project=project, name="Lab", url="https://listener.invalid/hook", kinds=["job.done"], actor=head
    )
    values = {
        "webhook_id": webhook.public_id,
        "delivery_id": send_test(webhook=webhook, actor=head).public_id,
        "agreement_id": agreement.public_id,
        "token_id": token.public_id,
        "other_id": release.public_id,
        "project_slug": project.slug,
        "slug": study.slug,
        "_rest": "elsewhere",
        "card_id": str(uuid.uuid4()),
        "study_slug": study.slug,
        "number": "1",
        "kind": "display",
        "image_id": image.public_id,
        "caption_id": version.caption.public_id,
        "version_id": version.public_id,
        "batch_id": batch.public_id,
        "schema_id": batch.schema.public_id,
        "known_id": known.public_id,
        "run_id": run.public_id,
        "assignment_id": assignment.public_id,
        "round_id": review_round.public_id,
        "item_id": item.public_id,
        "report_id": report.public_id,
        "job_id": job.public_id,
        "import_id": a_tried_import(project).public_id,
        "import_job_id": tried.job.public_id,
        "estimate_run_id": estimate_run.public_id,
        "vote_id": job.public_id,
        "evaluation_id": evaluation.public_id,
        "alignment_id": alignment.public_id,
        "scores_id": score_set.public_id,
        "comparison_id": comparison.public_id,
        "machine_report_id": machine_report.public_id,
        "quality_id": quality.public_id,
        "drawing": "scatter",
        "form": "svg",
        "sampling_id": sampling.public_id,
        "check_id": check.public_id,
        "cleaning_id": cleaned.public_id,
        "leak_id": leak.public_id,
        "leakage_id": leak.cleaning.job.public_id,
        "fits_question_id": asked.public_id,
        "release_id": release.public_id,
        "study_id": study.public_id,
        "filter_id": saved.public_id,
        "act_id": swap.act_id,
        "fix_id": fix.public_id,
        "user_id": annotator.public_id,
        "question_id": question.public_id,
        "precedent_id": precedent.public_id,
        "person_id": annotator.public_id,
    }
    return Populated(project, {name: str(value) for name, value in values.items()})


def version_of(there: Populated) -> CaptionVersion:
    """Return the one caption version of a populated project."""
    return CaptionVersion.objects.get(public_id=there.values["version_id"])


def a_vote_and_choice(project: Project, job: Job, version: CaptionVersion) -> None:
    """Make a vote of one model on one pair, and the choice of the same caption for its image."""
    encoder = Encoder.objects.create(
        name=f"{project.slug}-voter", weights_hash="1" * 64, source="made", dimension=2
    )
    threshold = Threshold.objects.create(
        project=project, encoder=encoder, cosine=0.25, method="f1", batch_size=8, seed=1, pairs="made"
    )
    run = DifficultyRun.objects.create(project=project, job=job, easy_min_votes=1, hard_max_votes=0)
    Difficulty.objects.create(run=run, version=version, yes_votes=1, n_votes=1, level="easy")
    DifficultyVote.objects.create(run=run, version=version, threshold=threshold, cosine=0.5, is_yes=True)
    choice = ImageChoice.objects.create(
        project=project,
        image=version.image,
        job=job,
        encoder=encoder,
        method="kmeans",
        seed=1,
        n_good=1,
        is_complete=False,
        pool_versions=[version.pk],
    )
    CaptionChoice.objects.create(choice=choice, version=version, position=1)


def a_tried_import(project: Project) -> Job:
    """Return a finished trial of an import of captions, which refused a line."""
    table = store_bytes(b"image_key,text\nowl,Nobody\n", media_type="text/csv")
    job = Job.objects.create(
        kind="import_trial",
        project=project,
        queue="default",
        fingerprint="a" * 64,
        state="done",
        parameters={"captions": {"name": "captions.csv", "sha256": table.sha256}},
    )
    JobFailure.objects.create(job=job, item="captions.csv line 2", reason="There is no image owl.")
    return job


def a_tried_file(project: Project) -> JudgmentImport:
    """Return what the trial of a file of judgments would come to."""
    table = store_bytes(b"image_key,caption_key,rater,label\n", media_type="text/csv")
    job = Job.objects.create(
        kind="judgments",
        project=project,
        queue="default",
        fingerprint="9" * 64,
        state="done",
        parameters={"is_trial": True, "file": {"name": "grades.csv", "sha256": table.sha256}},
    )
    told = {"batches": ["Experts"], "labels": [], "schema": "Grades", "raters": [{"account": "new", "n": 1}]}
    counts = dict.fromkeys(("n_there", "n_refused", "n_skips", "n_captions", "n_edits"), 0)
    return JudgmentImport.objects.create(
        project=project,
        job=job,
        format="long_csv",
        is_trial=True,
        n_rows=1,
        n_new=1,
        n_raters=1,
        told=told,
        **counts,
    )


def a_calibration() -> dict[str, Any]:
    """Return the figures of a calibration of one encoder at one batch size."""
    found = {"asked": 8, "batch_size": 8, "threshold": 0.25, "f1": 0.5, "n_positive": 8}
    curve = [{"threshold": 0.25, "precision": 0.5, "recall": 0.5}]
    return {"encoders": [{"encoder": "made", "used": 8, "sizes": [found], "curve": curve}]}


def charts_of(annotator: str, version: CaptionVersion) -> dict[str, Any]:
    """Return the figures of control charts with one block, which gave a signal."""
    block = {
        "number": 1,
        "from": "2026-01-01",
        "to": "2026-01-02",
        "answers": 1,
        "hits": 1,
        "low": None,
        "high": None,
        "signal": "above",
        "versions": [version.pk],
    }
    chart = {
        "answers": 1,
        "hits": 1,
        "centre": 0.5,
        "design_effect": 1.0,
        "reason": "",
        "n_tested": 1,
        "n_signals": 1,
        "first_drawn": 0,
        "blocks": [block],
    }
    return {
        "annotators": {annotator: {"good": chart}},
        "blocks_with_limits": 1,
        "parameters": {"block": 20, "false_alarm_rate": 0.0027},
    }


def a_leak(project: Project, version: CaptionVersion) -> Leak:
    """Return a pair of a finished search for leakage."""
    search = Job.objects.create(
        kind="neighbours",
        project=project,
        queue="gpu",
        fingerprint="c" * 64,
        state="done",
        parameters={"corpus": "none", "encoder": "none", "radius": 1},
    )
    told = {
        "images": 1,
        "rows": 1,
        "neighbours": 0,
        "index": "exact",
        "recall": None,
        "recall_of_images": None,
    }
    keep_json(search, "summary", {**told, "proposals": [], "thresholds": []})
    job = Job.objects.create(
        kind="leakage",
        project=project,
        queue="cpu",
        fingerprint="b" * 64,
        state="done",
        parameters=completed_leakage({"search": str(search.public_id)}),
    )
    keep_json(job, "summary", {"images": 1, "images_searched": 1, "rows": 1, "rows_with_pictures": 1})
    cleaning = Cleaning.objects.create(project=project, job=job, sources=["none"], n_given=0, n_cleaned=0)
    return Leak.objects.create(
        project=project,
        cleaning=cleaning,
        image=version.image,
        row_key="1",
        caption=version.text,
        check_made="identical",
        score=1,
        picture=version.image.file,
    )
