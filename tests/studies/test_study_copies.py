"""A study as a template: its copy takes what was designed and nothing that happened; co-authors try it by a link."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studies.drafting.building import DRAFT_FIELDS, OWN_FIELDS, copy_study, write_text
from studies.drafting.declaring import AskedSet, add_sets
from studies.drafting.launching import close_study, launch_study, note_deviation
from studies.drafting.tabling import rules_of
from studies.models import Answer, Participant, Recruiting, Study, StudyApproval, StudyText, TextKind
from studies.results.computing import compute_figures
from studies.taking.inviting import make_links
from tests.flows.participants import ClientVisitor, ParticipantDriver, honest
from tests.study_rows import make_judged_project, make_study, researcher_of

pytestmark = pytest.mark.django_db

# Values that no draft has by itself, so that a field which a copy forgets is noticed.
UNUSUAL: dict[str, Any] = {
    "design": "blocks",
    "medium_pairs": 4,
    "paraphrase_pairs": 7,
    "graders_per_pair": 3,
    "pairs_per_participant": 12,
    "repeats_per_participant": 1,
    "replaces_excluded": False,
    "replaces_withdrawn": False,
    "replaces_lapsed": True,
    "lapse_minutes": 17,
    "minimum_age": 21,
    "asks_language": True,
    "asks_country": True,
    "asks_age": True,
    "max_controls_bad": 1,
    "min_seconds_median": 1.5,
    "min_share_answered": 0.5,
    "primary_leaves_out_excluded": True,
    "platform_fee": 0.25,
    "recruiting": Recruiting.LINKS,
    "id_parameter": "worker",
    "study_parameter": "task",
    "session_parameter": "visit",
    "return_url": "https://platform.example/back",
    "declined_code": "D",
    "screened_out_code": "S",
    "attention_code": "A",
}


def signed_in(study: Study) -> Client:
    client = Client()
    client.force_login(researcher_of(study.project))
    return client


@pytest.fixture
def draft(db: None) -> Study:
    return make_study(make_judged_project(images=8), hard_pairs=8, **UNUSUAL)


def test_a_copy_takes_the_whole_design_and_nothing_that_happened(draft: Study) -> None:
    for kind in TextKind.values:
        write_text(study=draft, kind=kind, markdown=f"# Our own {kind}\n\n{{purpose}}", actor=None)
    add_sets(study=draft, asked=AskedSet("Low", below=0.2), actor=None)
    launched = launch_study(study=draft, actor=None)
    make_links(study=launched, count=2, actor=None)
    note_deviation(study=launched, text="It rained.", actor=None)
    close_study(study=launched, actor=None)
    launched.refresh_from_db()
    copy = copy_study(study=launched, title="Again", actor=None)

    taken = [name for name in DRAFT_FIELDS if name not in OWN_FIELDS]
    assert {name: getattr(copy, name) for name in taken} == {name: getattr(launched, name) for name in taken}
    fresh = Study(project=launched.project)
    never_set = {"hard_pairs", "easy_pairs", "encoder"}
    unnoticed = [name for name in taken if getattr(copy, name) == getattr(fresh, name)]
    assert set(unnoticed) <= never_set, "a test value is the same as the field's default"
    assert (copy.completion_code, copy.declined_code, copy.screened_out_code, copy.attention_code) == (
        "",
    ) * 4
    assert copy.seed != launched.seed
    assert copy.slug != launched.slug
    for kind in TextKind.values:
        text = StudyText.objects.filter(study=copy, kind=kind).order_by("-number").first()
        assert text is not None
        assert text.markdown.startswith(f"# Our own {kind}")
    assert [rule.explain() for rule in rules_of(copy)] == ["similarity below 0.2"]

    assert copy.is_draft
    assert (copy.launched_at, copy.closed_at) == (None, None)
    for happened in ("participants", "pairs", "invite_links", "deviations", "results", "approvals"):
        assert not getattr(copy, happened).exists(), happened
    assert not hasattr(copy, "preregistration")
    assert not StudyApproval.objects.exists()


def test_drafts_too_are_copied_from_the_list_and_a_demonstration_stays_one(draft: Study) -> None:
    Study.objects.filter(pk=draft.pk).update(is_demo=True)
    client = signed_in(draft)
    assert (
        reverse("study-copy", args=[draft.project.slug, draft.public_id])
        in client.get(f"/p/{draft.project.slug}/studies/").text
    )
    client.post(f"/p/{draft.project.slug}/studies/{draft.public_id}/copy/")
    copy = Study.objects.exclude(pk=draft.pk).get()
    assert copy.is_demo
    assert copy.title == "Words and pictures (copy)"


def test_a_co_author_s_test_run_is_made_by_a_link_says_so_on_every_page_and_counts_nowhere(
    draft: Study,
) -> None:
    client = signed_in(draft)
    place = f"/p/{draft.project.slug}/studies/{draft.public_id}/"
    links = []
    for _person in range(2):
        page = client.post(f"{place}tests/link/")
        assert page.headers["Cache-Control"] == "no-store"
        links.append(page.text.partition('<code id="test-link">')[2].partition("</code>")[0])
    first, second = ("?" + link.partition("?")[2] for link in links)
    assert first != second
    pages = []

    def look(visitor: ClientVisitor) -> None:
        pages.append(visitor.client.get(f"/s/{draft.slug}/go/").text)

    for query in (first, second):
        visitor = ClientVisitor()
        driver = ParticipantDriver(visitor, f"/s/{draft.slug}/")
        driver.arrive(query)
        look(visitor)
        driver.consent()
        look(visitor)
        driver.take_part(honest, query=query)
        look(visitor)
    assert len(pages) == 6
    assert all("Test run, counts nowhere" in page for page in pages)
    assert Participant.objects.filter(is_test=True).count() == 2
    assert Answer.objects.count() > 0
    assert compute_figures(draft)["n_answers"] == 0
    assert "2 test runs" in client.get(f"{place}launch/").text


def test_a_participant_s_pages_do_not_speak_of_test_runs(draft: Study) -> None:
    launched = launch_study(study=draft, actor=None)
    Study.objects.filter(pk=launched.pk).update(recruiting=Recruiting.OPEN)
    visitor = ClientVisitor()
    ParticipantDriver(visitor, f"/s/{launched.slug}/").arrive()
    assert "Test run" not in visitor.client.get(f"/s/{launched.slug}/go/").text
