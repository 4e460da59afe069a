"""Clusters of a project and of a corpus: the query image comes first, captions of one picture are found together."""

import json

import numpy as np
import pytest

from ml_workers.corpora.captions import captions_of_rows, rows_of_the_same_picture
from ml_workers.corpora.layout import open_corpus
from ml_workers.corpora.rows import CorpusRow
from ml_workers.polysemy import (
    as_told,
    from_told,
    nearest_pictures,
    nearest_with_itself,
    project_clusters,
    told_similarities,
)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_query_image_comes_first_also_where_another_is_its_copy():
    rows, cosines = nearest_with_itself(7, [3, 7, 9, -1], [1.0, 1.0, 0.5, -np.inf])
    assert rows == [7, 3, 9]
    assert cosines == [1.0, 1.0, 0.5]
    alone, _cosines = nearest_with_itself(0, [], [])
    assert alone == [0]


def test_rows_with_one_address_are_captions_of_one_picture():
    addresses = {0: "a", 1: "a", 2: "b", 3: "b", 4: "", 5: ""}
    found = nearest_pictures(1, [0, 1, 4, 3, 2, 5, -1], [1.0, 1.0, 0.9, 0.8, 0.8, 0.7, -np.inf], addresses)
    assert [rows for rows, _cosine in found] == [[1, 0], [4], [3, 2], [5]]
    assert [cosine for _rows, cosine in found] == [1.0, 0.9, 0.8, 0.7]


def test_clusters_of_a_project_are_those_of_the_whole_table_and_survive_being_told():
    rng = np.random.default_rng(0)
    looks, images = unit(rng.normal(size=(8, 3))), unit(rng.normal(size=(8, 5)))
    captions = {place: unit(rng.normal(size=(2, 5))) for place in range(8)}
    found = project_clusters(looks, images, captions)
    table = looks @ looks.T
    order = np.argsort(-table[3], kind="stable")
    assert found[3][5].image_cosine == pytest.approx(np.sort(table[3])[::-1][1:5].mean(), abs=1e-6)
    angles = [np.arccos(captions[int(place)] @ images[3]) for place in order[:5]]
    assert found[3][5].geodesic == pytest.approx(np.concatenate(angles).mean(), abs=1e-5)
    assert found[3][10].geodesic is None
    assert from_told(json.loads(json.dumps(as_told(found[3])))) == found[3]


def test_captions_of_some_rows_are_read_over_several_files(tmp_path):
    for number in range(2):
        lines = [f"caption {number}-{row}\thttps://example.org/{number}-{row // 2}" for row in range(4)]
        (tmp_path / f"part-{number}.tsv").write_text("\n".join([*lines, ""]), encoding="utf-8")
        np.save(tmp_path / f"part-{number}.features.npy", np.eye(4, dtype=np.float16))
    corpus = open_corpus(tmp_path)
    found = captions_of_rows(corpus, [1, 6, 7, 99])
    assert {row: one.caption for row, one in found.items()} == {
        1: "caption 0-1",
        6: "caption 1-2",
        7: "caption 1-3",
    }
    assert captions_of_rows(corpus, []) == {}


def test_captions_of_one_picture_are_rows_that_follow_one_another_with_its_address():
    rows = {
        place: CorpusRow(place, "words", url) for place, url in enumerate(["a", "b", "b", "b", "a", "", ""])
    }
    assert rows_of_the_same_picture(rows, 2) == [1, 2, 3]
    assert rows_of_the_same_picture(rows, 0) == [0]
    assert rows_of_the_same_picture(rows, 5) == [5]


def test_a_set_without_similarities_is_told_as_empty():
    empty = told_similarities({}, seed=0)
    assert (empty["spread"]["n"], empty["density"]["lefts"]) == (0, ())
