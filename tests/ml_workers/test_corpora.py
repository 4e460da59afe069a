"""Corpora as they come: every form is read row by row, and what is broken is listed with its file and line."""

import io
import json
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import webdataset
from PIL import Image
from pyarrow import parquet

from ml_workers.corpora.archives import count_samples, read_webdataset, samples
from ml_workers.corpora.layout import as_json, from_json, given_features, open_corpus, read_shard
from ml_workers.corpora.rows import BadRow, CorpusRefused, CorpusRow
from ml_workers.corpora.tables import ColumnOrder, column_order, read_jsonl, read_parquet, read_tsv

PAIRS = [(f"a heron at dusk {number}", f"https://example.org/{number}.jpg") for number in range(5)]
WHOLE = [CorpusRow(number, caption, url) for number, (caption, url) in enumerate(PAIRS)]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_both_orders_of_a_tsv_are_told_apart(tmp_path: Path) -> None:
    caption_first = written(tmp_path / "cc3m.tsv", "".join(f"{one}\t{url}\n" for one, url in PAIRS))
    link_first = written(tmp_path / "cc12m.tsv", "".join(f"{url}\t{one}\r\n" for one, url in PAIRS))
    assert column_order(caption_first) is ColumnOrder.CAPTION_URL
    assert column_order(link_first) is ColumnOrder.URL_CAPTION
    assert list(read_tsv(caption_first)) == list(read_tsv(link_first)) == WHOLE


def test_a_first_line_that_names_the_columns_is_no_row(tmp_path: Path) -> None:
    rows = "".join(f"{number}\t{url}\t{one}\n" for number, (one, url) in enumerate(PAIRS))
    found = list(read_tsv(written(tmp_path / "named.tsv", "key\turl\tcaption\n" + rows)))
    assert found == [CorpusRow(row.number, row.caption, row.url, str(row.number)) for row in WHOLE]


def test_an_order_that_cannot_be_told_is_asked_for_and_can_be_said(tmp_path: Path) -> None:
    path = written(tmp_path / "odd.tsv", "one\ttwo\nthree\tfour\n")
    with pytest.raises(CorpusRefused, match="2 lines with two cells 0 have a link in the first"):
        list(read_tsv(path))
    assert [row.caption for row in read_tsv(path, ColumnOrder.URL_CAPTION) if isinstance(row, CorpusRow)] == [
        "two",
        "four",
    ]


def test_an_order_that_was_said_wrongly_is_refused_when_the_corpus_is_opened(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.tsv", "".join(f"{one}\t{url}\n" for one, url in PAIRS))
    np.save(tmp_path / "pairs.features.npy", np.zeros((5, 4), dtype=np.float32))
    written(tmp_path / "corpus.json", '{"column_order": "url_caption"}')
    said_wrongly = "0 have a link in the first and 5 in the second. corpus.json says url_caption: correct it"
    with pytest.raises(CorpusRefused, match=said_wrongly):
        list(read_tsv(path, ColumnOrder.URL_CAPTION))
    with pytest.raises(CorpusRefused, match=said_wrongly):
        open_corpus(tmp_path)


def test_bad_lines_of_a_tsv_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = [
        b"a fine one\thttps://example.org/1",
        b"\xff\xfe\thttps://example.org/2",
        b"three\tcells\there",
        b" \thttps://example.org/4",
        b"x" * (1 << 21) + b"\thttps://example.org/5",
        b"a nul \0\thttps://example.org/6",
        b"the last\thttps://example.org/7",
    ]
    path = written(tmp_path / "bad.tsv", b"\n".join(lines))
    rows = list(read_tsv(path, ColumnOrder.CAPTION_URL))
    assert [row.number for row in rows] == list(range(7))
    assert [(row.file, row.line, row.reason) for row in rows if isinstance(row, BadRow)] == [
        ("bad.tsv", 2, "It is not UTF-8."),
        ("bad.tsv", 3, "It has 3 cells, not 2."),
        ("bad.tsv", 4, "There is no caption."),
        ("bad.tsv", 5, "The line is longer than 1,048,576 bytes."),
        ("bad.tsv", 6, "It holds a NUL character."),
    ]


def test_a_large_tsv_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.tsv"
    with path.open("w") as target:
        for number in range(60_000):
            target.write(f"a caption of some length with the number {number}\thttps://example.org/{number}\n")
    assert path.stat().st_size > 4_000_000
    tracemalloc.start()
    assert sum(1 for _row in read_tsv(path)) == 60_000
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_500_000


def test_jsonl_takes_the_usual_names_and_lists_what_is_no_row(tmp_path: Path) -> None:
    lines = [
        json.dumps({"TEXT": PAIRS[0][0], "URL": PAIRS[0][1], "SAMPLE_ID": 7}),
        "{broken",
        "[1]",
        json.dumps({"caption": 5}),
        json.dumps({"caption": "no link"}),
        json.dumps({"caption": "half a character \ud800"}),
        json.dumps({"caption": "a fine one", "key": "\udfff"}),
        '{"caption": "a long number", "key": ' + "9" * 5_000 + "}",
    ]
    rows = list(read_jsonl(written(tmp_path / "rows.jsonl", "\n".join(lines))))
    assert rows[0] == CorpusRow(0, *PAIRS[0], "7")
    assert [(row.line, row.reason) for row in rows if isinstance(row, BadRow)] == [
        (2, "It is no JSON."),
        (3, "It is no JSON object."),
        (4, "There is no caption."),
        (6, "It holds half a character (a lone surrogate)."),
        (7, "It holds half a character (a lone surrogate)."),
        (8, "It is no JSON."),
    ]
    assert rows[4] == CorpusRow(4, "no link")


def as_parquet(path: Path, captions: list[str | None], urls: list[str], *, group: int = 2) -> Path:
    parquet.write_table(pa.table({"url": urls, "caption": captions}), path, row_group_size=group)
    return path


def test_parquet_is_read_from_any_row_and_a_missing_caption_is_listed(tmp_path: Path) -> None:
    captions: list[str | None] = [caption for caption, _url in PAIRS]
    captions[3] = None
    path = as_parquet(tmp_path / "rows.parquet", captions, [url for _caption, url in PAIRS])
    rows = list(read_parquet(path))
    assert [row for row in rows if isinstance(row, CorpusRow)] == WHOLE[:3] + WHOLE[4:]
    assert rows[3] == BadRow(3, "rows.parquet", 4, "There is no caption.")
    assert list(read_parquet(path, 1)) == rows[1:]
    assert list(read_parquet(path, 4)) == rows[4:]


def test_a_damaged_row_group_costs_itself_alone(tmp_path: Path) -> None:
    captions: list[str | None] = [f"a caption of its own {number}" * 20 for number in range(200)]
    path = as_parquet(tmp_path / "rows.parquet", captions, ["https://example.org/"] * 200, group=100)
    content = bytearray(path.read_bytes())
    content[4:300] = b"\xff" * 296
    rows = list(read_parquet(written(path, bytes(content))))
    assert [(row.line, row.reason[:33]) for row in rows if isinstance(row, BadRow)] == [
        (1, "The rest of row group 1 is damage")
    ]
    assert [row.number for row in rows if isinstance(row, CorpusRow)] == list(range(100, 200))


def a_picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(target, "JPEG")
    return target.getvalue()


def as_webdataset(path: Path, n: int = 5) -> Path:
    with webdataset.TarWriter(str(path)) as target:
        for number in range(n):
            caption, url = PAIRS[number]
            target.write(
                {
                    "__key__": f"{number:09d}",
                    "jpg": a_picture(),
                    "txt": caption,
                    "json": {"url": url, "caption": "another"},
                }
            )
    return path


def test_a_webdataset_shard_is_read_sample_by_sample(tmp_path: Path) -> None:
    path = as_webdataset(tmp_path / "00000.tar")
    assert list(read_webdataset(path)) == [
        CorpusRow(row.number, row.caption, row.url, f"{row.number:09d}") for row in WHOLE
    ]
    assert [row.number for row in read_webdataset(path, 3)] == [3, 4]
    assert count_samples(path) == 5
    found = list(samples(path, with_pictures=True, start=4))
    assert [sample.picture for sample in found] == [a_picture()]
    assert all(sample.picture is None for sample in samples(path))


def test_a_shard_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = as_webdataset(tmp_path / "00000.tar").read_bytes()
    with tarfile.open(tmp_path / "00000.tar") as archive:
        third = archive.getmember("000000002.jpg")
    path = written(tmp_path / "00001.tar", whole[: third.offset_data + 100])
    rows = list(read_webdataset(path))
    assert [row.caption for row in rows if isinstance(row, CorpusRow)] == [row.caption for row in WHOLE[:2]]
    assert [(row.line, row.reason) for row in rows if isinstance(row, BadRow)] == [
        (3, "The archive breaks off here (ReadError).")
    ]


def as_clip_retrieval(folder: Path, *, n_files: int = 11, flat: bool = False) -> Path:
    """Write what clip-retrieval's inference writes: half floats and metadata, numbered without leading zeros."""
    for name in ("img_emb", "metadata"):
        (folder / ("." if flat else name)).mkdir(parents=True, exist_ok=True)
    for number in range(n_files):
        features = np.full((2, 4), number, dtype=np.float16)
        np.save(folder / ("." if flat else "img_emb") / f"img_emb_{number}.npy", features)
        as_parquet(
            folder / ("." if flat else "metadata") / f"metadata_{number}.parquet",
            [f"caption {number}", f"other {number}"],
            ["https://example.org/"] * 2,
        )
    return folder


@pytest.mark.parametrize("flat", [False, True])
def test_a_clip_retrieval_folder_keeps_the_order_of_its_numbers(tmp_path: Path, flat: bool) -> None:
    corpus = open_corpus(as_clip_retrieval(tmp_path / "laion", flat=flat))
    assert (corpus.name, corpus.n_rows, len(corpus.shards)) == ("laion", 22, 11)
    for number, shard in enumerate(corpus.shards):
        features = given_features(corpus, shard)
        assert isinstance(features, np.memmap)
        assert float(features[0, 0]) == number
        assert [row.caption for row in read_shard(corpus, shard) if isinstance(row, CorpusRow)] == [
            f"caption {number}",
            f"other {number}",
        ]
    assert from_json(as_json(corpus), corpus.folder) == corpus


def test_rows_and_features_that_do_not_fit_are_a_problem_of_their_file(tmp_path: Path) -> None:
    folder = as_clip_retrieval(tmp_path / "laion", n_files=2)
    np.save(folder / "img_emb" / "img_emb_1.npy", np.zeros((3, 4), dtype=np.float16))
    corpus = open_corpus(folder)
    assert corpus.n_rows == 2
    assert corpus.problems == (("metadata_1.parquet", "metadata_1.parquet has 2 rows, img_emb_1.npy 3."),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.tsv", "".join(f"{one}\t{url}\n" for one, url in PAIRS)),
        ("pairs.tsv", "caption\turl\n" + "".join(f"{one}\t{url}\n" for one, url in PAIRS)),
        ("pairs.jsonl", "".join(json.dumps({"caption": one}) + "\n" for one, _url in PAIRS)),
        ("pairs.tar", ""),
    ],
)
def test_lines_and_samples_are_counted_so_that_no_caption_gets_the_features_of_another(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    if content:
        written(path, content + "\n\n")
    else:
        as_webdataset(path)
    for n, fits in ((4, False), (5, True), (6, False)):
        np.save(tmp_path / "pairs.features.npy", np.zeros((n, 4), dtype=np.float32))
        if fits:
            assert open_corpus(tmp_path).n_rows == 5, "blank lines at the end are no rows"
        else:
            with pytest.raises(CorpusRefused, match=f"{name} has 5 rows, pairs.features.npy {n}"):
                open_corpus(tmp_path)


def test_a_parquet_file_without_captions_is_refused_when_the_corpus_is_opened(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"url": ["https://a"], "words": ["a boat"]}), tmp_path / "rows.parquet")
    np.save(tmp_path / "rows.features.npy", np.zeros((1, 4), dtype=np.float32))
    with pytest.raises(CorpusRefused, match="has no column of captions, but url, words"):
        open_corpus(tmp_path)


def test_a_table_without_features_is_refused_as_it_holds_no_pictures(tmp_path: Path) -> None:
    as_parquet(tmp_path / "rows.parquet", ["A boat", "A dog"], ["https://a", "https://b"])
    with pytest.raises(CorpusRefused, match=r"rows.parquet has no features beside it .rows.features.npy."):
        open_corpus(tmp_path)


def test_a_folder_says_its_encoder_licence_and_order(tmp_path: Path) -> None:
    written(tmp_path / "pairs.tsv", "".join(f"{one}\t{url}\n" for one, url in PAIRS))
    np.save(tmp_path / "pairs.features.npy", np.zeros((5, 4), dtype=np.float32))
    told = {"name": "CC3M", "encoder": "shipped:lite2", "licence": "as given", "column_order": "caption_url"}
    written(tmp_path / "corpus.json", json.dumps(told))
    corpus = open_corpus(tmp_path)
    assert (corpus.name, corpus.encoder, corpus.licence) == ("CC3M", "shipped:lite2", "as given")
    assert corpus.column_order is ColumnOrder.CAPTION_URL
    assert list(read_shard(corpus, corpus.shards[0], 2)) == WHOLE[2:]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, r"holds no usable \.tsv, \.jsonl, \.parquet or \.tar"),
        ({"pairs.tsv": "a\thttps://b\n"}, "has no features beside it"),
        ({"corpus.json": "{"}, "corpus.json is no JSON"),
        ({"corpus.json": '{"column_order": "both"}'}, "caption_url or url_caption"),
        ({"rows.parquet": "PAR1"}, "no whole Parquet file"),
        ({"a.tsv": "a\tb\n", "a.features.npy": "numbers"}, "no whole file of NumPy"),
    ],
)
def test_a_folder_that_is_no_corpus_is_told_why(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    for name, content in files.items():
        written(tmp_path / name, content)
    with pytest.raises(CorpusRefused, match=reason):
        open_corpus(tmp_path)


def test_a_file_that_changed_since_the_corpus_was_opened_is_not_read(tmp_path: Path) -> None:
    corpus = open_corpus(as_clip_retrieval(tmp_path / "laion", n_files=1))
    np.save(corpus.folder / "img_emb" / "img_emb_0.npy", np.zeros((9, 4), dtype=np.float16))
    with pytest.raises(CorpusRefused, match="has changed or gone"):
        given_features(corpus, corpus.shards[0])
