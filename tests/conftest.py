"""What every test session has: settings read, static files collected, tables emptied quickly after a test.

The session's own servers are in tests/session.py, which is loaded before the settings are read.
"""

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase
from playwright.sync_api import expect

pytest_plugins = ["tests.live"]


def pytest_configure() -> None:
    """Have static files looked up when they are asked for, in this process alone.

    Every client of a test has a handler of its own, which would otherwise read the headers of all of them first:
    more than half of a request's time.
    """
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Beside the test database, collect the static files: a page names them by their hashes."""
    call_command("collectstatic", interactive=False, verbosity=0)


# What a page must come to show may take its time on a busy machine; a page that shows it is not waited for.
expect.set_options(timeout=30_000)

# Written by the migrations and the same for every test.
GIVEN_TABLES = {"django_content_type", "auth_permission"}
EMPTYING_ATTEMPTS = 10
# A table that held more is packed again, in bytes.
LARGE_TABLE = 4 * 2**20


def empty_tables(case: TransactionTestCase) -> None:
    """Delete the rows of the tables that have any; emptying all of them, as Django does, takes far longer.

    The rules that forbid it, and references, are off in that transaction, which only a superuser of the database may
    ask for. A last request of a closed browser may still write, or stand in the way: then it is done again.
    """
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    asked = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in sorted(names - GIVEN_TABLES)
    )
    with connection.cursor() as cursor:
        for _attempt in range(EMPTYING_ATTEMPTS):
            cursor.execute(asked)
            full = [name for (name,) in cursor.fetchall()]
            if not full:
                break
            try:
                _delete_rows(full)
            except OperationalError:
                continue
            _pack(full)


def _delete_rows(tables: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')


def _pack(tables: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_total_relation_size(name::regclass) > %s",
            [tables, LARGE_TABLE],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'VACUUM "{table}"')


TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]
