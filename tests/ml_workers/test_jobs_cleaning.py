"""Cleaning as a job: what nobody works with is dropped or repaired, with its reason, and all of it can be undone."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation.agreement.ratings import read_judgments
from annotation.agreement.scope import Scope
from annotation.captions.cleaning import STEP_NAMES, ask_for_cleaning, caption_sources, completed_cleaning
from annotation.captions.cleaning_showing import step_rows
from annotation.captions.cleaning_undoing import undo_cleaning, undo_item
from annotation.captions.editing import propose_edit
from annotation.models import (
    Caption,
    CaptionVersion,
    Cleaning,
    Image,
)
from annotation.progress.progress import flow_of
from annotation.progress.tallying import settle_tallies
from annotation.progress.verdicts import bad_versions, good_versions
from ml_workers.cleaning.duplicates import LEAST_JACCARD
from ml_workers.cleaning.pipeline import STEPS
from ml_workers.cleaning.tagging import HANTA
from ml_workers.runners.cleaning import CleaningRunner, parts_of
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Event, Job, Project, Role
from projects.models.jobs import JobState
from projects.queue import retry_job
from projects.running import register_runner, run_job
from tests import factories as make

pytestmark = pytest.mark.django_db
register_runner("cleaning", CleaningRunner())

LONG = "A small red boat waits on the calm lake in the morning"
TITLES = {
    "kept": LONG,
    "repaired": "Old stone bridge over the river | Flickr",
    "short": "Sunset #sunset",
    "foreign": "Ein kleiner Hund läuft über die grüne Wiese am Fluss",
    "twin": "A small red boat waits on the calm lake",
}


@pytest.fixture
def project() -> Project:
    return make.make_project()


@pytest.fixture
def image(project: Project) -> Image:
    return make.add_image(project)


def add_titles(image: Image, titles: dict[str, str] | None = None) -> dict[str, CaptionVersion]:
    """Add titles of web pages to the pool of an image."""
    made = {key: make.add_caption(image, text, key=key) for key, text in (titles or TITLES).items()}
    ids = [version.caption_id for version in made.values()]
    Caption.objects.filter(pk__in=ids).update(source_url="https://example.org/page", source="web")
    return made


def cleaned(project: Project, **parameters: object) -> Cleaning:
    job = ask_for_cleaning(project=project, actor=make.make_user(), parameters=parameters)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.DONE, "")
    return Cleaning.objects.select_related("job").get(job=job)


def texts(project: Project) -> dict[str, tuple[str, str]]:
    """Return of each caption the text that annotators are given, and why it is out."""
    bases = CaptionVersion.objects.filter(project=project, state="base").select_related("caption")
    return {base.caption.key: (base.text, base.caption.drop_reason) for base in bases}


def fates(cleaning: Cleaning) -> dict[str, tuple[str, str, str]]:
    items = cleaning.items.select_related("caption")
    return {item.caption.key: (item.outcome, item.step, item.hold) for item in items}


def test_captions_are_dropped_and_repaired_with_reasons_and_a_second_run_finds_nothing(
    project: Project, image: Image
) -> None:
    add_titles(image)
    cleaning = cleaned(project)
    assert texts(project) == {
        "kept": (LONG, ""),
        "repaired": ("Old stone bridge over the river", ""),
        "short": (TITLES["short"], "cleaned"),
        "foreign": (TITLES["foreign"], "cleaned"),
        "twin": (TITLES["twin"], "cleaned"),
    }
    assert fates(cleaning) == {
        "repaired": ("changed", "", ""),
        "short": ("dropped", "too_short", ""),
        "foreign": ("dropped", "language", ""),
        "twin": ("dropped", "near_duplicates", ""),
    }
    twin = cleaning.items.get(caption__key="twin")
    assert twin.twin is not None
    assert (twin.twin.text, twin.reason) == (LONG, "Jaccard 0.70")
    made = cleaning.items.get(caption__key="repaired").made
    assert made is not None
    assert (made.author, made.parent and made.parent.state, made.state_name) == (None, "uncleaned", "Cleaned")
    assert cleaning.job.result == {
        "captions": {"given": 5, "cleaned": 5, "dropped": 3, "changed": 1, "held": 0}
    }
    steps = {row.step: (row.n_came, row.n_changed, row.n_dropped) for row in step_rows(cleaning)}
    assert steps["site_names"] == (5, 1, 0)
    assert steps["language"] == (5, 0, 1)
    assert steps["too_short"] == (4, 0, 1)
    assert steps["near_duplicates"] == (3, 0, 1)
    again = cleaned(project)
    assert (again.n_given, again.items.count()) == (2, 0)


def test_flow_counts_and_pools_know_what_was_dropped(project: Project, image: Image) -> None:
    add_titles(image)
    cleaned(project)
    settle_tallies(project, at_most=None)
    flow = flow_of(project)
    assert (flow.imported, flow.cleaned, flow.in_pool) == (5, 2, 2)
    image.refresh_from_db()
    assert (image.tally.n_pool, image.tally.n_unseen) == (2, 2)


def test_a_dropped_caption_is_never_shown_nor_released_nor_a_negative(project: Project, image: Image) -> None:
    add_titles(image)
    cleaned(project)
    assignment = make.claim(make.make_batch(project, [image], overlap=1), make.add_member(project))
    shown = CaptionVersion.objects.filter(pk__in=assignment.version_ids)
    assert {version.text for version in shown} == {LONG, "Old stone bridge over the river"}
    for version in shown:
        make.judge(assignment, version, "good")
    assert {version.text for version in good_versions(project)} == {version.text for version in shown}
    assert not bad_versions(project).exists()
    read = read_judgments(Scope(project, assignment.batch.schema))
    assert (len(read.versions), sum(read.left_out.values())) == (2, 0), "a cleaned text is no edit"


def test_captions_that_people_work_with_stay_and_are_listed(project: Project, image: Image) -> None:
    versions = add_titles(image)
    versions |= add_titles(make.add_image(project), {"edited": "Short and edited"})
    assignment = make.claim(make.make_batch(project, [image]), make.add_member(project))
    make.judge(assignment, versions["short"], "good")
    make.judge(assignment, versions["repaired"], "bad")
    propose_edit(
        parent=versions["edited"], text="Two short edits", kinds=["other"], author=make.add_member(project)
    )
    before = texts(project)
    cleaning = cleaned(project)
    assert texts(project) == before
    assert fates(cleaning) == {
        "repaired": ("held", "", "judged"),
        "short": ("held", "too_short", "judged"),
        "foreign": ("held", "language", "given"),
        "twin": ("held", "near_duplicates", "given"),
        "edited": ("held", "too_short", "edited"),
    }
    assert cleaning.items.get(caption__key="repaired").text == "Old stone bridge over the river"


def test_a_whole_cleaning_is_undone_but_for_texts_that_were_judged_since(
    project: Project, image: Image
) -> None:
    add_titles(image)
    add_titles(make.add_image(project), {"other": "Old town gate in the evening light | Flickr"})
    before = texts(project)
    cleaning = cleaned(project)
    assignment = make.claim(make.make_batch(project, [image], overlap=1), make.add_member(project))
    judged = CaptionVersion.objects.get(caption__key="repaired", state="base")
    make.judge(assignment, judged, "good")
    undone = undo_cleaning(cleaning=cleaning, actor=make.make_user())
    assert (undone.n_undone, undone.n_kept) == (4, 1)
    assert texts(project) == before | {"repaired": ("Old stone bridge over the river", "")}
    assert fates(cleaning)["repaired"] == ("kept", "", "judged")
    assert {version.text for version in good_versions(project)} == {"Old stone bridge over the river"}
    with pytest.raises(Conflict):
        undo_cleaning(cleaning=cleaning, actor=make.make_user())
    assert fates(cleaned(project))["other"] == ("changed", "", ""), "undone, it can be cleaned again"


def test_one_caption_is_taken_back_and_later_cleanings_leave_it(project: Project, image: Image) -> None:
    add_titles(image)
    cleaning = cleaned(project)
    person = make.make_user()
    for key in ("short", "repaired"):
        undo_item(item=cleaning.items.get(caption__key=key), actor=person)
    assert texts(project)["short"] == (TITLES["short"], "")
    assert texts(project)["repaired"] == (TITLES["repaired"], "")
    assert Event.objects.filter(act="cleaning_undone", actor=person).count() == 2
    with pytest.raises(Conflict):
        undo_item(item=cleaning.items.get(caption__key="short"), actor=person)
    again = cleaned(project)
    assert fates(again) == {
        "short": ("held", "too_short", "taken_back"),
        "repaired": ("held", "", "taken_back"),
    }


def test_sources_are_switched_and_the_others_take_part_in_near_duplicates_alone(
    project: Project, image: Image
) -> None:
    add_titles(image, {"title": "Old bridge over the wide river | Flickr", "double": "a calm lake at dawn"})
    make.add_caption(image, "Short corpus text", key="corpus", source="cc3m")
    make.add_caption(image, "a calm lake at dawn in may", key="longer", source="cc3m")
    assert [(one.name, one.n, one.is_web) for one in caption_sources(project)] == [
        ("cc3m", 2, False),
        ("web", 2, True),
    ]
    cleaning = cleaned(project)
    assert (cleaning.sources, cleaning.n_given, cleaning.n_cleaned) == (["web"], 4, 2)
    assert fates(cleaning) == {
        "title": ("changed", "", ""),
        "double": ("dropped", "near_duplicates", ""),
    }
    undo_cleaning(cleaning=cleaning, actor=make.make_user())
    assert fates(cleaned(project, sources="cc3m", without="near_duplicates")) == {
        "corpus": ("dropped", "too_short", "")
    }
    assert fates(cleaned(project, sources="-", without="near_duplicates")) == {}


def test_what_cannot_be_asked_is_refused_with_the_reason(project: Project, image: Image) -> None:
    for parameters, reason in (
        ({"colour": 1}, "takes the parameters"),
        ({"without": "magic"}, "no step magic"),
        ({"languages": "english"}, "codes of two small letters"),
        ({"least_jaccard": "0"}, "above 0"),
        ({"sources": "nowhere"}, "of the source nowhere"),
    ):
        with pytest.raises(Invalid, match=reason):
            ask_for_cleaning(project=project, actor=None, parameters=parameters)
    job = ask_for_cleaning(project=project, actor=None, parameters={})
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, "nothing to clean" in job.error) == (JobState.FAILED, True)


def test_the_steps_and_numbers_that_the_web_names_are_those_of_the_worker() -> None:
    assert STEP_NAMES == STEPS
    assert completed_cleaning({})["least_jaccard"] == LEAST_JACCARD
    assert completed_cleaning({})["tagger"] == HANTA


def test_a_spacy_model_of_the_settings_is_kept_with_the_job_and_a_missing_one_ends_it_in_words(
    project: Project, image: Image, settings: Any
) -> None:
    add_titles(image)
    settings.SPACY_MODEL = "no_such_model"
    job = ask_for_cleaning(project=project, actor=None, parameters={"sources": "*"})
    assert job.parameters["tagger"] == "no_such_model"
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, "no_such_model cannot be loaded here" in job.error) == (JobState.FAILED, True)
    assert not Cleaning.objects.exists()
    settings.SPACY_MODEL = ""
    with pytest.raises(Invalid, match="told by HanTa, as the settings say"):
        retry_job(job=job, actor=make.make_user())


def test_a_part_that_is_written_twice_changes_nothing(project: Project, image: Image) -> None:
    add_titles(image)
    cleaning = cleaned(project)
    before = (texts(project), fates(cleaning), CaptionVersion.objects.count())
    cleaning.job.chunks.update(state=JobState.RUNNING)
    for chunk in cleaning.job.chunks.all():
        CleaningRunner().run(cleaning.job, chunk)
    assert (texts(project), fates(cleaning), CaptionVersion.objects.count()) == before


def test_a_text_of_which_nothing_is_left_is_no_version(project: Project, image: Image) -> None:
    version = add_titles(image, {"link": "https://example.org/a"})["link"]
    without = ["language", "repetition", "parts_of_speech", "too_short"]
    assert fates(cleaned(project, without=without)) == {"link": ("held", "", "empty")}
    version.refresh_from_db()
    assert version.state == "base"


def test_parts_hold_whole_pools() -> None:
    pools: Sequence[Sequence[int]] = [[1, 2], [3], [4, 5, 6, 7], [8]]
    assert parts_of(pools, 3) == [[1, 2, 3], [4, 5, 6, 7], [8]]
    assert parts_of([], 3) == []


def test_the_database_keeps_one_base_for_a_caption(project: Project, image: Image) -> None:
    version = make.add_caption(image)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaptionVersion.objects.create(
            project=project, image=image, caption=version.caption, parent=version, text="b", state="base"
        )


def test_the_report_shows_before_and_after_by_step_and_takes_one_back(
    client: Client, project: Project, image: Image
) -> None:
    add_titles(image)
    cleaning = cleaned(project)
    head, researcher = make.add_member(project, Role.HEAD), make.add_member(project, Role.RESEARCHER)
    client.force_login(head)
    address = reverse("captions-cleaning-report", args=[project.slug, cleaning.job.public_id])
    page = client.get(address).content.decode()
    assert "4 captions, before and after" in page
    assert "<del>| Flickr</del>" in page
    assert f"The longer one stays: {LONG}" in page
    only = client.get(f"{address}?step=too_short").content.decode()
    assert "1 caption, before and after" in only
    table = client.get(reverse("captions-cleaning-csv", args=[project.slug, cleaning.job.public_id]))
    lines = b"".join(table.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 5
    assert any("too_short" in line and "Sunset #sunset" in line for line in lines)
    short = Caption.objects.get(project=project, key="short")
    undo = reverse(
        "captions-cleaning-undo-caption", args=[project.slug, cleaning.job.public_id, short.public_id]
    )
    assert client.post(undo, {"query": "step=too_short"}).headers["Location"].endswith("?step=too_short")
    short.refresh_from_db()
    assert short.drop_reason == ""
    caption_page = client.get(reverse("caption", args=[project.slug, short.public_id])).content.decode()
    assert "undid its cleaning" in caption_page
    client.force_login(researcher)
    assert client.post(undo).status_code == 403
    assert "Take back" not in client.get(address).content.decode()


def test_a_cleaning_is_asked_for_on_its_page(client: Client, project: Project, image: Image) -> None:
    add_titles(image)
    client.force_login(make.add_member(project, Role.HEAD))
    page = client.get(reverse("captions-cleaning", args=[project.slug])).content.decode()
    assert "web (5 captions)" in page
    run = reverse("captions-cleaning-run", args=[project.slug])
    given = {"sources": ["web"], "steps": ["too_short"], "languages": "en", "least_jaccard": "0.6"}
    assert client.post(run, {**given, "languages": "x"}).status_code == 422
    assert client.post(run, given).status_code == 302
    job = Job.objects.get(project=project, kind="cleaning")
    assert (job.parameters["sources"], "too_short" in job.parameters["without"]) == (["web"], False)
    assert len(job.parameters["without"]) == len(STEPS) - 1
