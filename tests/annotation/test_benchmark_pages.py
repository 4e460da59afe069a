"""The page of benchmarks: its tables with n and intervals, its downloads, and what can be asked for there."""

import csv
import uuid

import pytest
from django.test import Client

from annotation.machine.drawing_running import DrawingRunner
from annotation.machine.drawings import ask_for_drawing
from annotation.machine.evaluation import results as evaluation_results
from annotation.machine.evaluation import showing as evaluation_showing
from annotation.machine.evaluation.latex import escaped
from annotation.machine.ml_requests import completed_difficulty, completed_evaluation
from annotation.models import (
    CaptionVersion,
    DifficultyVote,
    Encoder,
    EvaluationPair,
    EvaluationRun,
    MachineDrawing,
)
from ml_workers import store
from polyannot.kernel.errors import Invalid
from projects import queue
from projects.models import Job, JobChunk, Project, Role
from projects.models.jobs import JobState
from tests.factories import add_member
from tests.ml_workers.working import a_pool, find_bad, find_good

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


def signed_in(project: Project, role: str = Role.RESEARCHER) -> Client:
    client = Client()
    client.force_login(add_member(project, role))
    return client


def ended_job(project: Project, kind: str, parameters: dict[str, object]) -> Job:
    return Job.objects.create(
        project=project, kind=kind, queue="gpu", parameters=parameters, fingerprint=uuid.uuid4().hex,
        state=JobState.DONE, seed=3,
    )  # fmt: skip


def an_encoder(name: str) -> int:
    return store.register_encoder(
        name=name, weights_hash=uuid.uuid4().hex, source="made for the test", dimension=4, preprocessing="",
        licence="none",
    )  # fmt: skip


def a_benchmark() -> EvaluationRun:
    """Return a benchmark of a voter and of another model; the good captions are easy and hard in turn."""
    project = a_pool(3, 4)
    versions = list(CaptionVersion.objects.filter(project=project).order_by("image_id", "pk"))
    good = [one for place, one in enumerate(versions) if place % 4 < 3]
    find_good(good)
    find_bad([one for one in versions if one not in good])
    voter, other = an_encoder("voter_1"), an_encoder("other")
    threshold = store.register_threshold(
        encoder_id=voter, cosine=0.2, method="set", batch_size=8, seed=0, pairs="none", n_pairs=0
    )
    vote = ended_job(project, "difficulty", completed_difficulty({"encoders": ["voter_1"]}))
    levels = {one.pk: place % 2 == 0 for place, one in enumerate(good)}
    store.write_difficulty(
        vote,
        [store.Vote(pk, threshold, 0.3, is_easy, False) for pk, is_easy in levels.items()],
        [store.Decision(pk, int(yes), 1, "easy" if yes else "hard") for pk, yes in levels.items()],
    )
    job = ended_job(project, "evaluation", completed_evaluation({"encoders": ["voter_1", "other"]}))
    assert len(evaluation_results.begin_evaluation(job)) == 9 + 3
    for encoder, recall in ((voter, 0.5), (other, 0.25)):
        evaluation_results.write_evaluation(job.pk, encoder, some_figures(recall))
        evaluation_results.write_evaluation(job.pk, encoder, some_figures(recall))
    return EvaluationRun.objects.get(job=job)


def some_figures(recall: float) -> list[evaluation_results.Figure]:
    figure = evaluation_results.Figure
    return [
        figure("i2t", "", "R@1", recall, 3, 9, low=0.125, high=0.875),
        figure("i2t", "", "medR", 4.5, 9, 9),
        figure("t2i", "easy", "R@1", 0.8, 5, 3),
        figure("t2i", "medium", "R@1", None, 0, 3),
        figure("t2i", "easy", "R@1", 0.6, 4, 3, leaves_out_own=True),
        figure("t2i", "", "AO@10", 0.67, 8, 12, low=0.5, high=0.75),
        figure("t2i", "", "JS@10", 0.581, 8, 12, low=0.5, high=0.75),
        figure("", "", "STS Spearman", 0.695, 7, low=0.5, high=0.75),
        figure("", "", "choice edit", 0.75, 4, low=0.3, high=0.95),
        figure("", "", "choice edit color", 1.0, 1, low=0.2, high=1.0),
        figure("", "", "cosine", 0.25, 9),
        figure("", "easy", "cosine", 0.28, 5),
        *(
            figure("", "easy", name, value, 5, 3)
            for name, value in (
                ("AUPRC", 0.96),
                ("chance", 0.625),
                ("AUROC", 0.9),
                ("matched AP", 0.93),
            )
        ),
    ]


def test_the_tables_give_n_and_intervals_and_mark_who_voted() -> None:
    run = a_benchmark()
    client, address = signed_in(run.project), f"/p/{run.project.slug}/difficulty/benchmark/"
    shown = client.get(address).text
    assert "9 of 3 images" in shown
    assert "50.0%" in shown
    assert "12.5 to 87.5" in shown
    assert "n = 9" in shown, "the pooled ranks are more than the queries"
    levels = client.get(f"{address}?part=levels").text
    assert levels.count("own vote left out") == 2
    pairs = client.get(f"{address}?part=pairs").text
    assert "5 + 3" in pairs
    assert "0.625" in pairs
    tables = {table.name: table for table in evaluation_showing.overview(run).tables}
    first, second = tables["retrieval-i2t"].rows
    assert (first.encoder, first.is_voter) == ("voter_1", True)
    assert (second.encoder, second.is_voter) == ("other", False)
    assert [cell.text for cell in first.cells[:5]] == ["50.0%", "–", "–", "–", "4.5"]
    choices = tables["choices"].rows[0].cells
    assert [(cell.label, cell.text, cell.basis) for cell in choices] == [
        ("against before an edit", "75.0%", "30.0 to 95.0"),
        ("Colour", "100.0%", "20.0 to 100.0, n = 1"),
    ]
    paraphrases = client.get(f"{address}?part=paraphrases").text
    assert "67.0%" in paraphrases
    assert "50.0 to 75.0" in paraphrases
    assert "Query expansion, text to image" not in paraphrases, "no encoder has a figure there"
    assert tables["grades"].rows[0].cells[0].text == "0.695"
    medium = next(row for row in tables["levels-t2i"].rows if row.level == "medium")
    assert (medium.n, medium.cells[0].text, medium.cells[0].basis) == ("0", "–", "")


def test_the_mean_of_the_voters_is_drawn_with_its_deviation_from_two_voters_on() -> None:
    run = a_benchmark()
    assert run.difficulty_run is not None
    chunk = JobChunk(items=[0])
    DrawingRunner().run(ask_for_drawing(run.job), chunk)
    assert not MachineDrawing.objects.exists(), "one voter has no deviation"
    other = Encoder.objects.get(name="other")
    version = EvaluationPair.objects.filter(run=run).values_list("version_id", flat=True)[0]
    threshold = store.register_threshold(
        encoder_id=other.pk, cosine=0.2, method="set", batch_size=8, seed=0, pairs="none", n_pairs=0
    )
    DifficultyVote.objects.create(
        run=run.difficulty_run, version_id=version, threshold_id=threshold, cosine=0.3, is_yes=True
    )
    run.figures.filter(encoder=other, level="easy", name="AUPRC").update(value=0.90)
    DrawingRunner().run(ask_for_drawing(run.job), chunk)
    drawing = MachineDrawing.objects.get(job=run.job)
    assert drawing.alt == "Easy: 0.930, SD 0.042, n = 5 + 3, 2 models, chance 0.625."
    lines = drawing.csv.splitlines()
    assert lines[1] == "easy,mean,0.930000,0.042426,2,5,3,0.625000"
    assert lines[2:] == ["easy,other,0.900000,,1,5,3,0.625000", "easy,voter_1,0.960000,,1,5,3,0.625000"]
    client, address = signed_in(run.project), f"/p/{run.project.slug}/difficulty/benchmark/"
    assert "figure-auprc-of-voters" in client.get(f"{address}?part=pairs").text
    assert "figure-auprc-of-voters" not in client.get(address).text


def test_the_levels_of_a_vote_are_drawn_as_a_pie_with_their_n() -> None:
    run = a_benchmark()
    assert run.difficulty_run is not None
    vote = run.difficulty_run.job
    DrawingRunner().run(ask_for_drawing(vote), JobChunk(items=[0]))
    drawing = MachineDrawing.objects.get(job=vote)
    assert drawing.alt == "Easy 5 (55.6%), Medium 0 (0.0%), Hard 4 (44.4%), of 9 pairs."
    assert drawing.csv.splitlines()[1:] == [
        "easy,5,0.555556,9",
        "medium,0,0.000000,9",
        "hard,4,0.444444,9",
    ]
    assert "Medium" not in drawing.svg, "a slice of nothing is not drawn"
    shown = signed_in(run.project).get(f"/p/{run.project.slug}/difficulty/").text
    assert "figure-levels" in shown


def test_the_published_tables_stand_beside_with_their_remark() -> None:
    run = a_benchmark()
    shown = signed_in(run.project).get(f"/p/{run.project.slug}/difficulty/benchmark/").text
    assert "fits the mean reciprocal rank" in shown
    tables = {table.name: table for table in evaluation_showing.published_tables()}
    vit = next(row for row in tables["imp_table3_retrieval"].rows if row[0] == "CLIP-ViT-L/14")
    assert vit[1:4] == ["15.8", "30.9", "38.8"]
    assert [len(table.rows) for table in tables.values()] == [20, 20, 16, 24, 4, 7, 4]


def test_the_figures_are_sent_as_csv_and_as_latex() -> None:
    run = a_benchmark()
    client = signed_in(run.project)
    address = f"/p/{run.project.slug}/difficulty/benchmark/{run.public_id}/"
    sent = client.get(f"{address}figures.csv")
    rows = list(csv.DictReader(sent.getvalue().decode().splitlines()))
    assert len(rows) == 32
    assert rows[0] | {"weights_sha256": ""} == {
        "encoder": "voter_1", "weights_sha256": "", "voted": "1", "direction": "i2t", "level": "",
        "own_vote_left_out": "0", "figure": "R@1", "value": "0.5", "low": "0.125", "high": "0.875", "n": "3",
        "n_other": "9",
    }  # fmt: skip
    text = client.get(f"{address}tables.tex").text
    assert text.startswith(f"% Benchmark {run.public_id}")
    assert r"voter\_1$^\dagger$ & 3 & 50.0\% (12.5 to 87.5) & --" in text
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 9
    for line in text.splitlines():
        if line.endswith(r"\\"):
            assert line.count(" & ") >= 2
    assert text.count(r"In brackets 95\% intervals by a bootstrap over images") == 9
    assert escaped("\N{MINUS SIGN}0.5") == "$-$0.5"
    assert escaped(r"50% & a_b {x} \ ^~#$") == (
        r"50\% \& a\_b \{x\} \textbackslash{} \textasciicircum{}\textasciitilde{}\#\$"
    )


def test_a_benchmark_is_asked_for_once_and_refused_in_words() -> None:
    project = a_pool(1, 1)
    client = signed_in(project)
    address = f"/p/{project.slug}/difficulty/benchmark/"
    assert "Nothing was benchmarked yet" in client.get(address).text
    for _time in range(2):
        answer = client.post(f"{address}run/", {"encoders": "shipped:lite0", "captions": "chosen"})
        assert answer.status_code == 302
    job = Job.objects.get(kind="evaluation")
    assert job.parameters == {
        "encoders": ["shipped:lite0"], "captions": "chosen", "vote": "", "expansions": 3,
    }  # fmt: skip
    assert job.seed == project.seed
    refused = client.post(f"{address}run/", {"encoders": ", ".join(map(str, range(31))), "captions": "good"})
    assert refused.status_code == 422
    assert "Name 1 to 30 encoders" in refused.text
    with pytest.raises(Invalid, match="one of good, chosen"):
        completed_evaluation({"captions": "all"})


def test_a_benchmark_of_another_project_or_one_at_work_is_missing() -> None:
    run = a_benchmark()
    Job.objects.filter(pk=run.job_id).update(state=JobState.RUNNING)
    client = signed_in(run.project)
    address = f"/p/{run.project.slug}/difficulty/benchmark/"
    assert client.get(f"{address}{run.public_id}/figures.csv").status_code == 404
    assert client.get(f"{address}?run={run.public_id}").status_code == 404
    Job.objects.filter(pk=run.job_id).update(state=JobState.DONE)
    elsewhere = a_pool(1, 1)
    away = signed_in(elsewhere).get(f"/p/{elsewhere.slug}/difficulty/benchmark/{run.public_id}/figures.csv")
    assert away.status_code == 404


def test_the_page_needs_as_many_queries_for_many_figures_as_for_few(django_assert_max_num_queries) -> None:
    run = a_benchmark()
    client = signed_in(run.project)
    client.get(f"/p/{run.project.slug}/difficulty/benchmark/")
    with django_assert_max_num_queries(26):
        client.get(f"/p/{run.project.slug}/difficulty/benchmark/")
