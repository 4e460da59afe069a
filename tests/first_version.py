"""A database as the first version had it, with rows in it: `python -m tests.first_version` fills that of DATABASE_URL.

The rows are written through the models as they were then, not through today's.
"""

import hashlib
import os
from typing import Any

import django
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

FIRST = [
    ("accounts", "0001_initial"),
    ("projects", "0002_events_are_append_only"),
    ("annotation", "0003_threshold_of_a_project"),
    ("studies", "0002_rows_that_meet"),
    ("releases", "0002_rows_that_meet"),
]
NOTE = "as the first version wrote it"


class First:
    """Rows as the first version wrote them: two people who judge a picture's captions, an edit, a final label."""

    def __init__(self, apps: Apps) -> None:
        self.apps = apps
        people = [
            self.make("accounts.User", username=name, display_name=name) for name in ("head", "one", "two")
        ]
        self.head, *self.annotators = people
        self.project = self.make("projects.Project", slug="birds", name="Birds")
        self.make(
            "projects.Event",
            project=self.project,
            act="project_created",
            row_type="project",
            row_id=self.project.pk,
        )
        self.guideline = self.make("annotation.Guideline", project=self.project, number=1, text="Look well.")
        self.schema = self.make("annotation.LabelSchema", project=self.project, name="Fit")
        for place, (key, meaning) in enumerate((("good", "good"), ("bad", "bad"), ("maybe", "unsure"))):
            self.make(
                "annotation.Label",
                schema=self.schema,
                key=key,
                name=key,
                shortcut=key[0],
                position=place,
                meaning=meaning,
            )
        stored = self.make("projects.StoredFile", sha256="0" * 64, size=1, media_type="image/jpeg")
        self.image = self.make(
            "annotation.Image", project=self.project, key="heron", width=4, height=3, file=stored
        )
        self.versions = [self.caption(place) for place in range(3)]
        self.batch = self.make(
            "annotation.Batch",
            project=self.project,
            name="First",
            schema=self.schema,
            guideline=self.guideline,
        )
        for slot, annotator in enumerate(self.annotators):
            self.judge(slot, annotator)
        self.make(
            "annotation.Adjudication",
            project=self.project,
            version=self.versions[2],
            label="bad",
            adjudicator=self.head,
        )
        self.make("studies.Study", project=self.project, slug="herons", title="Herons", created_by=self.head)

    def make(self, model: str, **values: Any) -> Any:
        """Write a row of a model as it was."""
        return self.apps.get_model(model).objects.create(**values)

    def caption(self, place: int) -> Any:
        text = f"A heron, number {place}"
        caption = self.make(
            "annotation.Caption",
            project=self.project,
            image=self.image,
            key=f"heron-{place}",
            verbatim=text,
            source="web",
        )
        return self.make(
            "annotation.CaptionVersion",
            project=self.project,
            image=self.image,
            caption=caption,
            text=text,
            content_hash=hashlib.sha256(text.encode()).hexdigest(),
            state="base",
        )

    def judge(self, slot: int, annotator: Any) -> None:
        """Write what an annotator gave: good, maybe, and bad after somebody else's good."""
        now = timezone.now()
        assignment = self.make(
            "annotation.Assignment",
            project=self.project,
            batch=self.batch,
            image=self.image,
            annotator=annotator,
            slot=slot,
            position=0,
            state="done",
            version_ids=[version.pk for version in self.versions],
            started_at=now,
            finished_at=now,
        )
        for version, label in zip(self.versions, ("good", "maybe", "bad" if slot else "good"), strict=True):
            self.make(
                "annotation.Judgment",
                project=self.project,
                batch=self.batch,
                assignment=assignment,
                image=self.image,
                caption=version.caption,
                version=version,
                annotator=annotator,
                schema=self.schema,
                guideline=self.guideline,
                label=label,
                note=NOTE,
                mode="key",
                made_at=now,
            )


def main() -> None:
    """Bring an empty database to the tables of the first version and fill them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
    django.setup()
    executor = MigrationExecutor(connection)
    executor.migrate(FIRST)
    First(executor.loader.project_state(FIRST).apps)


if __name__ == "__main__":
    main()
