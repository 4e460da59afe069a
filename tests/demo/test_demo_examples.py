"""The examples of the demonstration are decided pairs, taken once."""

import pytest

from annotation.models import KnownAnswer
from annotation.review.adjudicating import adjudicate
from demo.knowing import REASONS, play_examples
from projects.models import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_one_decided_pair_of_each_label_becomes_an_example_once() -> None:
    project = make.make_project()
    head = make.add_member(project, Role.HEAD)
    for label in ("bad", "good", "good"):
        adjudicate(version=make.add_caption(make.add_image(project)), head=head, label=label)

    for _playing in range(2):
        assert play_examples(project=project, head=head) == 2

    assert set(KnownAnswer.objects.values_list("label", "use", "source")) == {
        ("good", "example", "adjudication"),
        ("bad", "example", "adjudication"),
    }
    assert set(KnownAnswer.objects.values_list("explanation", flat=True)) == set(REASONS.values())
