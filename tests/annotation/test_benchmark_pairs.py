"""Single pairs of a benchmark: who is right about which, what each encoder finds first, and the way between."""

import csv
import re

import numpy as np
import pytest
from django.test import Client

from annotation.machine.evaluation import results as evaluation_results
from annotation.machine.evaluation import showing as evaluation_showing
from annotation.machine.evaluation.browsing import Comparison, browsed_rows, outcomes_by_level
from annotation.machine.evaluation.pairs import PairScore
from annotation.models import CaptionVersion, Direction, Encoder, EvaluationPair, EvaluationRun
from annotation.models.machine import Modality
from ml_workers import store
from projects import queue
from tests.annotation.test_benchmark_pages import a_benchmark, signed_in, some_figures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of these tests reaches a worker."""
    monkeypatch.setattr(queue, "MOST_WAKE_UPS", 0)


def a_scored_benchmark() -> tuple[EvaluationRun, list[EvaluationPair], tuple[Encoder, Encoder]]:
    """Return a benchmark of nine pairs; the first encoder ranks pair i at 1 + i, the second at 9 - i."""
    run = a_benchmark()
    first, second = Encoder.objects.get(name="voter_1"), Encoder.objects.get(name="other")
    pairs = list(run.pairs.filter(is_negative=False).select_related("version").order_by("version"))
    for encoder, ranks in ((first, range(1, 10)), (second, range(9, 0, -1))):
        scores = [
            PairScore(pair.version_id, 1 / rank, rank, rank) for pair, rank in zip(pairs, ranks, strict=True)
        ]
        evaluation_results.write_evaluation(run.job_id, encoder.pk, some_figures(0.5), scores)
    return run, pairs, (first, second)


def embed(run: EvaluationRun, encoder: Encoder) -> None:
    """Give each picture and text of the run a direction of its own, near to that of the other texts of its image."""
    versions = list(CaptionVersion.objects.filter(project=run.project).select_related("image__file"))
    images = sorted({version.image_id for version in versions})
    for version in versions:
        vector = np.full(4, 0.01 * (version.pk % 7), dtype=np.float32)
        vector[images.index(version.image_id)] += 1
        picture = np.zeros(4, dtype=np.float32)
        picture[images.index(version.image_id)] = 1
        for modality, content, row in (
            (Modality.TEXT, version.content_hash, vector),
            (Modality.IMAGE, version.image.file.sha256, picture),
        ):
            store.write_embeddings(
                encoder.pk, modality, [content], (row / np.linalg.norm(row)).reshape(1, -1)
            )


def address_of(run: EvaluationRun) -> str:
    return f"/p/{run.project.slug}/difficulty/benchmark/{run.public_id}/"


def test_counts_by_level_are_those_of_the_ranks_and_the_pairs_are_the_ones_counted() -> None:
    run, pairs, (first, second) = a_scored_benchmark()
    wanted = Comparison(run, first, second, Direction.TEXT_TO_IMAGE, 5)
    told = {row.level: row.told for row in outcomes_by_level(wanted)}
    everything = told[""]
    assert (everything.both, everything.only_first, everything.only_second, everything.neither) == (
        1,
        4,
        4,
        0,
    )
    assert everything.p == 1
    easy = [place for place, pair in enumerate(pairs) if pair.level == "easy"]
    assert told["easy"].only_first == sum(place < 4 for place in easy)
    assert set(told) == {"", "easy", "hard"}
    only = Comparison(run, first, second, Direction.TEXT_TO_IMAGE, 5, level="easy", outcome="first")
    rows = list(browsed_rows(only))
    assert len(rows) == told["easy"].only_first
    ranks = [int(str(row[-3])) for row in rows]
    assert ranks == sorted(ranks, reverse=True), "the worst first"
    assert all(row[-2:] == (1, 0) for row in rows)


def test_the_page_shows_the_pairs_that_the_address_asks_for_and_sends_them_as_csv() -> None:
    run, _pairs, (first, second) = a_scored_benchmark()
    client = signed_in(run.project)
    page = client.get(f"{address_of(run)}pairs/?k=5").text
    assert "4 pairs" in page, "those that only the first is right about come first"
    assert f'value="{first.pk}" selected' in page
    both = client.get(f"{address_of(run)}pairs/?k=5&outcome=both").text
    assert "1 pair<" in both
    everything = client.get(f"{address_of(run)}pairs/?k=5&outcome=&q=caption").text
    assert "9 pairs" in everything
    odd = client.get(f"{address_of(run)}pairs/?k=many&first=-1&direction=up&level=9&page=x")
    assert odd.status_code == 200
    sent = client.get(f"{address_of(run)}pairs.csv?k=5&outcome=second&first={second.pk}&second={first.pk}")
    rows = list(csv.DictReader(sent.getvalue().decode().splitlines()))
    assert len(rows) == 4
    assert {(row["first"], row["first_right"], row["second_right"]) for row in rows} == {("other", "0", "1")}


def test_a_benchmark_of_figures_alone_says_that_it_kept_no_pairs() -> None:
    run = a_benchmark()
    client = signed_in(run.project)
    assert "kept nothing of single pairs" in client.get(f"{address_of(run)}pairs/").text
    assert client.get(f"{address_of(run)}pairs.csv").status_code == 404


def test_each_encoder_shows_what_it_finds_first_and_marks_what_is_relevant() -> None:
    run, pairs, (first, _second) = a_scored_benchmark()
    embed(run, first)
    client = signed_in(run.project)
    version = pairs[0].version
    page = client.get(f"{address_of(run)}captions/{version.public_id}/").text
    found = re.search(r"<ol class=\"tiles\">(.*?)</ol>", page, re.DOTALL)
    assert found is not None
    tiles = found[1].split("<li")[1:]
    assert len(tiles) == 3
    assert "its own image" in tiles[0]
    assert "its own image" not in "".join(tiles[1:])
    assert "its own image: rank 1" in page
    assert "has not read the caption" in page, "the other encoder embedded nothing"
    image = client.get(f"{address_of(run)}images/{version.image.public_id}/?most=4").text
    rows = re.findall(r"<li>(.*?)</li>", image, re.DOTALL)
    listed = [row for row in rows if "row__meta" in row]
    assert len(listed) == 4
    assert ["its own<" in row for row in listed] == [True, True, True, False]
    cosine = float(re.findall(r"cosine ([\d.]+)", listed[0])[0])
    assert 0.9 < cosine <= 1


def test_pairs_of_another_project_and_bad_captions_are_missing() -> None:
    run, _pairs, _encoders = a_scored_benchmark()
    client = signed_in(run.project)
    bad = run.pairs.filter(is_negative=True).select_related("version").first()
    assert bad is not None
    assert client.get(f"{address_of(run)}captions/{bad.version.public_id}/").status_code == 404
    other = a_benchmark()
    assert evaluation_showing.runs_of(other.project).count() == 1
    stranger: Client = signed_in(other.project)
    for path in ("pairs/", "pairs.csv", f"captions/{bad.version.public_id}/"):
        own_slug = f"/p/{other.project.slug}/difficulty/benchmark/{run.public_id}/{path}"
        assert stranger.get(own_slug).status_code == 404


def test_a_page_of_pairs_asks_the_database_no_more_for_many_than_for_few(
    django_assert_max_num_queries,
) -> None:
    run, _pairs, _encoders = a_scored_benchmark()
    client = signed_in(run.project)
    client.get(f"{address_of(run)}pairs/?outcome=")
    with django_assert_max_num_queries(20):
        client.get(f"{address_of(run)}pairs/?outcome=")
