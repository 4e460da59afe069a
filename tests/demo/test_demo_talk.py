"""The talk of the demonstration goes through the acts of life, once."""

import pytest

from annotation.models import Precedent, Question
from demo.talking import RULING, play_talk
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_one_question_becomes_a_precedent_one_waits_and_playing_again_adds_nothing() -> None:
    project = make.make_project()
    images = [make.add_image(project) for _ in range(2)]
    for image in images:
        for _caption in range(3):
            make.add_caption(image)
    batch = make.make_batch(project, images)
    asker, other = make.add_member(project), make.add_member(project)
    head = make.add_member(project, Role.HEAD)
    for person in (asker, other):
        make.claim(batch, person)
    for _playing in range(2):
        play_talk(batch=batch, asker=asker, other=other, head=head)
    assert sorted(Question.objects.values_list("state", flat=True)) == ["answered", "open"]
    assert Precedent.objects.get().title == RULING.title
