"""The workspace over HTTP: pages, forms without scripts, and the list of judgments that browsers send."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Assignment, AssignmentState, CaptionVersion, Judgment
from annotation.working.judging import GivenEdit
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> dict[str, Any]:
    """Return an annotator signed in before a batch of two images with three captions each."""
    project = make.make_project()
    images = [make.add_image(project) for _ in range(2)]
    for image in images:
        for rank in range(3):
            make.add_caption(image, pool_rank=rank)
    annotator = make.add_member(project)
    client = Client()
    client.force_login(annotator)
    batch = make.make_batch(project, images, overlap=1)
    return {"project": project, "batch": batch, "annotator": annotator, "client": client, "images": images}


def url(desk: dict[str, Any], name: str, *more: Any) -> str:
    return reverse(name, args=[desk["project"].slug, desk["batch"].public_id, *more])


def shown(assignment: Assignment) -> list[CaptionVersion]:
    versions = CaptionVersion.objects.in_bulk(assignment.version_ids)
    return [versions[pk] for pk in assignment.version_ids]


def item(assignment: Assignment, version: CaptionVersion, label: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "assignment": str(assignment.public_id),
        "version": str(version.public_id),
        "label": label,
        "sequence": more.pop("sequence", 1),
        "made_at": datetime.now(UTC).isoformat(),
        "duration_ms": 900,
        "mode": "key",
        "note": "",
        "edit": None,
        **more,
    }


def send(desk: dict[str, Any], items: list[Any], **more: Any) -> Any:
    told = {"annotator": str(desk["annotator"].public_id), "judgments": items, **more}
    return desk["client"].post(
        url(desk, "workspace-judgments"),
        json.dumps(told),
        content_type="application/json",
        headers={"accept": "application/json"},
    )


def open_workspace(desk: dict[str, Any]) -> Assignment:
    assert desk["client"].get(url(desk, "workspace")).status_code == 200
    return Assignment.objects.get(annotator=desk["annotator"], state=AssignmentState.LEASED)


def test_the_home_page_leads_to_the_batch_that_waits(desk: dict[str, Any]) -> None:
    page = desk["client"].get(reverse("annotate-home", args=[desk["project"].slug])).content.decode()
    assert url(desk, "workspace") in page
    assert "2 images" in page


def test_the_workspace_shows_the_captions_in_the_stored_order_and_nothing_that_betrays(
    desk: dict[str, Any],
) -> None:
    page = desk["client"].get(url(desk, "workspace")).content.decode()
    assignment = Assignment.objects.get(annotator=desk["annotator"])
    places = [page.index(str(version.public_id)) for version in shown(assignment)]
    assert places == sorted(places)
    for secret in ("similarity", "corpus", "pool_rank", "neighbour"):
        assert secret not in page


def test_other_peoples_labels_and_edits_are_not_on_the_page(desk: dict[str, Any]) -> None:
    other = make.add_member(desk["project"])
    batch = make.make_batch(desk["project"], desk["images"][:1], overlap=2)
    theirs = make.claim(batch, other)
    make.judge(
        theirs,
        shown(theirs)[0],
        "good",
        edit=GivenEdit(text="Something that only they would write", kinds=["other"]),
    )
    page = desk["client"].get(reverse("workspace", args=[desk["project"].slug, batch.public_id]))
    assert "only they would write" not in page.content.decode()
    assert 'data-label="good"' not in page.content.decode()


def test_buttons_work_without_scripts_and_the_form_may_be_sent_twice(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    version = shown(assignment)[0]
    form = {"assignment": assignment.public_id, "version": version.public_id, "label": "bad"}
    for _time in range(2):
        answer = desk["client"].post(url(desk, "workspace-judge"), form)
        assert answer.status_code == 302
    assert Judgment.objects.current().get(version=version).label == "bad"


def test_a_list_is_taken_in_the_order_of_its_sequence_numbers(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    version = shown(assignment)[0]
    late = item(assignment, version, "unsure", sequence=7)
    early = item(assignment, version, "good", sequence=3)
    answer = send(desk, [late, early])
    assert [result["state"] for result in answer.json()["results"]] == ["saved", "saved"]
    assert Judgment.objects.current().get(version=version).label == "unsure"


def test_the_same_list_sent_twice_is_taken_once(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    items = [item(assignment, version, "good", sequence=n) for n, version in enumerate(shown(assignment))]
    assert send(desk, items).json() == send(desk, items).json()
    assert Judgment.objects.count() == 3


def test_a_bad_item_is_refused_by_itself(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    first, second, third = shown(assignment)
    items = [
        item(assignment, first, "splendid", sequence=1),
        {"id": "x", "label": "good"},
        item(assignment, second, "good", sequence=2, edit={"text": "", "kinds": ["color"]}),
        "nonsense",
        item(assignment, third, "good", sequence=3),
        item(assignment, third, "good", sequence=4, duration_ms=float("inf")),
    ]
    results = {result["id"]: result for result in send(desk, items).json()["results"]}
    assert [result["state"] for result in results.values()].count("refused") == 5
    assert results[items[4]["id"]]["state"] == "saved"  # type: ignore[index]
    assert results["x"]["code"] == "judgment_malformed"
    assert Judgment.objects.count() == 1


def test_judgments_of_another_person_on_the_same_browser_are_not_taken(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    items = [item(assignment, shown(assignment)[0], "good")]
    answer = send(desk, items, annotator=str(uuid.uuid4()))
    assert answer.status_code == 409
    assert answer.json()["code"] == "another_annotator"
    assert not Judgment.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", '{"judgments": 3}', "{" * 5000])
def test_what_is_no_list_of_judgments_is_refused_whole(desk: dict[str, Any], body: str) -> None:
    answer = desk["client"].post(
        url(desk, "workspace-judgments"),
        body,
        content_type="application/json",
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 422


def test_a_closed_batch_refuses_each_judgment_with_words(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    desk["batch"].closed_at = datetime.now(UTC)
    desk["batch"].save()
    result = send(desk, [item(assignment, shown(assignment)[0], "good")]).json()["results"][0]
    assert (result["state"], result["code"]) == ("refused", "batch_closed")
    page = desk["client"].get(url(desk, "workspace")).content.decode()
    assert "This batch is closed" in page


def test_late_work_on_an_image_whose_lease_ran_out_is_taken(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    versions = shown(assignment)
    Assignment.objects.filter(pk=assignment.pk).update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    make.claim(desk["batch"], make.add_member(desk["project"]))
    Assignment.objects.filter(pk=assignment.pk, state=AssignmentState.LEASED).exclude(
        annotator=desk["annotator"]
    ).update(state=AssignmentState.OPEN, annotator=None, lease_until=None, version_ids=[])
    result = send(desk, [item(assignment, versions[0], "good")]).json()["results"][0]
    assert result["state"] == "saved"
    assert Judgment.objects.get().annotator == desk["annotator"]


def test_late_work_on_an_image_that_others_have_taken_is_refused_with_words(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    versions = shown(assignment)
    Assignment.objects.filter(pk=assignment.pk).update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    other = make.add_member(desk["project"])
    assert make.claim(desk["batch"], other).pk == assignment.pk
    result = send(desk, [item(assignment, versions[0], "good")]).json()["results"][0]
    assert (result["state"], result["code"]) == ("refused", "image_given_away")


def test_handing_in_opens_the_next_image_for_scripts_and_for_forms(desk: dict[str, Any]) -> None:
    for accept in ("application/json", "text/html"):
        assignment = open_workspace(desk)
        send(desk, [item(assignment, v, "good", sequence=n) for n, v in enumerate(shown(assignment))])
        answer = desk["client"].post(
            url(desk, "workspace-finish"),
            {"assignment": assignment.public_id},
            headers={"accept": accept},
        )
        if accept == "text/html":
            assert answer.status_code == 302
            continue
        html = answer.json()["html"]
        following = Assignment.objects.get(annotator=desk["annotator"], state=AssignmentState.LEASED)
        assert str(following.public_id) in html
        again = desk["client"].post(
            url(desk, "workspace-finish"),
            {"assignment": assignment.public_id},
            headers={"accept": accept},
        )
        assert str(following.public_id) in again.json()["html"]
    page = desk["client"].get(url(desk, "workspace")).content.decode()
    assert "Nothing is left for you here" in page


def test_an_image_with_captions_left_cannot_be_handed_in(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    answer = desk["client"].post(url(desk, "workspace-finish"), {"assignment": assignment.public_id})
    assert answer.status_code == 409


def test_skipping_needs_a_reason_and_gives_the_image_to_somebody_else(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    form = {"assignment": str(assignment.public_id)}
    assert desk["client"].post(url(desk, "workspace-skip"), form).status_code == 422
    form["reason"] = "disturbing"
    for _time in range(2):
        assert desk["client"].post(url(desk, "workspace-skip"), form).status_code == 302
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.SKIPPED
    assert make.claim(desk["batch"], make.add_member(desk["project"])).image_id == assignment.image_id
    assert open_workspace(desk).image_id != assignment.image_id


def test_a_reported_pair_leaves_circulation_at_once_and_its_reporter_goes_on(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    first, second, third = shown(assignment)
    form = {
        "assignment": assignment.public_id,
        "version": first.public_id,
        "kind": "offensive",
        "text": "No.",
    }
    for _time in range(2):
        answer = desk["client"].post(
            url(desk, "workspace-report"), form, headers={"accept": "application/json"}
        )
        assert answer.json() == {"state": "reported"}
    first.caption.refresh_from_db()
    assert first.caption.drop_reason == "reported"
    assert first.caption.reports.count() == 1
    page = desk["client"].get(url(desk, "workspace")).content.decode()
    assert "2 of 3 wait for you" in page
    send(desk, [item(assignment, v, "good", sequence=n) for n, v in enumerate((second, third))])
    answer = desk["client"].post(url(desk, "workspace-finish"), {"assignment": assignment.public_id})
    assert answer.status_code == 302


def test_a_finished_image_can_be_opened_again_and_changed(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    send(desk, [item(assignment, v, "good", sequence=n) for n, v in enumerate(shown(assignment))])
    desk["client"].post(url(desk, "workspace-finish"), {"assignment": assignment.public_id})
    back = url(desk, "workspace-image", assignment.public_id)
    assert back in desk["client"].get(url(desk, "workspace")).content.decode()
    assert "A finished image" in desk["client"].get(back).content.decode()
    version = shown(assignment)[1]
    result = send(desk, [item(assignment, version, "bad", sequence=9)]).json()["results"][0]
    assert result["state"] == "saved"
    changed = Judgment.objects.current().get(version=version)
    assert (changed.label, changed.supersedes is not None) == ("bad", True)


def test_nobody_opens_or_judges_an_image_in_other_hands(desk: dict[str, Any]) -> None:
    other = make.add_member(desk["project"])
    theirs = make.claim(desk["batch"], other)
    assert desk["client"].get(url(desk, "workspace-image", theirs.public_id)).status_code == 404
    result = send(desk, [item(theirs, shown(theirs)[0], "good")]).json()["results"][0]
    assert result["state"] == "refused"
    assert not Judgment.objects.exists()


def test_annotators_only(desk: dict[str, Any]) -> None:
    stranger, researcher = make.make_user(), make.add_member(desk["project"], Role.RESEARCHER)
    for person, status in ((stranger, 404), (researcher, 403)):
        client = Client()
        client.force_login(person)
        assert client.get(url(desk, "workspace")).status_code == status
    assert Client().get(url(desk, "workspace")).status_code == 302


def test_an_image_left_for_the_next_one_is_handed_in_after_its_judgments(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    judged = [item(assignment, version, "good", sequence=n) for n, version in enumerate(shown(assignment), 1)]
    left = {"id": str(uuid.uuid4()), "assignment": str(assignment.public_id), "finish": True, "sequence": 9}
    told = send(desk, [left, *judged[1:]]).json()["results"]
    assert [row["state"] for row in told] == ["saved", "saved", "refused"]
    assert told[-1]["code"] == "captions_left"
    told = send(desk, [left, judged[0]]).json()["results"]
    assert [row["state"] for row in told] == ["saved", "saved"]
    assert send(desk, [left]).json()["results"][0]["state"] == "saved", "twice is harmless"
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.DONE
    stranger = {**left, "id": str(uuid.uuid4()), "assignment": str(uuid.uuid4())}
    assert send(desk, [stranger, {**stranger, "assignment": 7}]).json()["results"][0]["state"] == "refused"


def test_the_next_desk_comes_ready_while_enough_are_left_else_only_its_picture(desk: dict[str, Any]) -> None:
    assignment = open_workspace(desk)
    asked = {"assignment": str(assignment.public_id)}
    told = desk["client"].post(url(desk, "workspace-ahead"), asked).json()
    assert told["html"] == ""
    assert Assignment.objects.filter(state=AssignmentState.LEASED).count() == 1
    assert str(desk["images"][1].public_id) in told["image"]
    more = [make.add_image(desk["project"]) for _ in range(12)]
    for image in more:
        make.add_caption(image)
    desk["batch"] = make.make_batch(desk["project"], more, overlap=1)
    desk["client"].get(url(desk, "workspace"))
    held = Assignment.objects.get(batch=desk["batch"], annotator=desk["annotator"])
    told = desk["client"].post(url(desk, "workspace-ahead"), {"assignment": str(held.public_id)}).json()
    following = Assignment.objects.exclude(pk=held.pk).get(batch=desk["batch"], annotator=desk["annotator"])
    assert f'data-assignment="{following.public_id}"' in told["html"]
    assert "Image 2 of 12" in told["html"]
    assert "just now" in told["html"]
    assert "Image 1 of 12" in desk["client"].get(url(desk, "workspace")).content.decode()
