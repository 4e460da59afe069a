"""Write docs/data-model.md: every table with what it holds and what its columns point to, from the models themselves.

python -m tools.data_model
"""

import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import django
from django.apps import apps

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data-model.md"
APPS = ("accounts", "projects", "annotation", "studies", "releases")
HEAD = """\
# Data model

One PostgreSQL database. Rows that meet carry their project and are held together by composite foreign keys, so that no
row of one project can point to another's; judgments, texts of versions and events never change once written. This page
is written from the models by `python -m tools.data_model`, and a test holds it to them.
"""


def written() -> str:
    """Return the page. Django must have been set up."""
    return "\n".join([HEAD, *(line for app in APPS for line in _app(app))]).rstrip() + "\n"


def _app(label: str) -> Iterator[str]:
    yield f"## {label}\n"
    for model in sorted(apps.get_app_config(label).get_models(), key=lambda model: model._meta.db_table):
        yield f"### {model._meta.db_table}\n"
        told = inspect.cleandoc(model.__doc__ or "").split("\n\n")
        yield "\n\n".join(" ".join(part.split()) for part in told) + "\n"
        columns = []
        for field in model._meta.concrete_fields:
            to = (
                f" → {field.related_model._meta.db_table}"
                if field.is_relation and field.related_model
                else ""
            )
            columns.append(f"`{field.column}`{to}")
        yield ", ".join(columns) + "\n"


def main() -> None:
    """Write it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    django.setup()
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
