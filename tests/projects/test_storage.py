"""The file store: equal contents once, and a damaged one whole again when it comes back."""

from pathlib import Path

import pytest

from projects.storage import open_stored, read_stored, store_bytes, store_path

pytestmark = pytest.mark.django_db

CONTENT = b"some content of the store"


def place() -> Path:
    row = store_bytes(CONTENT, media_type="text/plain")
    with open_stored(row) as source:
        return Path(source.name)


def test_the_same_content_is_written_once() -> None:
    first = place().stat()
    again = place().stat()
    assert (again.st_ino, again.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


@pytest.mark.parametrize("damage", [CONTENT[:7], b"", None], ids=["cut short", "emptied", "lost"])
def test_a_damaged_content_is_whole_again_when_it_is_stored_again(
    damage: bytes | None, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.write_bytes(CONTENT)
    for store in (
        lambda: store_bytes(CONTENT, media_type="text/plain"),
        lambda: store_path(given, media_type="text/plain"),
    ):
        path = place()
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage)
        assert read_stored(store()) == CONTENT
