"""The test session's own embedded servers, in a folder that goes when the session ends.

They must be there before Django reads its settings, hence at import and not in a fixture (and without a
DJANGO_SETTINGS_MODULE in pyproject, which pytest-django reads first). With DATABASE_URL and REDIS_URL set,
those servers are used instead.
"""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import TransactionTestCase
from playwright.sync_api import expect

from polyannot import embedded
from polyannot.embedded import addresses

pytest_plugins = ["tests.live"]

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("POLYANNOT_DEMO", None)
SESSION_HOME = Path(tempfile.mkdtemp(prefix="polyannot-tests-"))
os.environ["POLYANNOT_HOME"] = str(SESSION_HOME)
# Messages of the tests never reach another worker, whatever broker REDIS_URL names.
os.environ["BROKER_PREFIX"] = f"test-{secrets.token_hex(4)}:"
embedded.join()
if "DATABASE_URL" not in os.environ:
    # The session's own cluster goes with the session: it need not outlive a power cut, as the real one must.
    with psycopg.connect(addresses.database_url(), autocommit=True) as cluster:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            cluster.execute(f"ALTER SYSTEM SET {setting} = off")
        cluster.execute("SELECT pg_reload_conf()")
os.environ["DJANGO_SETTINGS_MODULE"] = "polyannot.settings"
django.setup()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Beside the test database, collect the static files: a page names them by their hashes."""
    call_command("collectstatic", interactive=False, verbosity=0)


# What a page must come to show may take its time on a busy machine; a page that shows it is not waited for.
expect.set_options(timeout=30_000)

FLUSH_ATTEMPTS = 10
flush_tables: Callable[[TransactionTestCase], None] = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def flush_patiently(case: TransactionTestCase) -> None:
    """Empty the tables after a test, again where a last request of a closed browser still held some of them."""
    for _attempt in range(FLUSH_ATTEMPTS - 1):
        try:
            flush_tables(case)
            return
        except CommandError as refusal:
            if not isinstance(refusal.__cause__, OperationalError):
                raise
            time.sleep(0.5)
    flush_tables(case)


TransactionTestCase._fixture_teardown = flush_patiently  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the session's servers and remove their folder."""
    embedded.leave(wait=True)
    shutil.rmtree(SESSION_HOME)
