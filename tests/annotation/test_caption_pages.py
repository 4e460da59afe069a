"""Searching captions, a caption's own page, kept filters, and what is out of date."""

import pytest
from django.test import Client

from accounts.models import User
from annotation.captions.editing import decide_edit, propose_edit
from annotation.models import Caption, CaptionFix, CaptionVersion, Image, SavedFilter
from annotation.working.reporting import report_pair
from projects.models import Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db
HERE = "/p/here/captions/"


@pytest.fixture
def project() -> Project:
    return make.make_project("here")


@pytest.fixture
def image(project: Project) -> Image:
    return make.add_image(project, "harbour")


@pytest.fixture
def head(client: Client, project: Project) -> User:
    user = make.add_member(project, Role.HEAD)
    client.force_login(user)
    return user


def found(client: Client, query: str) -> list[str]:
    """Return the texts that a search finds."""
    answer = client.get(f"{HERE}?{query}", headers={"Accept": "application/json"}).json()
    texts = [caption["text"] for caption in answer["captions"]]
    assert answer["total"] == len(texts)
    return texts


def edited(base: CaptionVersion, text: str, kind: str = "color") -> CaptionVersion:
    return propose_edit(parent=base, text=text, kinds=[kind], author=make.make_user())


def test_words_are_found_by_their_beginnings_and_characters_anywhere(
    client: Client, head: User, image: Image
) -> None:
    for text in ["Two dogs run", "A dog sleeps", "A hotdog stand", "The <person> waves", "50% off, all_day"]:
        make.add_caption(image, text)
    assert found(client, "q=dog") == ["Two dogs run", "A dog sleeps"]
    assert found(client, "q=DOG+sleep") == ["A dog sleeps"]
    assert found(client, "q=dog&exact=1") == ["Two dogs run", "A dog sleeps", "A hotdog stand"]
    assert found(client, "q=%3Cperson%3E") == ["The <person> waves"]
    assert found(client, "q=50%25+off") == ["50% off, all_day"]
    assert found(client, "q=l_d&exact=1") == ["50% off, all_day"]
    assert found(client, "q=%27+%7C+%3A%2A+%28") == []
    assert found(client, "q=x") == []


def test_captions_are_found_by_where_they_come_from_and_what_became_of_them(
    client: Client, head: User, project: Project, image: Image
) -> None:
    plain = make.add_caption(image, "Plain", source="web")
    Caption.objects.filter(pk=plain.caption_id).update(licence="CC0")
    changed = make.add_caption(image, "A red boat")
    decide_edit(version=edited(changed, "A blue boat"), reviewer=head, accept=True)
    waiting = make.add_caption(image, "A red buoy")
    edited(waiting, "A green buoy", "number")
    gone = make.add_caption(make.add_image(project, "shore"), "A rude word")
    report_pair(caption=gone.caption, reporter=head, kind="offensive")
    assert found(client, "source=web") == ["Plain"]
    assert found(client, "licence=CC0") == ["Plain"]
    assert found(client, "shape=changed") == ["A blue boat"]
    assert found(client, "shape=proposed") == ["A red buoy"]
    assert found(client, "shape=unconfirmed") == []
    assert found(client, "kind=number") == ["A red buoy"]
    assert found(client, "drop=dropped") == ["A rude word"]
    assert found(client, "drop=reported") == ["A rude word"]
    assert len(found(client, "drop=in_pool")) == 3
    assert found(client, "image=shore") == ["A rude word"]
    assert found(client, "q=green") == ["A red buoy"]
    assert len(found(client, "source=nowhere&image=nowhere")) == 0
    assert client.get(f"{HERE}?source=nowhere").status_code == 200


def test_captions_are_found_by_label_and_verdict(
    client: Client, head: User, project: Project, image: Image
) -> None:
    good, bad, _open = (make.add_caption(image, f"A {word} one") for word in ("good", "bad", "new"))
    assignment = make.claim(make.make_batch(project, [image], overlap=1), make.add_member(project))
    make.judge(assignment, good, "good")
    make.judge(assignment, bad, "bad")
    assert found(client, "label=bad") == ["A bad one"]
    assert found(client, "verdict=good") == ["A good one"]
    assert found(client, "verdict=bad") == ["A bad one"]
    assert found(client, "verdict=not_judged") == ["A new one"]
    client.force_login(make.add_member(project, Role.RESEARCHER))
    assert len(found(client, "label=bad")) == 3, "researchers are not asked for labels, so the filter is none"
    assert "Somebody" not in client.get(HERE).content.decode()


def test_pages_follow_one_another_and_lead_back(client: Client, head: User, image: Image) -> None:
    for number in range(90):
        make.add_caption(image, f"Caption {number:02}")
    first = client.get(f"{HERE}?q=caption").content.decode()
    assert "90 captions" in first
    assert all(
        f'name="{name}"' in first for name in ("source", "licence", "kind", "label", "verdict", "image")
    )
    answer = client.get(HERE, headers={"Accept": "application/json"}).json()
    second = client.get(f"{HERE}?after={answer['after']}", headers={"Accept": "application/json"}).json()
    assert second["captions"][0]["text"] == "Caption 40"
    before = client.get(
        f"{HERE}?before={second['captions'][0]['id']}", headers={"Accept": "application/json"}
    ).json()
    assert [c["text"] for c in before["captions"]] == [c["text"] for c in answer["captions"]]
    assert client.get(f"{HERE}?after=nonsense").status_code == 200


def test_a_search_keeps_to_few_queries(
    client: Client, head: User, image: Image, django_assert_max_num_queries: object
) -> None:
    for number in range(50):
        make.add_caption(image, f"Caption {number}")
    with django_assert_max_num_queries(18):  # type: ignore[operator]
        assert client.get(f"{HERE}?q=caption").status_code == 200


def test_a_filter_is_kept_under_a_name_for_oneself_or_for_all(
    client: Client, head: User, project: Project, image: Image
) -> None:
    make.add_caption(image, "A red boat")
    values = {"name": "Boats", "query": "q=boat&after=somewhere", "is_shared": "on"}
    answer = client.post(f"{HERE}filters/save", values)
    assert answer["Location"] == f"{HERE}?q=boat"
    saved = SavedFilter.objects.get()
    assert (saved.query, saved.is_shared, saved.owner) == ("q=boat", True, head)
    client.post(f"{HERE}filters/save", values | {"query": "q=ship", "is_shared": ""})
    saved.refresh_from_db()
    assert (saved.query, saved.is_shared) == ("q=ship", False)
    client.post(f"{HERE}filters/save", values)
    other = make.add_member(project, Role.RESEARCHER)
    client.force_login(other)
    assert "Boats" in client.get(HERE).content.decode()
    assert client.post(f"{HERE}filters/save", values).status_code == 409
    assert client.post(f"{HERE}filters/{saved.public_id}/delete").status_code == 404
    assert client.post(f"{HERE}filters/save", {"name": "", "query": "q=x"}).status_code == 422
    assert client.post(f"{HERE}filters/save", {"name": "All", "query": ""}).status_code == 422
    client.force_login(head)
    assert client.post(f"{HERE}filters/{saved.public_id}/delete").status_code == 302
    assert not SavedFilter.objects.exists()


def test_a_caption_shows_its_tree_and_goes_back_to_a_named_version(
    client: Client, head: User, project: Project, image: Image
) -> None:
    base = make.add_caption(image, "A red boat")
    child = decide_edit(version=edited(base, "A blue boat"), reviewer=head, accept=True)
    edited(base, "A boat")
    address = f"{HERE}{base.caption.public_id}/"
    page = client.get(address).content.decode()
    assert "<del>red</del> <ins>blue</ins>" in page
    assert "stands now" in page
    assert "3 versions" in page
    assert client.post(f"{address}revert", {"version": base.public_id, "reason": ""}).status_code == 422
    assert client.post(f"{address}revert", {"version": base.public_id, "reason": "Red."}).status_code == 302
    page = client.get(address).content.decode()
    assert "Went back: Red." in page
    assert "went back to an earlier text" in page
    made = CaptionVersion.objects.get(reverts_to=base)
    decide = f"{HERE}versions/{made.public_id}/decide"
    assert client.post(decide, {"act": "accept"}).status_code == 403
    client.force_login(make.add_member(project, Role.HEAD))
    assert client.post(decide, {"act": "accept"}).status_code == 302
    child.refresh_from_db()
    assert child.state == "accepted"
    elsewhere = make.add_caption(image, "Another")
    refused = client.post(f"{address}revert", {"version": elsewhere.public_id, "reason": "No."})
    assert refused.status_code == 422


def test_who_said_what_is_for_head_annotators(
    client: Client, head: User, project: Project, image: Image
) -> None:
    base = make.add_caption(image, "A red boat")
    annotator = make.add_member(project, user=make.make_user("zebedee"))
    assignment = make.claim(make.make_batch(project, [image], overlap=1), annotator)
    make.judge(assignment, base, "bad")
    edit = propose_edit(parent=base, text="A blue boat", kinds=["color"], author=annotator)
    address = f"{HERE}{base.caption.public_id}/"
    assert "Zebedee" in client.get(address).content.decode()
    researcher = make.add_member(project, Role.RESEARCHER)
    client.force_login(researcher)
    page = client.get(address).content.decode()
    assert "Zebedee" not in page
    assert "blue" not in page
    decide_edit(version=edit, reviewer=head, accept=True)
    page = client.get(address).content.decode()
    assert "by Annotator" in page
    assert "Zebedee" not in page


def test_what_a_changed_text_leaves_behind_is_listed(
    client: Client, head: User, project: Project, image: Image
) -> None:
    base = make.add_caption(image, "A red boat")
    assignment = make.claim(make.make_batch(project, [image], overlap=1), make.add_member(project))
    make.judge(assignment, base, "bad")
    page = client.get(f"{HERE}stale/").content.decode()
    assert page.count("up to date") == 4
    decide_edit(version=edited(base, "A blue boat"), reviewer=head, accept=True)
    page = client.get(f"{HERE}stale/?kind=labels").content.decode()
    assert "Labels: 1 caption" in page
    assert "purpose=reannotation" in page
    assert client.post(f"{HERE}stale/recompute", {"kind": "similarities"}).status_code == 422


def test_a_fix_goes_from_the_search_to_its_undo_by_forms_alone(
    client: Client, head: User, image: Image
) -> None:
    make.add_caption(image, "A grey boat")
    make.add_caption(image, "A grey gull")
    make.add_caption(image, "A red buoy")
    assert "In the 2 captions of your search" in client.get(f"{HERE}fixes/new?q=grey").content.decode()
    values = {
        "pattern": "grey",
        "replacement": "gray",
        "is_whole_word": "on",
        "is_case_sensitive": "on",
        "kinds": ["color"],
        "accepts": "1",
        "scope": "q=grey",
    }
    assert client.post(f"{HERE}fixes/new", values | {"kinds": []}).status_code == 422
    address = client.post(f"{HERE}fixes/new", values)["Location"]
    assert ">Batches</a>" in client.get(f"{HERE}fixes/").content.decode(), "the same tabs as beside it"
    page = client.get(address).content.decode()
    assert "Change 2 captions" in page
    shown = [str(v.public_id) for v in CaptionVersion.objects.filter(text__contains="grey").order_by("pk")]
    client.post(f"{address}tick", {"shown": shown, "ticked": shown[:1], "next": "1"})
    assert client.post(f"{address}tick", {"shown": ["x"]}).status_code == 422
    assert "Change 1 caption<" in client.get(address).content.decode()
    assert client.post(f"{address}apply", {"n_named": 2}).status_code == 409
    assert client.post(f"{address}apply", {}).status_code == 422
    assert client.post(f"{address}apply", {"n_named": 1}).status_code == 302
    page = client.get(address).content.decode()
    assert "1 new text waits for a second person" in page
    assert "<ins>gray</ins>" in page
    assert client.post(f"{address}confirm", {"n_named": 1, "act": "accept"}).status_code == 403
    assert client.post(f"{address}undo").status_code == 302
    assert "Taken back" in client.get(address).content.decode()
    assert client.get(f"{HERE}fixes/").status_code == 200
    assert client.post(f"{address}discard").status_code == 409


@pytest.mark.parametrize("filter_of_none", ["souce=test", "source=elsewhere", "q=%00"])
def test_a_fix_over_a_filter_that_makes_no_sense_is_refused_and_not_made_of_all_captions(
    client: Client, head: User, image: Image, filter_of_none: str
) -> None:
    make.add_caption(image, "A grey boat")
    asked = client.get(f"{HERE}fixes/new?{filter_of_none}")
    values = {"pattern": "grey", "replacement": "gray", "kinds": ["color"], "scope": filter_of_none}
    for answer in (asked, client.post(f"{HERE}fixes/new", values)):
        assert answer.status_code == 422
        assert "Nothing was changed" in answer.content.decode()
    assert not CaptionFix.objects.exists()
