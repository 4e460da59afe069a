"""An installation of the first version is brought up to this one: every row lives on, and the rules hold for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from projects.backing_up import count_rows
from tests.first_version import NOTE

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
JUDGED = """
SELECT username, label, meaning, note FROM annotation_judgment
  JOIN accounts_user ON accounts_user.id = annotator_id ORDER BY 1, version_id
"""
DECIDED = """
SELECT name, label, meaning FROM annotation_adjudication
  JOIN annotation_labelschema schema ON schema.id = schema_id
"""


@pytest.fixture
def old() -> Iterator[str]:
    """The address of a database that is empty."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as cluster:
        cluster.execute("DROP DATABASE IF EXISTS upgraded WITH (FORCE)")
        cluster.execute("CREATE DATABASE upgraded")
        yield urlsplit(settings.DATABASE_URL)._replace(path="/upgraded").geturl()
        cluster.execute("DROP DATABASE upgraded WITH (FORCE)")


def run(url: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Python as an installation with this database does."""
    mine = {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": settings.SECRET_KEY,
        "REDIS_URL": settings.REDIS_URL,
    }
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=mine, capture_output=True, text=True, check=False
    )


def counted(url: str) -> dict[str, int]:
    with psycopg.connect(url) as there:
        return {table: n for table, n in count_rows(there).items() if n}


def test_the_rows_of_the_first_version_live_on_in_this_one(old: str) -> None:
    made = run(old, "-m", "tests.first_version")
    assert made.returncode == 0, made.stderr
    before = counted(old)
    assert before["annotation_judgment"] == 6
    assert run(old, "manage.py", "migrate", "--check").returncode == 1
    told = run(old, "manage.py", "migrate", "--noinput")
    assert told.returncode == 0, told.stderr
    assert run(old, "manage.py", "migrate", "--check").returncode == 0

    after = counted(old)
    assert {table: (n, after.get(table, 0)) for table, n in before.items() if after.get(table, 0) < n} == {}
    with psycopg.connect(old, autocommit=True) as there:
        assert there.execute(JUDGED).fetchall() == [
            (person, label, {"maybe": "unsure"}.get(label, label), NOTE)
            for person, labels in (("one", "good maybe good"), ("two", "good maybe bad"))
            for label in labels.split()
        ]
        assert there.execute(DECIDED).fetchall() == [("Fit", "bad", "bad")]
        for rule_broken in (
            "UPDATE annotation_judgment SET note = ''",
            "DELETE FROM projects_event",
            "TRUNCATE projects_event",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                there.execute(rule_broken)
