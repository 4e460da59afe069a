"""Pages of progress, images, imports and batches: what they count and what they change."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from annotation.importing.requesting import IMPORT
from annotation.importing.running import ImportRunner
from annotation.models import Assignment, Batch, Caption, CaptionVersion, Image
from annotation.progress.progress import image_counts, progress_of
from annotation.progress.stocking import retire_image
from annotation.progress.tallying import settle_tallies
from annotation.working.assigning import finish_assignment
from projects.models import Job, Project, Role
from projects.running import register_runner, run_job
from tests import factories as make

pytestmark = pytest.mark.django_db
register_runner(IMPORT, ImportRunner())


@pytest.fixture
def project() -> Project:
    return make.make_project("here", good_target=2, judged_target=4)


@pytest.fixture
def head(client: Client, project: Project) -> User:
    user = make.add_member(project, Role.HEAD)
    client.force_login(user)
    return user


def judged_image(project: Project, labels: str, *, extra: int = 0, name: str = "") -> Image:
    """Return an image whose captions one annotator judged as the letters say, with more that nobody was shown."""
    image = make.add_image(project, name)
    versions = [make.add_caption(image, pool_rank=place) for place in range(len(labels))]
    for place in range(extra):
        make.add_caption(image, pool_rank=100 + place)
    annotator = make.add_member(project)
    batch = make.make_batch(project, [image], overlap=1)
    Assignment.objects.filter(batch=batch).update(started_at=timezone.now() - timedelta(days=1))
    assignment = make.claim(batch, annotator)
    words = {"g": "good", "b": "bad", "u": "unsure"}
    for version, letter in zip(versions, labels, strict=True):
        make.judge(assignment, version, words[letter])
    if min(len(labels) + extra, project.judged_target) == len(labels):
        finish_assignment(assignment=assignment, annotator=annotator)
    return image


def test_an_image_is_counted_by_its_captions_and_not_by_its_versions(project: Project) -> None:
    image = judged_image(project, "ggbu", extra=2)
    counts = image_counts(project, project.images.all())[image.pk]
    assert (counts.n_pool, counts.n_judged, counts.n_good, counts.n_settled, counts.n_open) == (
        6,
        4,
        2,
        2,
        0,
    ), "4 is the budget"


def test_an_image_cannot_reach_its_target_when_too_few_captions_are_left(project: Project) -> None:
    lost = judged_image(project, "gbbb")
    hopeful = judged_image(project, "gbb", extra=1)
    counts = image_counts(project, project.images.all())
    assert not counts[lost.pk].can_reach(2)
    assert counts[hopeful.pk].can_reach(2)


def test_captions_beyond_the_budget_give_an_image_nothing(
    client: Client, project: Project, head: User
) -> None:
    judged_image(project, "gbbb", extra=500)
    done, waiting = judged_image(project, "ggb", extra=1), make.add_image(project)
    for _caption in range(2):
        make.add_caption(waiting)
    progress = progress_of(project)
    assert (progress.n_images, progress.n_reached, progress.n_done, progress.n_cannot) == (3, 1, 2, 1)
    assert image_counts(project, [done])[done.pk].can_reach(2)
    assert "2 are done: 2 good captions, or 4 judged" in client.get("/p/here/progress/").content.decode()


def test_progress_counts_images_and_the_way_of_captions(project: Project) -> None:
    judged_image(project, "gggb")
    judged_image(project, "gbbb")
    make.add_image(project)
    progress = progress_of(project)
    assert (progress.n_images, progress.n_reached, progress.n_cannot) == (3, 1, 2)
    assert progress.distribution == [(0, 1), (1, 1), (2, 1)]
    flow = progress.flow
    assert (flow.imported, flow.shown, flow.judged, flow.good, flow.released) == (8, 8, 8, 4, 0)
    assert progress.forecast is None


def test_every_caption_is_in_one_state_and_one_that_was_never_shown_is_not_bad(
    client: Client, project: Project, head: User
) -> None:
    judged_image(project, "gbu", extra=3)
    image = make.add_image(project)
    versions = [make.add_caption(image, pool_rank=rank) for rank in range(5)]
    first = make.claim(make.make_batch(project, [image], overlap=2), make.add_member(project))
    make.judge(first, versions[0], "bad")
    states = progress_of(project).states
    assert (states.in_pool, states.never_shown, states.shown, states.waiting) == (11, 3, 4, 1)
    assert (states.undecided, states.bad, states.good) == (1, 1, 1)
    page = client.get("/p/here/progress/").content.decode()
    assert "3 of 11 captions" in page
    assert "Never shown" in page


def test_a_forecast_needs_a_pace_and_says_what_it_rests_on(
    client: Client, project: Project, head: User
) -> None:
    for _number in range(5):
        judged_image(project, "ggbb")
    waiting = [make.add_image(project) for _number in range(4)]
    for image in waiting:
        make.add_caption(image)
    retired = make.add_image(project)
    make.make_batch(project, [*waiting, retired], overlap=1)
    retire_image(image=retired, actor=head, why="No captions.")
    forecast = progress_of(project).forecast
    assert forecast is not None
    assert (forecast.finished, forecast.left, forecast.n_complete, forecast.n_reached) == (5, 4, 5, 5)
    assert forecast.n_expected == 9
    assert forecast.n_expected_low < 9
    assert "finished their part of an image 5 times" in client.get("/p/here/progress/").content.decode()


def test_the_page_of_progress_keeps_to_few_queries(
    client: Client, project: Project, head: User, django_assert_max_num_queries: object
) -> None:
    for _number in range(6):
        judged_image(project, "ggb")
    settle_tallies(project)
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        assert client.get("/p/here/progress/").status_code == 200


def test_the_gallery_shows_the_progress_of_each_image_in_few_queries(
    client: Client, project: Project, head: User, django_assert_max_num_queries: object
) -> None:
    judged_image(project, "ggbu", name="heron")
    for _number in range(20):
        make.add_image(project)
    settle_tallies(project)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        page = client.get("/p/here/images/").content.decode()
    assert "2 good of 4 judged, 4 in the pool" in page
    assert "heron" in client.get("/p/here/images/?q=her").content.decode()
    assert client.get("/p/here/images/?show=reached").context["page"].paginator.count == 1
    assert client.get("/p/here/images/?show=cannot").context["page"].paginator.count == 20


def test_an_image_shows_its_captions_with_their_words_and_heads_see_counts(
    client: Client, project: Project, head: User
) -> None:
    image = judged_image(project, "gb", extra=1)
    page = client.get(f"/p/here/images/{image.public_id}/").content.decode()
    assert "1 good, 0 good after edit, 0 bad, 0 unsure" in page
    client.force_login(make.add_member(project, Role.RESEARCHER))
    assert "good after edit" not in client.get(f"/p/here/images/{image.public_id}/").content.decode()


def test_captions_are_text_on_the_page_and_never_markup(client: Client, project: Project, head: User) -> None:
    image = make.add_image(project)
    make.add_caption(image, "<script>document.title='changed'</script> A cat")
    page = client.get(f"/p/here/images/{image.public_id}/").content.decode()
    assert "<script>document" not in page


def test_an_image_is_taken_out_with_a_reason_and_a_reserve_takes_its_place(
    client: Client, project: Project, head: User
) -> None:
    image, reserve = make.add_image(project), make.add_image(project, state="reserve")
    assert client.post(f"/p/here/images/{image.public_id}/retire", {"why": ""}).status_code == 422
    client.post(f"/p/here/images/{image.public_id}/retire", {"why": "Two good captions only."})
    client.post(f"/p/here/images/{reserve.public_id}/activate")
    image.refresh_from_db()
    reserve.refresh_from_db()
    assert (image.state, image.retired_by, reserve.state) == ("retired", head, "active")
    assert client.post(f"/p/here/images/{reserve.public_id}/activate").status_code == 409


def test_a_zip_and_a_table_come_in_through_the_page(client: Client, project: Project, head: User) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("cat.jpg", make.picture_bytes())
    table = b"image_key,text\ncat,A cat looks up.\ndog,A dog waits.\n"
    answer = client.post(
        "/p/here/import/",
        {
            "images": SimpleUploadedFile("x.zip", out.getvalue()),
            "captions": SimpleUploadedFile("c.csv", table),
        },
    )
    job = Job.objects.get(kind=IMPORT)
    assert answer["Location"] == f"/p/here/jobs/{job.public_id}/"
    run_job(job.pk)
    assert Caption.objects.get(project=project).versions.get().text == "A cat looks up."
    page = client.get("/p/here/import/").content.decode()
    assert "1 added, 0 already there, 1 refused" in page


def test_a_table_that_cannot_be_one_is_refused_on_the_form(
    client: Client, project: Project, head: User
) -> None:
    assert client.post("/p/here/import/", {}).status_code == 422
    table = SimpleUploadedFile("c.csv", b"picture,words\n")
    answer = client.post("/p/here/import/", {"captions": table})
    assert answer.status_code == 422
    assert "image_key" in answer.content.decode()
    assert not Job.objects.exists()


def test_several_pictures_come_in_at_once(client: Client, project: Project, head: User) -> None:
    files = [
        SimpleUploadedFile(f"{name}.jpg", make.picture_bytes((number, 0, 0)))
        for number, name in enumerate(["one", "two"])
    ]
    client.post("/p/here/import/", {"images": files})
    run_job(Job.objects.get(kind=IMPORT).pk)
    assert set(project.images.values_list("key", flat=True)) == {"one", "two"}


def test_a_batch_takes_images_that_are_in_none_yet(client: Client, project: Project, head: User) -> None:
    images = [make.add_image(project) for _number in range(3)]
    make.make_batch(project, images[:1])
    values = {"name": "Second", "n_images": 2, "overlap": 3, "purpose": "production"}
    assert client.post("/p/here/batches/new", values).status_code == 302
    batch = Batch.objects.get(name="Second")
    assert set(batch.assignments.values_list("image_id", flat=True)) == {image.pk for image in images[1:]}
    assert batch.assignments.count() == 6
    assert client.post("/p/here/batches/new", values).status_code == 422
    assert "Second" in client.get("/p/here/batches/").content.decode()


def test_edits_of_others_are_seen_by_heads_and_not_by_researchers(
    client: Client, project: Project, head: User
) -> None:
    image = make.add_image(project)
    base = make.add_caption(image, "A red cat on a wall")
    CaptionVersion.objects.create(
        project=project,
        image=image,
        caption=base.caption,
        parent=base,
        text="A grey cat on a wall",
        content_hash="0" * 64,
        kinds=["color"],
        state="proposed",
        author=make.add_member(project),
    )
    address = f"/p/here/images/{image.public_id}/"
    assert "A grey cat on a wall" in client.get(address).content.decode()
    client.force_login(make.add_member(project, Role.RESEARCHER))
    assert "A grey cat on a wall" not in client.get(address).content.decode()


def test_the_page_of_an_image_counts_in_the_singular_and_lets_captions_run_their_own_way(
    client: Client, project: Project, head: User
) -> None:
    image = judged_image(project, "gb")
    page = client.get(f"/p/here/images/{image.public_id}/").content.decode()
    assert "1 good caption of the 2 it needs; 2 of 2 in the pool judged." in page
    assert page.count('class="caption-link"') == page.count('dir="auto">') == 2
