"""The machine is lost, and a backup brings back every row and every file; what is wrong with it is said in time."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from polyannot.kernel.errors import Conflict
from projects.backing_up import back_up, count_rows
from projects.models import StoredFile
from projects.storage import storage_name
from tests.populated import populate

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the tests' own database, in the place of the installation's."""
    url = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    monkeypatch.setattr(settings, "DATABASE_URL", url)
    return url


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a database of a new machine, with nothing in it."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as cluster:
        cluster.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        cluster.execute("CREATE DATABASE restored")
        yield urlsplit(settings.DATABASE_URL)._replace(path="/restored").geturl()
        cluster.execute("DROP DATABASE restored WITH (FORCE)")


def restore_on(url: str, home: Path, backup: Path) -> subprocess.CompletedProcess[str]:
    """Run `manage.py restore` as on another machine: its own database, home and file store."""
    mine = {"DATABASE_URL": url, "POLYANNOT_HOME": str(home), "FILE_STORE": str(home / "files")}
    return subprocess.run(
        [sys.executable, "manage.py", "restore", str(backup)],
        cwd=ROOT,
        env={**os.environ, **mine, "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY},
        capture_output=True,
        text=True,
        check=False,
    )


def rows_of(url: str) -> dict[str, int]:
    with psycopg.connect(url) as there:
        return count_rows(there)


def test_what_was_lost_comes_back_with_the_same_counts_and_checksums(
    here: str, elsewhere: str, tmp_path: Path
) -> None:
    populate("whole")
    before, files = rows_of(here), list(StoredFile.objects.values_list("sha256", "size"))
    backup = tmp_path / "all.tar"
    call_command("backup", str(backup))

    told = restore_on(elsewhere, tmp_path / "new", backup)
    assert told.returncode == 0, told.stderr
    assert f"{sum(before.values()):,} rows" in told.stdout
    assert rows_of(elsewhere) == before
    assert before["annotation_judgment"] > 0
    assert files
    for sha256, size in files:
        assert (tmp_path / "new/files" / storage_name(sha256)).stat().st_size == size

    with psycopg.connect(elsewhere) as there, pytest.raises(psycopg.errors.RestrictViolation):
        there.execute("DELETE FROM annotation_judgment")

    again = restore_on(elsewhere, tmp_path / "new", backup)
    assert again.returncode == 1
    assert "There are projects here already" in again.stderr


def test_a_damaged_backup_leaves_the_database_as_it_was(here: str, elsewhere: str, tmp_path: Path) -> None:
    populate("whole")
    backup, damaged = tmp_path / "all.tar", tmp_path / "damaged.tar"
    back_up(backup)
    content = backup.read_bytes()
    with tarfile.open(backup) as archive:
        place = archive.getmember("database.dump").offset_data + 100
    for broken in (
        content[: len(content) // 2],
        content[:place] + b"\0\1\2\3" + content[place + 4 :],
        b"no tar",
    ):
        damaged.write_bytes(broken)
        told = restore_on(elsewhere, tmp_path / "new", damaged)
        assert told.returncode == 1
        assert "damaged or no backup; the database is as it was" in told.stderr
        assert rows_of(elsewhere) == {}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_backup_is_never_written_over_and_missing_files_are_named(
    here: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = StoredFile.objects.create(sha256="0" * 64, size=5, media_type="image/jpeg")
    backup = tmp_path / "all.tar"
    call_command("backup", str(backup))
    assert gone.sha256 in capsys.readouterr().err
    with pytest.raises(Conflict):
        back_up(backup)
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(backup))
