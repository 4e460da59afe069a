"""Migrations: one line in each app, and nothing in the models that they do not say."""

from collections import Counter
from pathlib import Path

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

OURS = {"accounts", "annotation", "projects", "releases", "studies"}


def test_each_app_has_one_line_of_migrations_with_a_number_each() -> None:
    loader = MigrationLoader(None)
    assert loader.detect_conflicts() == {}
    twice: dict[str, int] = {}
    for app in OURS:
        folder = Path(apps.get_app_config(app).path, "migrations")
        numbers = Counter(path.name[:4] for path in folder.glob("[0-9]*.py"))
        twice |= {f"{app}/{number}": count for number, count in numbers.items() if count > 1}
    assert twice == {}


def test_the_models_say_nothing_that_no_migration_says() -> None:
    loader = MigrationLoader(None)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=loader.graph
    )
    assert {app: found for app, found in changes.items() if app in OURS} == {}
