"""Scores from elsewhere: which lines are kept, what a second import changes, and what they come to."""

import csv
import io

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from scipy.stats import spearmanr

from annotation.importing.requesting import GivenFile
from annotation.machine.scores.comparing import ask_for_comparison, compare_scores
from annotation.machine.scores.importing import ImportedScores, import_scores
from annotation.models import (
    CaptionVersion,
    Encoder,
    EvaluationRun,
    EvaluationScore,
    ExternalScore,
    ScoreComparison,
    ScoreSet,
    VersionState,
)
from measures.method_comparison import bland_altman
from measures.score_levels import scores_by_level
from polyannot.kernel.errors import Invalid
from projects import queue
from projects.models import Event, Job, Project
from projects.models.jobs import JobState
from tests.annotation.test_benchmark_pages import signed_in
from tests.annotation.test_benchmark_pairs import a_scored_benchmark
from tests.ml_workers.working import a_pool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


def taken(project: Project, text: str, name: str = "VQAScore") -> ImportedScores:
    return import_scores(project=project, actor=None, file=GivenFile("scores.csv", text.encode()), name=name)


def test_lines_name_a_pair_in_three_ways_and_a_second_import_changes_nothing() -> None:
    project = a_pool(2, 2)
    first, second, third, _fourth = CaptionVersion.objects.filter(project=project).order_by("pk")
    edit = CaptionVersion.objects.create(
        project=project, image=second.image, caption=second.caption, parent=second, text="An edit",
        content_hash="0" * 64, state=VersionState.ACCEPTED,
    )  # fmt: skip
    table = (
        "score,version,caption_key,image_key,text\n"
        f"0.5,{first.public_id},,,\n"
        f"0.25,,{second.caption.key},,\n"
        f"0.125,,{second.caption.key},{second.image.key},{second.text}\n"
        f"1e-3,,,{third.image.key},{third.text}\n"
    )
    told = taken(project, table)
    assert (told.n_new, told.n_changed, told.n_same, told.refused) == (4, 0, 0, [])
    kept = dict(ExternalScore.objects.values_list("version", "value"))
    assert kept == {first.pk: 0.5, edit.pk: 0.25, second.pk: 0.125, third.pk: 0.001}
    again = taken(project, table)
    assert (again.n_new, again.n_changed, again.n_same) == (0, 0, 4)
    assert Event.objects.filter(act="scores_imported").count() == 1
    changed = taken(project, f"version;score\n{first.public_id};0.75\n")
    assert (changed.n_new, changed.n_changed, changed.n_same) == (0, 1, 0)
    several = taken(project, f"version,score,name\n{first.public_id},1,Human\n{third.public_id},2,\n")
    assert several.names == ["Human", "VQAScore"]


def test_wrong_lines_are_told_by_number_and_the_others_are_kept() -> None:
    project = a_pool(1, 2)
    first, second = CaptionVersion.objects.filter(project=project).order_by("pk")
    elsewhere = CaptionVersion.objects.filter(project=a_pool(1, 1)).get()
    told = taken(
        project,
        "caption_key,image_key,text,score\n"
        f"{first.caption.key},,,0.5\n"
        f"{first.caption.key},,,0.6\n"
        f"{second.caption.key},,,much\n"
        f"{second.caption.key},,,inf\n"
        f"{second.caption.key},another,,0.5\n"
        f"{second.caption.key},,Other words,0.5\n"
        f"{elsewhere.caption.key},,,0.5\n"
        ",,,0.5\n"
        "too,few\n"
        f"{second.caption.key},,,0.75\n",
    )
    assert told.n_new == 2
    assert [one.line for one in told.refused] == [3, 4, 5, 6, 7, 8, 9, 10]
    reasons = [one.reason for one in told.refused]
    assert "further up" in reasons[0]
    assert "much is no number" in reasons[1]
    assert "does not belong" in reasons[3]
    assert "No caption is known" in reasons[5]
    assert "names no pair" in reasons[6]
    assert "cells" in reasons[7]
    assert ExternalScore.objects.count() == 2


@pytest.mark.parametrize(
    ("table", "name", "reason"),
    [
        ("caption_key,value\na,1\n", "A", "names no column score"),
        ("score,image_key\n1,a\n", "A", "must name version"),
        ("score,version\n1,a\n", " ", "what the scores are called"),
        ("score,version\n", "A", "has no rows"),
    ],
)
def test_a_file_that_is_no_table_of_scores_is_refused_whole(table: str, name: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        taken(a_pool(1, 1), table, name)
    assert not ScoreSet.objects.exists()


def a_comparison() -> tuple[EvaluationRun, ScoreComparison]:
    """Return a benchmark whose pairs have scores, all but one, beside its encoders."""
    run, _pairs, encoders = a_scored_benchmark()
    negatives = list(run.pairs.filter(is_negative=True).order_by("version"))
    for encoder in encoders:
        EvaluationScore.objects.bulk_create(
            [
                EvaluationScore(run=run, encoder=encoder, version_id=pair.version_id, cosine=0.01 * place)
                for place, pair in enumerate(negatives)
            ]
        )
    rng = np.random.default_rng(4)
    versions = [pair.version for pair in run.pairs.select_related("version").order_by("version")][1:]
    lines = [f"{version.public_id},{score}" for version, score in zip(versions, rng.random(11), strict=True)]
    taken(run.project, "version,score\n" + "\n".join(lines) + "\n")
    job = ask_for_comparison(project=run.project, actor=None, run=run, score_set=ScoreSet.objects.get())
    n_figures = compare_scores(job).figures.count()
    assert compare_scores(job).figures.count() == n_figures, "a second time the same rows are replaced"
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
    return run, ScoreComparison.objects.get()


def test_figures_are_over_the_pairs_that_have_everything_and_equal_the_measures() -> None:
    run, made = a_comparison()
    assert (made.n_good, made.n_negative) == (8, 3)
    kept = dict(ExternalScore.objects.values_list("version", "value"))
    beside = Encoder.objects.get(name="other").pk
    rows = EvaluationScore.objects.filter(run=run, encoder=beside, version__in=kept, image_rank__isnull=False)
    cosines = {row.version_id: row.cosine for row in rows}
    good = sorted(cosines)
    x, y = [kept[pk] for pk in good], [cosines[pk] for pk in good]
    levels = dict(run.pairs.values_list("version", "level"))
    figures = {(one.encoder_id, one.level, one.name): one for one in made.figures.all()}
    assert figures[beside, "", "Spearman"].value == pytest.approx(spearmanr(x, y).statistic)
    assert figures[beside, "", "Spearman"].n == 8
    told = bland_altman(x, y)
    assert figures[beside, "", "limit of agreement"].value == pytest.approx(told.upper_limit)
    easy = [place for place, pk in enumerate(good) if levels[pk] == "easy"]
    assert figures[beside, "easy", "bias"].value == pytest.approx(told.differences[easy].mean())
    alone = {one.level: one for one in scores_by_level(x, [levels[pk] for pk in good])}
    assert figures[None, "hard", "score"].value == pytest.approx(alone["hard"].mean)
    assert (figures[None, "", "AUPRC"].n, figures[None, "", "AUPRC"].n_other) == (8, 3)
    assert (figures[beside, "", "AUPRC"].n, figures[beside, "", "AUPRC"].n_other) == (8, 3)
    assert figures[None, "", "chance"].value == pytest.approx(8 / 11)


def test_the_page_shows_tables_and_drawings_and_sends_them() -> None:
    run, made = a_comparison()
    client = signed_in(run.project)
    address = f"/p/{run.project.slug}/difficulty/benchmark/{run.public_id}/scores/"
    page = client.get(address).text
    assert "Over 8 good pairs and 3 bad ones" in page
    assert "8 + 3" in page
    assert "VQAScore mean" in page, "the published table stands beside"
    assert page.count("<svg") >= 6
    assert "style=" not in page.split("drawings-title")[1].split("</main>")[0]
    own = f"{address}{made.score_set.public_id}/"
    rows = list(csv.DictReader(client.get(f"{own}figures.csv").getvalue().decode().splitlines()))
    assert len(rows) == made.figures.count()
    text = client.get(f"{own}tables.tex").text
    assert text.count(r"\begin{table}") == 3
    assert "VQAScore & all & 8 + 3 &" in text
    drawing = made.drawings.first()
    assert drawing is not None
    for form, beginning in (("svg", b"<"), ("pdf", b"%PDF"), ("png", b"\x89PNG"), ("csv", b"score,")):
        sent = client.get(f"{own}{drawing.name}.{form}")
        assert sent.content.lstrip().startswith(beginning)
    assert client.get(f"{own}{drawing.name}.exe").status_code == 404
    pairs = list(csv.DictReader(client.get(f"{address}pairs.csv").getvalue().decode().splitlines()))
    assert len(pairs) == 12
    assert set(pairs[0]) == {"image_key", "caption_key", "version", "text", "score"}


def test_the_page_takes_a_table_says_what_is_wrong_and_asks_for_a_comparison() -> None:
    run, pairs, _encoders = a_scored_benchmark()
    client = signed_in(run.project)
    address = f"/p/{run.project.slug}/difficulty/benchmark/{run.public_id}/scores/"
    table = f"version,score\n{pairs[0].version.public_id},0.5\nnobody,1\n"
    sent = client.post(f"{address}import/", {"scores": a_file(table), "name": "VQAScore"})
    assert sent.status_code == 200
    assert "Line 3: No caption is known as nobody" in sent.text
    assert "1 line was kept: 1 new" in sent.text
    refused = client.post(f"{address}import/", {"scores": a_file("a,b\n1,2\n"), "name": "VQAScore"})
    assert refused.status_code == 422
    assert "Nothing was imported" in refused.text
    fine = client.post(f"{address}import/", {"scores": a_file(table.rsplit("nobody")[0]), "name": "VQAScore"})
    assert fine.status_code == 302
    score_set = ScoreSet.objects.get()
    for _time in range(2):
        assert client.post(f"{address}{score_set.public_id}/compare/").status_code == 302
    job = Job.objects.get(kind="score_comparison")
    assert job.parameters == {"scores": str(score_set.public_id), "run": str(run.public_id)}
    assert client.get(f"{address}{score_set.public_id}/figures.csv").status_code == 404, (
        "nothing compared yet"
    )


def a_file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("scores.csv", io.BytesIO(text.encode()).read(), "text/csv")


def test_scores_of_other_pairs_and_of_other_projects_are_refused() -> None:
    run, _pairs, _encoders = a_scored_benchmark()
    bad = run.pairs.filter(is_negative=True).select_related("version").first()
    assert bad is not None
    taken(run.project, f"version,score\n{bad.version.public_id},0.5\n")
    job = ask_for_comparison(project=run.project, actor=None, run=run, score_set=ScoreSet.objects.get())
    with pytest.raises(Invalid, match="No good pair of this benchmark has a score"):
        compare_scores(job)
    other = a_pool(1, 1)
    stranger = signed_in(other)
    address = f"/p/{other.slug}/difficulty/benchmark/{run.public_id}/scores/"
    assert stranger.get(address).status_code == 404
