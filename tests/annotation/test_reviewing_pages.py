"""The head annotator's pages over HTTP, with and without scripts."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Adjudication, Caption, CaptionVersion, Judgment, ReviewItem, ReviewRound
from annotation.models.reviews import ReviewState
from annotation.working.judging import record_judgment
from annotation.working.reporting import report_pair
from projects.models import Membership, Role
from tests import factories as make
from tests.annotation.agreement_work import work

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def desk() -> dict[str, Any]:
    """Return a head annotator signed in before the judgments of two annotators on two images."""
    project, batch, annotators = work(
        [
            ["good", "good+red", "bad", "unsure", "good", "bad", "bad", "good"],
            ["good", "good", "bad", "bad", "good", "bad", "good", "good"],
        ]
    )
    head = make.add_member(project, Role.HEAD)
    client = Client()
    client.force_login(head)
    return {"project": project, "batch": batch, "annotators": annotators, "head": head, "client": client}


def url(desk: dict[str, Any], name: str, *args: Any) -> str:
    return reverse(name, args=[desk["project"].slug, *args])


def get(desk: dict[str, Any], name: str, *args: Any, **query: Any) -> str:
    answer = desk["client"].get(url(desk, name, *args), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def opened(desk: dict[str, Any], which: str = "random", per_cent: float = 100) -> ReviewRound:
    answer = desk["client"].post(
        url(desk, "review-open"),
        {"batch": desk["batch"].public_id, "which": which, "per_cent": per_cent},
    )
    assert answer.status_code == 302, answer.content.decode()
    return ReviewRound.objects.latest("pk")


def test_a_round_opens_with_a_stored_seed_and_shows_its_judgments_by_image(desk: dict[str, Any]) -> None:
    round_ = opened(desk, per_cent=50)
    assert (round_.draw, round_.share) == ("random", 0.5)
    assert round_.seed > 0
    text = get(desk, "review-round", round_.public_id)
    assert text.count('class="review__item"') == 8
    assert "0 of 8 decided" in text


def test_a_round_that_would_be_empty_comes_back_with_why(desk: dict[str, Any]) -> None:
    answer = desk["client"].post(
        url(desk, "review-open"), {"batch": desk["batch"].public_id, "which": "fast", "per_cent": 10}
    )
    assert answer.status_code == 422
    assert "no round was opened" in answer.content.decode()


def test_accepting_in_place_answers_with_the_item_and_the_progress(desk: dict[str, Any]) -> None:
    item = opened(desk).items.order_by("pk")[0]
    answer = desk["client"].post(url(desk, "review-accept", item.public_id), **HTMX)
    text = answer.content.decode()
    assert f'id="review-item-{item.public_id}"' in text
    assert "<html" not in text
    assert "1 of 16 decided" in text
    back = desk["client"].post(url(desk, "review-reopen", item.public_id))
    assert back.status_code == 302
    item.refresh_from_db()
    assert item.state == ReviewState.WAITING


def test_a_return_without_a_comment_is_told_and_with_one_goes_back(desk: dict[str, Any]) -> None:
    item = opened(desk).items.order_by("pk")[0]
    empty = desk["client"].post(url(desk, "review-return", item.public_id), {"comment": ""}, **HTMX)
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.content.decode()
    assert desk["client"].post(url(desk, "review-return", item.public_id), {}).status_code == 422
    answer = desk["client"].post(url(desk, "review-return", item.public_id), {"comment": "Is it red?"})
    assert answer.status_code == 302
    item.refresh_from_db()
    assert (item.state, item.comment) == (ReviewState.RETURNED, "Is it red?")
    text = get(desk, "review-round", item.round.public_id, show="returned")
    assert "Is it red?" in text


def test_an_own_label_with_an_edit_but_no_kind_is_refused_and_keeps_the_text(desk: dict[str, Any]) -> None:
    item = opened(desk).items.select_related("judgment__version").order_by("pk")[0]
    sent = {"label": "bad", "text": f"{item.judgment.version.text} in the rain", "kinds": []}
    answer = desk["client"].post(url(desk, "review-fix", item.public_id), sent, **HTMX)
    assert answer.status_code == 422
    assert "in the rain" in answer.content.decode()
    item.refresh_from_db()
    assert item.state == ReviewState.WAITING
    assert not Adjudication.objects.exists()
    answer = desk["client"].post(url(desk, "review-fix", item.public_id), {**sent, "kinds": ["other"]})
    assert answer.status_code == 302
    assert Adjudication.objects.get().label == "bad"


def test_all_judgments_of_an_image_are_accepted_and_taken_back_in_one_act(desk: dict[str, Any]) -> None:
    round_ = opened(desk)
    image = desk["batch"].assignments.first().image
    words = " ".join(re.sub(r"<[^>]+>", " ", get(desk, "review-round", round_.public_id)).split())
    assert "Accept all 8 of this image" in words
    address = url(desk, "review-image", round_.public_id, image.public_id)
    answer = desk["client"].post(address, {"act": "accept"}, **HTMX)
    assert "8 judgments accepted." in answer.content.decode()
    assert ReviewItem.objects.filter(state=ReviewState.ACCEPTED).count() == 8
    answer = desk["client"].post(address, {"act": "reopen"}, **HTMX)
    assert "8 acceptances taken back." in answer.content.decode()
    assert not ReviewItem.objects.filter(state=ReviewState.ACCEPTED).exists()


def test_edits_and_reports_wait_on_the_first_page_until_decided(desk: dict[str, Any]) -> None:
    caption = Caption.objects.first()
    assert caption is not None
    report = report_pair(caption=caption, reporter=desk["annotators"][0], kind="offensive")
    assert report is not None
    assert "Reported pairs" in get(desk, "review-home")
    desk["client"].post(url(desk, "pair-report-decide", report.public_id), {"act": "put-back"})
    caption.refresh_from_db()
    assert caption.drop_reason == ""
    edited = CaptionVersion.objects.get(parent__isnull=False)
    assert "<ins>red</ins>" in get(desk, "review-home")
    desk["client"].post(url(desk, "review-edit", edited.public_id), {"act": "reject"})
    edited.refresh_from_db()
    assert edited.state == "rejected"
    assert "Edits that wait" not in get(desk, "review-home")


def test_error_rates_stand_with_their_n_and_interval(desk: dict[str, Any]) -> None:
    for item in opened(desk).items.all():
        desk["client"].post(url(desk, "review-accept", item.public_id))
    text = get(desk, "review-home")
    assert "0 of 8" in text
    assert "0.0 to 32.4%" in text


def test_a_final_label_leads_to_the_next_pair_and_an_accepted_edit_stays_with_its_pair(
    desk: dict[str, Any],
) -> None:
    text = get(desk, "adjudicate")
    assert "3 pairs wait for a final label" in text
    first = CaptionVersion.objects.get(children__isnull=False)
    assert first.text in text
    edited = first.children.get()
    answer = desk["client"].post(
        url(desk, "adjudicate-edit", edited.public_id),
        {"act": "accept"},
        **HTMX,
        HTTP_HX_TARGET="adjudicate-pair",
    )
    assert first.text in answer.content.decode()
    edited.refresh_from_db()
    assert edited.state == "accepted"
    answer = desk["client"].post(
        url(desk, "adjudicate-decide", first.public_id),
        {"label": "bad"},
        **HTMX,
        HTTP_HX_TARGET="adjudicate-pair",
    )
    text = answer.content.decode()
    assert "2 pairs wait for a final label" in text
    assert first.text not in text
    assert reverse("adjudicate-pair", args=[desk["project"].slug, first.public_id]) in text


def test_adjudication_works_without_scripts_to_the_last_pair(desk: dict[str, Any]) -> None:
    for _time in range(3):
        version = CaptionVersion.objects.get(
            public_id=desk["client"].get(url(desk, "adjudicate")).context["version"].public_id
        )
        answer = desk["client"].post(url(desk, "adjudicate-decide", version.public_id), {"label": "good"})
        assert answer.status_code == 302
    assert "Everything is decided" in get(desk, "adjudicate")
    assert Adjudication.objects.count() == 3


def test_annotators_and_researchers_may_not_review(desk: dict[str, Any]) -> None:
    for who in (desk["annotators"][0], make.add_member(desk["project"], Role.RESEARCHER)):
        client = Client()
        client.force_login(who)
        for name in ("review-home", "adjudicate"):
            assert client.get(url(desk, name)).status_code == 403


def test_accepting_an_image_leaves_out_ones_own_judgments_and_names_them(desk: dict[str, Any]) -> None:
    round_ = opened(desk)
    own = desk["annotators"][0]
    Membership.objects.filter(user=own).update(role=Role.HEAD)
    desk["client"].force_login(own)
    image = round_.items.order_by("pk")[0].judgment.image
    n_own = round_.items.filter(judgment__image=image, judgment__annotator=own).count()
    address = url(desk, "review-image", round_.public_id, image.public_id)
    text = desk["client"].post(address, {"act": "accept"}, **HTMX).content.decode()
    assert text.count("Somebody else has to review your own judgments.") == n_own > 0
    accepted = round_.items.filter(state=ReviewState.ACCEPTED)
    assert accepted.count() == round_.items.filter(judgment__image=image).count() - n_own
    assert f"Take {accepted.count()} back" in text
    plain = desk["client"].post(address, {"act": "reopen"}, follow=True).content.decode()
    assert "acceptances taken back" in plain
    assert not accepted.exists()


def test_a_round_reads_no_more_than_its_page(
    desk: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    round_ = opened(desk)
    get(desk, "review-round", round_.public_id)
    with django_assert_max_num_queries(25):
        page = desk["client"].get(url(desk, "review-round", round_.public_id))
    assert len(page.context["groups"]) == page.context["page"].paginator.count == 2


def other_head(desk: dict[str, Any]) -> Client:
    client = Client()
    client.force_login(make.add_member(desk["project"], Role.HEAD))
    return client


def test_who_decides_second_sees_what_the_first_decided_and_changes_nothing(desk: dict[str, Any]) -> None:
    item = opened(desk).items.order_by("pk")[0]
    other_head(desk).post(url(desk, "review-return", item.public_id), {"comment": "Is it red?"})
    for name, sent in (
        ("review-accept", {}),
        ("review-return", {"comment": "Other"}),
        ("review-fix", {"label": "bad", "text": "", "comment": ""}),
    ):
        answer = desk["client"].post(url(desk, name, item.public_id), sent, **HTMX)
        text = answer.content.decode()
        assert answer.status_code == 409, name
        assert f'id="review-item-{item.public_id}"' in text
        assert "decided in the meantime" in text
        assert "Is it red?" in text
    assert desk["client"].post(url(desk, "review-accept", item.public_id)).status_code == 409
    item.refresh_from_db()
    assert (item.state, item.comment) == (ReviewState.RETURNED, "Is it red?")


def test_two_final_labels_at_once_are_one_and_the_second_is_told(desk: dict[str, Any]) -> None:
    version = CaptionVersion.objects.get(
        public_id=desk["client"].get(url(desk, "adjudicate")).context["version"].public_id
    )
    address = url(desk, "adjudicate-decide", version.public_id)
    other_head(desk).post(address, {"label": "good", "seen": "", "note": "It fits."})
    sent = {"label": "bad", "seen": "", "note": "It does not fit."}
    answer = desk["client"].post(address, sent, **HTMX, HTTP_HX_TARGET="adjudicate-pair")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else has given a final label meanwhile" in text
    assert version.text in text
    assert "It does not fit." in text, "what was written is kept"
    assert Adjudication.objects.get().label == "good"
    assert desk["client"].post(address, sent).status_code == 409
    answer = desk["client"].post(address, {**sent, "seen": "good"})
    assert answer.status_code == 302
    assert Adjudication.objects.get(is_current=True).note == "It does not fit."


def test_an_edit_is_decided_once_and_by_whoever_was_first(desk: dict[str, Any]) -> None:
    edited = CaptionVersion.objects.get(parent__isnull=False)
    address = url(desk, "review-edit", edited.public_id)
    other_head(desk).post(address, {"act": "reject"})
    assert desk["client"].post(address, {"act": "accept"}).status_code == 409
    edited.refresh_from_db()
    assert edited.state == "rejected"


def test_an_edit_that_its_annotator_has_taken_back_is_not_accepted_from_an_old_page(
    desk: dict[str, Any],
) -> None:
    edited = CaptionVersion.objects.get(parent__isnull=False)
    given = Judgment.objects.get(edited_version=edited)
    record_judgment(
        assignment=given.assignment, annotator=given.annotator, given=make.given(given.version, "bad")
    )
    for name in ("review-edit", "caption-decide", "adjudicate-edit"):
        answer = desk["client"].post(url(desk, name, edited.public_id), {"act": "accept"})
        assert answer.status_code == 409, name
    edited.refresh_from_db()
    assert edited.state == "proposed"


def test_a_note_goes_with_an_own_label(desk: dict[str, Any]) -> None:
    item = opened(desk).items.order_by("pk")[0]
    desk["client"].post(
        url(desk, "review-fix", item.public_id), {"label": "bad", "text": "", "comment": "No red here."}
    )
    assert Adjudication.objects.get().note == "No red here."


def test_a_report_put_back_leaves_out_what_went_out_for_another_reason(desk: dict[str, Any]) -> None:
    caption = Caption.objects.earliest("pk")
    report = report_pair(caption=caption, reporter=desk["annotators"][0], kind="broken")
    assert report is not None
    Caption.objects.filter(pk=caption.pk).update(drop_reason="cleaned")
    desk["client"].post(url(desk, "pair-report-decide", report.public_id), {"act": "put-back"})
    caption.refresh_from_db()
    assert caption.drop_reason == "cleaned"
