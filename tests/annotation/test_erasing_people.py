"""Erasing a person: their name stands in their account alone, so nothing of it is left once that is a pseudonym."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from annotation.models import ImportedRater, Judgment
from annotation.quality.reports import DRIFT, FEEDBACK, drift_runner, feedback_runner, request_quality
from projects.models import Job, Project, Role, StoredFile
from projects.people import erase_account
from projects.storage import read_stored
from tests import factories as make
from tests.annotation.agreement_work import computed
from tests.annotation.made_elsewhere import brought
from tests.populated import populate

pytestmark = pytest.mark.django_db

RATINGS = "image_key,caption,rater_id,label\n{pair},Wilhelmina Quillfeather,4\n{pair},second,3\n"


def tables_with(words: Iterable[str]) -> set[str]:
    """Return the tables any of whose rows holds one of the words in any column, whatever its type."""
    pattern = "|".join(rf"(^|[^[:alnum:]-]){word}($|[^[:alnum:]-])" for word in words)
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}" AS line WHERE line::text ~* %s)', [pattern])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def files_with(words: Iterable[str]) -> set[str]:
    """Return the media types of stored files that hold one of the words."""
    marks = [word.lower().encode() for word in words]
    return {
        row.media_type
        for row in StoredFile.objects.all()
        if any(mark in read_stored(row).lower() for mark in marks)
    }


def worked(person: User, head: User) -> Project:
    """Return a project in which the two did everything that leaves rows."""
    here = populate("here", annotator=person, head=head)
    make.make_batch(here.project, list(here.project.images.all()), name="Second")
    computed(here.project)
    for kind, runner in ((DRIFT, drift_runner()), (FEEDBACK, feedback_runner())):
        runner.store(request_quality(project=here.project, kind=kind, asked_by=head))
        Job.objects.filter(project=here.project).update(state="done")
    return here.project


def import_with_names(project: Project, member: User) -> User:
    """Import ratings of somebody named in the file and of a member; try it first. Return the account that was made."""
    version = project.caption_versions.select_related("image").earliest("pk")
    table = RATINGS.format(pair=f"{version.image.key},{version.text}")
    how: dict[str, Any] = {"format": "long_csv", "members": {"second": member}, "keeps_names": True}
    for is_trial in (True, False):
        brought(project, table.encode(), is_trial=is_trial, actor=None, **how)
    assert Judgment.objects.filter(mode="imported").count() == 2
    return ImportedRater.objects.get(project=project).user


def test_a_name_stands_in_the_account_alone_and_nowhere_once_it_is_erased() -> None:
    boss = make.make_user("boss", is_site_admin=True)
    person, head = make.make_user("leaver-of-work"), make.make_user("head-of-work")
    project = worked(person, head)
    imported = import_with_names(project, person)
    names = ["leaver-of-work", "head-of-work", "Wilhelmina Quillfeather"]
    assert tables_with(names) == {User._meta.db_table}
    assert files_with(names[:2]) == set()
    assert files_with(names[2:]) == {"application/octet-stream"}, (
        "the file of the import, which stays as it came"
    )
    add_other_admin = make.add_member(project, Role.ADMIN)
    before = Judgment.objects.filter(annotator=person).count()
    for each in (person, head, imported):
        erase_account(user=each, actor=boss)
    assert tables_with(names) == set()
    assert Judgment.objects.filter(annotator=person).count() == before > 0
    client = Client()
    client.force_login(add_other_admin)
    for page in ("agreement", "review", "batches", "people", "history", "captions", "agreement/drift"):
        answer = client.get(f"/p/here/{page}/")
        assert answer.status_code == 200
        assert "of-work" not in answer.content.decode().lower(), page
