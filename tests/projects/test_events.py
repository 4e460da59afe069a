"""The history takes new lines only: the database itself refuses to change, delete or empty what is kept."""

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from projects.history import append_event
from projects.models import Event
from tests import factories

pytestmark = pytest.mark.django_db

# Bits of pg_trigger.tgtype: 8 is DELETE, 32 is TRUNCATE.
TABLES_WITH_RULE = """
SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
 WHERE NOT tgisinternal AND tgtype & %s > 0 ORDER BY 1
"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projects_event SET act = 'other'",
        "DELETE FROM projects_event",
        "TRUNCATE projects_event",
        "TRUNCATE projects_project CASCADE",
    ],
)
def test_an_event_can_neither_be_changed_nor_deleted_nor_emptied_by_sql(statement: str) -> None:
    project = factories.make_project()
    append_event(actor=None, act="project_looked_at", row=project, project=project)
    before = Event.objects.count()
    connection.check_constraints()  # so that no check is outstanding, which would refuse to empty a table by itself
    with (
        pytest.raises(IntegrityError, match=r"append-only|never emptied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.count() == before > 0


def test_every_table_whose_rows_cannot_be_deleted_cannot_be_emptied_either() -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLES_WITH_RULE, [8])
        kept = cursor.fetchall()
        assert ("projects_event",) in kept
        cursor.execute(TABLES_WITH_RULE, [32])
        assert cursor.fetchall() == kept
        for (table,) in kept:
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(f"TRUNCATE {table} CASCADE")
