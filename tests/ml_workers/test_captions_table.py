"""Every row that cannot be used is named by its line, and the others are read."""

import pytest

from ml_workers.captions_table import MalformedTable, read_captions


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (images / name).write_bytes(b"not looked into here")
    return images


def written(tmp_path, content):
    path = tmp_path / "captions.csv"
    path.write_bytes(content)
    return path


def test_good_rows_are_read_and_bad_ones_listed_by_line_with_their_reason(tmp_path, folder):
    content = (
        b"image,caption,split\n"
        b'a.jpg,"A dog, running",dev\n'
        b"a.jpg,too,many,fields\n"
        b"missing.jpg,A cat,dev\n"
        b"b.jpg,  ,dev\n"
        b'b.jpg,"never closed,dev\n'
        b"b.jpg,caf\xe9,dev\n"
        b"../captions.csv,A climb,dev\n"
        b"\n"
        b"b.jpg,A boat,dev\n"
    )
    table = read_captions(written(tmp_path, content), folder)
    assert [(row.line, row.image, row.caption) for row in table.rows] == [
        (2, "a.jpg", "A dog, running"),
        (10, "b.jpg", "A boat"),
    ]
    assert {row.line: row.reason.split(":")[0] for row in table.skipped} == {
        3: "4 fields instead of 3",
        4: "the image file is missing",
        5: "no caption",
        6: "malformed row",
        7: "not UTF-8",
        8: "the image lies outside the folder",
    }


def test_only_the_rows_of_a_split_are_read_and_a_file_without_splits_is_read_whole(tmp_path, folder):
    with_split = written(tmp_path, b"image,caption,split\na.jpg,One,train\nb.jpg,Two,dev\n")
    assert [row.caption for row in read_captions(with_split, folder, split="dev").rows] == ["Two"]
    without = written(tmp_path, b"\xef\xbb\xbfCaption,Image\r\nOne,a.jpg\r\nTwo,b.jpg\r\n")
    assert [row.image for row in read_captions(without, folder, split="dev").rows] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("content", [b"", b"picture,text\na.jpg,One\n"])
def test_a_file_without_the_two_columns_is_refused_with_a_sentence(tmp_path, folder, content):
    with pytest.raises(MalformedTable, match="no column image"):
        read_captions(written(tmp_path, content), folder)
