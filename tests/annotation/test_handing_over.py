"""What somebody who left had in hand moves on by one act; authorship stays."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from annotation.models import Assignment, AssignmentState, CaptionVersion, Judgment, Question, ReviewItem
from annotation.models.work import BatchTakers, ReannotationBasis
from annotation.review.asking import answer_question, ask_question
from annotation.review.reviewing import open_round, return_item
from annotation.working.handing_over import InHand, hand_over, in_hand, leavers
from annotation.working.reannotating import Selection, open_reannotation
from polyannot.kernel.errors import Conflict, Invalid
from projects.founding import end_membership
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


class Bench:
    """A leaver with an untouched and a begun image, a kept slot, a returned judgment and an open question."""

    def __init__(self) -> None:
        self.project = make.make_project("here")
        self.head = make.add_member(self.project, Role.HEAD)
        self.leaver, self.other = make.add_member(self.project), make.add_member(self.project)
        images = [make.add_image(self.project) for _ in range(3)]
        for image in images:
            for _ in range(2):
                make.add_caption(image)
        self.first = make.make_batch(self.project, images[:1], overlap=1)
        done = make.claim(self.first, self.leaver)
        for version in CaptionVersion.objects.filter(pk__in=done.version_ids):
            make.judge(done, version, "unsure")
        make.finish(done)
        opened = open_round(batch=self.first, head=self.head, draw="random")
        return_item(item=opened.items.order_by("pk")[0], head=self.head, comment="Look again.")
        self.again = open_reannotation(
            project=self.project,
            name="Again",
            selection=Selection(ReannotationBasis.UNSURE),
            taken_by=BatchTakers.SAME,
            actor=self.head,
        )
        self.begun = make.claim(make.make_batch(self.project, images[1:2], overlap=1), self.leaver)
        version = CaptionVersion.objects.get(pk=self.begun.version_ids[0])
        make.judge(self.begun, version, "good")
        self.question = ask_question(assignment=self.begun, version=version, asker=self.leaver, text="Why?")
        self.untouched = make.claim(make.make_batch(self.project, images[2:], overlap=1), self.leaver)

    def leave(self) -> None:
        end_membership(project=self.project, user=self.leaver, actor=self.head)

    def hand_over(self, successor: User | None = None) -> InHand:
        return hand_over(project=self.project, leaver=self.leaver, actor=self.head, successor=successor)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_is_counted_is_what_moves_and_it_moves_once(bench: Bench) -> None:
    counted = in_hand(project=bench.project, person=bench.leaver)
    assert counted == InHand(n_untouched=1, n_begun=1, n_kept=1, n_returned=1, n_questions=1)
    assert not leavers(bench.project).exists()
    with pytest.raises(Conflict, match="still_here"):
        bench.hand_over()
    bench.leave()
    assert [row.user for row in leavers(bench.project)] == [bench.leaver]
    assert bench.hand_over() == counted
    assert bench.hand_over().is_empty
    assert not leavers(bench.project).exists()


def test_images_open_for_others_and_judgments_stay_with_their_author(bench: Bench) -> None:
    bench.leave()
    bench.hand_over()
    bench.untouched.refresh_from_db()
    bench.begun.refresh_from_db()
    assert (bench.untouched.state, bench.untouched.annotator) == (AssignmentState.OPEN, None)
    assert (bench.begun.state, bench.begun.annotator) == (AssignmentState.SKIPPED, bench.leaver)
    assert make.claim(bench.begun.batch, bench.other).image == bench.begun.image
    assert make.claim(bench.untouched.batch, bench.other).pk == bench.untouched.pk
    assert Judgment.objects.filter(annotator=bench.leaver).count() == 3
    assert make.claim(bench.again, bench.other).image == bench.first.assignments.get().image


def test_returned_judgments_go_back_to_the_heads_with_their_comment(bench: Bench) -> None:
    bench.leave()
    bench.hand_over()
    item = ReviewItem.objects.exclude(comment="").get()
    assert (item.state, item.comment) == ("waiting", "Look again.")


def test_a_successor_gets_the_kept_slots_and_the_answers(bench: Bench) -> None:
    bench.leave()
    with pytest.raises(Invalid, match="successor_missing"):
        bench.hand_over(make.make_user())
    bench.hand_over(bench.other)
    assert Assignment.objects.get(batch=bench.again).reserved_for == bench.other
    answer_question(question=bench.question, head=bench.head, answer="Because.")
    question = Question.objects.get()
    assert (question.asker, question.reader) == (bench.leaver, bench.other)


def test_a_closed_account_counts_as_left(bench: Bench) -> None:
    User.objects.filter(pk=bench.leaver.pk).update(is_active=False)
    assert leavers(bench.project).count() == 1
    assert bench.hand_over().n_begun == 1
    assert Assignment.objects.filter(lease_until__lt=timezone.now()).count() == 0


def test_the_page_counts_first_and_then_hands_over(bench: Bench) -> None:
    client = Client()
    client.force_login(bench.head)
    place = f"/p/here/batches/handover/{bench.leaver.public_id}/"
    assert "still works here" in client.get(place).content.decode()
    assert client.post(place).status_code == 409
    bench.leave()
    assert "1 person left with work in hand" in client.get("/p/here/batches/").content.decode()
    assert "Images half judged" in client.get(place).content.decode()
    assert client.post(place, {"successor": bench.other.public_id}).status_code == 302
    assert "Nothing is in hand" in client.get(place).content.decode()
    assert "left with work" not in client.get("/p/here/batches/").content.decode()
    client.force_login(bench.other)
    assert client.get(place).status_code == 403
