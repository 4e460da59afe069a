"""Tallies: whatever changes, settling says what the rows say."""

import random
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import QuerySet

from accounts.models import User
from annotation.models import (
    Assignment,
    Caption,
    CaptionVersion,
    ImageTally,
    TallyDue,
    VersionState,
    VersionTally,
)
from annotation.progress.progress import progress_of
from annotation.progress.tallying import settle_everything, settle_tallies
from annotation.progress.verdicts import Verdict, with_verdict
from annotation.review.adjudicating import adjudicate, undecided_versions
from annotation.working.assigning import claim_assignment
from annotation.working.closing import close_batch
from annotation.working.judging import GivenEdit
from projects.models import Project, Role
from tests import factories

STATES = ("unseen", "shown", "waiting", "undecided", "bad", "good")


def state_of(caption: Caption, verdicts: dict[int, str], shown: set[int]) -> str:
    """Return the state of a caption in the pool, by the words of docs/algorithms/progress.md."""
    versions = list(caption.versions.all())
    words = {verdicts[version.pk] for version in versions}
    if Verdict.GOOD in words:
        return "good"
    if Verdict.INCOMPLETE in words or any(version.state == VersionState.PROPOSED for version in versions):
        return "waiting"
    for word in (Verdict.UNDECIDED, Verdict.BAD):
        if word in words:
            return str(word)
    return "shown" if any(version.pk in shown for version in versions) else "unseen"


def the_tallies_say_what_the_rows_say(project: Project) -> None:
    """Compare every stored tally with the computed verdicts, independently of how tallies are written."""
    versions: QuerySet[Any] = with_verdict(CaptionVersion.objects.filter(project=project))
    verdicts = {version.pk: version.verdict for version in versions}
    stored = dict(VersionTally.objects.filter(project=project).values_list("version_id", "verdict"))
    for pk, verdict in verdicts.items():
        state = CaptionVersion.objects.get(pk=pk).state
        if pk in stored:
            assert stored[pk] == verdict
        else:
            assert verdict == Verdict.NOT_JUDGED or state in {VersionState.REJECTED, VersionState.WITHDRAWN}
    for image in project.images.all():
        captions = Caption.objects.filter(image=image)
        pool = captions.filter(drop_reason="")
        tally = ImageTally.objects.get(image=image)
        good = [
            caption
            for caption in pool
            if any(verdicts[pk] == Verdict.GOOD for pk in caption.versions.values_list("pk", flat=True))
        ]
        assert (tally.n_pool, tally.n_good) == (pool.count(), len(good))
        shown = {pk for slot in Assignment.objects.filter(image=image) for pk in slot.version_ids}
        states = Counter(state_of(caption, verdicts, shown) for caption in pool)
        counted = {name: getattr(tally, f"n_{name}") for name in STATES}
        assert counted == {name: states[name] for name in STATES}
        slots = Assignment.objects.filter(image=image, batch__closed_at=None, state__in=["open", "leased"])
        assert tally.n_slots_open == slots.count()
        assert tally.n_slots_done == Assignment.objects.filter(image=image, state="done").count()


def some_version(chance: random.Random, assignment: Assignment) -> CaptionVersion:
    return CaptionVersion.objects.get(pk=chance.choice(assignment.version_ids))


def judge_one(chance: random.Random, assignment: Assignment, _head: User) -> None:
    label = chance.choice(["good", "good", "bad", "unsure", None])
    factories.judge(assignment, some_version(chance, assignment), label)


def edit_one(chance: random.Random, assignment: Assignment, _head: User) -> None:
    version = some_version(chance, assignment)
    edit = GivenEdit(f"{version.text} Repaired {chance.random()}.", ["color"])
    factories.judge(assignment, version, "good", edit=edit)


def hand_in(chance: random.Random, assignment: Assignment, _head: User) -> None:
    for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
        factories.judge(assignment, version, chance.choice(["good", "bad"]))
    factories.finish(assignment)


def adjudicate_one(chance: random.Random, assignment: Assignment, head: User) -> None:
    label = chance.choice(["good", "bad", "unsure"])
    adjudicate(version=some_version(chance, assignment), head=head, label=label)


def drop_one(chance: random.Random, assignment: Assignment, _head: User) -> None:
    if chance.random() < 0.3:
        version = some_version(chance, assignment)
        Caption.objects.filter(pk=version.caption_id).update(drop_reason="cleaned")


ACTS = (judge_one, judge_one, judge_one, edit_one, hand_in, hand_in, adjudicate_one, drop_one)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_after_any_acts_the_tallies_say_what_the_rows_say(seed: int) -> None:
    chance = random.Random(seed)
    project = factories.make_project()
    head = factories.add_member(project, Role.HEAD)
    people = [factories.add_member(project, Role.ANNOTATOR) for _ in range(3)]
    for number in range(4):
        image = factories.add_image(project, key=f"image-{number}")
        for rank in range(3):
            factories.add_caption(image, f"A caption number {rank} of image {number}.")
    batch = factories.make_batch(project, list(project.images.all()), overlap=2)
    for _ in range(45):
        assignment = claim_assignment(batch=batch, annotator=chance.choice(people))
        if assignment is not None:
            chance.choice(ACTS)(chance, assignment, head)
        if chance.random() < 0.2:
            settle_tallies(project)
            the_tallies_say_what_the_rows_say(project)
    close_batch(batch=batch, actor=head)
    assert settle_everything() == 1
    the_tallies_say_what_the_rows_say(project)
    assert settle_everything() == 0
    computed: QuerySet[Any] = with_verdict(
        CaptionVersion.objects.filter(project=project, caption__drop_reason="")
    )
    assert set(undecided_versions(project).values_list("pk", flat=True)) == {
        version.pk
        for version in computed
        if version.verdict == Verdict.UNDECIDED and version.adjudicated is None
    }


@pytest.mark.django_db
def test_a_page_says_how_many_images_are_still_being_counted() -> None:
    project = factories.make_project()
    for number in range(3):
        factories.add_caption(factories.add_image(project, key=f"image-{number}"), "A caption of it.")
    assert settle_tallies(project, at_most=2) == 1
    assert settle_tallies(project, at_most=2) == 0
    assert progress_of(project).n_due == 0


@pytest.mark.django_db(transaction=True)
def test_changes_during_settling_are_due_again() -> None:
    project = factories.make_project()
    image = factories.add_image(project)
    version = factories.add_caption(image, "A red door in a wall.")
    people = [factories.add_member(project, Role.ANNOTATOR) for _ in range(6)]
    batch = factories.make_batch(project, [image], overlap=6)
    stop = threading.Event()

    def settle() -> None:
        while not stop.is_set():
            settle_tallies(project)
        connections.close_all()

    settlers = [threading.Thread(target=settle) for _ in range(2)]
    for settler in settlers:
        settler.start()

    def judge(person: User) -> None:
        assignment = factories.claim(batch, person)
        for label in ("good", "bad", None, "good"):
            factories.judge(assignment, version, label)
        connections.close_all()

    judges = [threading.Thread(target=judge, args=(person,)) for person in people]
    for judging in judges:
        judging.start()
    for judging in judges:
        judging.join()
    stop.set()
    for settler in settlers:
        settler.join()
    settle_tallies(project)
    assert not TallyDue.objects.exists()
    the_tallies_say_what_the_rows_say(project)


@pytest.mark.django_db
def test_the_states_of_an_image_s_captions_add_up_to_its_pool() -> None:
    project = factories.make_project()
    image = factories.add_image(project)
    factories.add_caption(image)
    settle_tallies(project)
    with pytest.raises(IntegrityError, match="image_tally_one_state_a_caption"), transaction.atomic():
        ImageTally.objects.update(n_unseen=0)
    with pytest.raises(IntegrityError, match="version_tally_verdict_known"), transaction.atomic():
        VersionTally.objects.create(
            version=CaptionVersion.objects.get(), project=project, image=image, verdict="never"
        )
