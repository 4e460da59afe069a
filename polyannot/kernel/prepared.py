"""Statements that are built once a process, planned once a connection and run many times.

On a hot path building a queryset costs more than running it, and planning a statement over six tables as much.

    found = Prepared(lambda batch, person: Assignment.objects.filter(batch=batch, annotator=person).values_list("pk"))
    found.rows(batch=7, person=3)

The queryset stays the one definition; only its SQL is kept. Why and where: docs/decisions/0005.
"""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from django.db import connection
from django.db.models import Model, QuerySet
from psycopg import sql

M = TypeVar("M", bound=Model)
Build = Callable[..., QuerySet[Any, Any]]
# Values that nothing else has, one kind for each kind of parameter; they are looked for in what was compiled. Numbers
# fit into an integer column: Django leaves out a condition whose value does not.
RARE_NUMBER = 2_147_400_000
FIRST_MOMENT = datetime(1, 1, 2, tzinfo=UTC)


def _marks(kinds: Mapping[str, type]) -> dict[str, Any]:
    numbers = itertools.count(7919)
    makers: dict[type, Callable[[int], Any]] = {
        int: lambda number: RARE_NUMBER + number,
        UUID: lambda number: UUID(int=number),
        str: lambda number: f"\ue000{number}",
        datetime: lambda number: FIRST_MOMENT + timedelta(microseconds=number),
    }
    return {name: makers[kind](next(numbers)) for name, kind in kinds.items()}


def execute(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run a statement with values bound by the server, which keeps its plan from the fifth run on (DATABASE_PREPARE).

    Takes part in Django's transaction and raises Django's errors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor: psycopg.Cursor[tuple[Any, ...]] = psycopg.Cursor(connection.connection)
        return cursor.execute(statement.encode(), values)


class Prepared:
    """A queryset of `values_list` with named parameters, compiled at its first run; safe among threads.

    `kinds` gives the type of each parameter: int, str, UUID or datetime. Parameters may only appear as values: the
    statement must not depend on them. Converters of fields are not applied, so columns must be of types that the
    driver gives as Python's (numbers, text, UUID, times, arrays).

    Every other value is written into the statement: only so can a plan that is kept use an index on a part of a table.
    """

    def __init__(self, build: Build, **kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._statement: tuple[str, list[str]] | None = None
        self._lock = threading.Lock()

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run it and return all rows. Raises KeyError when a parameter is missing."""
        statement, names = self._statement or self._compile()
        return execute(statement, [values[name] for name in names]).fetchall()

    def first(self, **values: Any) -> tuple[Any, ...] | None:
        """Run it and return the first row; the queryset should end after one."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def _compile(self) -> tuple[str, list[str]]:
        with self._lock:
            if self._statement is None:
                marks = _marks(self._kinds)
                statement, params = self._build(**marks).query.get_compiler(connection=connection).as_sql()
                named = {mark: name for name, mark in marks.items()}
                names = [
                    named.get(value) if isinstance(value, int | str | UUID | datetime) else None
                    for value in params
                ]
                if missing := set(self._kinds) - set(names):
                    raise LookupError(f"Not a value of the statement: {', '.join(sorted(missing))}.")
                written = [
                    "%s" if name else _literal(value) for name, value in zip(names, params, strict=True)
                ]
                self._statement = statement % tuple(written), [name for name in names if name]
        return self._statement


def _literal(value: Any) -> str:
    """Return a value as SQL writes it, with the driver's own escaping."""
    return sql.Literal(value).as_string(connection.connection).replace("%", "%%")


def columns_of(model: type[Model], prefix: str = "") -> list[str]:
    """Return the columns of a model as `values_list` names them, behind a relation if one is given."""
    return [f"{prefix}{field.attname}" for field in model._meta.concrete_fields]


def row_as(model: type[M], row: tuple[Any, ...]) -> M:
    """Return the instance whose columns (all, in the order of `columns_of`) a row holds."""
    return model.from_db(connection.alias, [field.attname for field in model._meta.concrete_fields], row)


@lru_cache(maxsize=32)
def _insertion(model: type[Model]) -> tuple[str, list[str]]:
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]
    written = sql.SQL("INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING {key}").format(
        table=sql.Identifier(model._meta.db_table),
        columns=sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in columns]),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        key=sql.Identifier(str(model._meta.pk.column)),
    )
    return written.as_string(None), [field.attname for field in columns]


def insert(row: M) -> M:
    """Insert a new row as `save(force_insert=True)` does, key filled in, at a fraction of its cost; return it.

    For models whose key the database makes and whose columns are of types that the driver knows. Nothing is computed
    before saving: times that Django would fill in must be there. Raises Django's database errors.
    """
    statement, names = _insertion(type(row))
    (row.pk,) = execute(statement, [getattr(row, name) for name in names]).fetchone() or (None,)
    state = vars(row)["_state"]
    state.adding, state.db = False, connection.alias
    return row
