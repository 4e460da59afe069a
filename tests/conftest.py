"""What every test session has: settings read, static files collected, patient emptying of tables.

The session's own servers are in tests/session.py, which is loaded before the settings are read.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase
from playwright.sync_api import expect

pytest_plugins = ["tests.live"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Beside the test database, collect the static files: a page names them by their hashes."""
    call_command("collectstatic", interactive=False, verbosity=0)


# What a page must come to show may take its time on a busy machine; a page that shows it is not waited for.
expect.set_options(timeout=30_000)

FLUSH_ATTEMPTS = 10
flush_tables: Callable[[TransactionTestCase], None] = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


# Puts the triggers that refuse to have a table emptied off or on: bit 32 of the type is TRUNCATE.
EMPTYING = """
DO $$
DECLARE rule record;
BEGIN
    FOR rule IN SELECT tgrelid::regclass AS of_table, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 > 0
    LOOP
        EXECUTE format('ALTER TABLE %s {} TRIGGER %I', rule.of_table, rule.tgname);
    END LOOP;
END $$
"""


@contextmanager
def tables_may_be_emptied() -> Iterator[None]:
    """Lift, in one transaction, the rule that what is kept cannot be emptied; the product has no such way."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(EMPTYING.format("DISABLE"))
        yield
        cursor.execute(EMPTYING.format("ENABLE"))


def flush_patiently(case: TransactionTestCase) -> None:
    """Empty the tables after a test, again where a last request of a closed browser still held some of them."""
    for _attempt in range(FLUSH_ATTEMPTS - 1):
        try:
            with tables_may_be_emptied():
                flush_tables(case)
            return
        except CommandError as refusal:
            if not isinstance(refusal.__cause__, OperationalError):
                raise
            time.sleep(0.5)
    with tables_may_be_emptied():
        flush_tables(case)


TransactionTestCase._fixture_teardown = flush_patiently  # type: ignore[attr-defined]
