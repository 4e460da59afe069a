"""Generic captions: hubs are suggested, people answer blind, a head annotator decides and can undo."""

import uuid
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pgvector import HalfVector

from annotation.agreement.ratings import read_judgments
from annotation.agreement.scope import scope_of
from annotation.models import (
    CaptionHub,
    CaptionVersion,
    Difficulty,
    DifficultyRun,
    Embedding,
    Encoder,
    GenericnessAnswer,
    GenericnessQuestion,
    Judgment,
    Similarity,
)
from annotation.quality.genericness import (
    answer_question,
    decide_check,
    open_checks,
    open_questions,
    suggested_hubs,
    suspect,
    undo_decision,
)
from annotation.quality.genericness_showing import baseline, removed_by_difficulty
from annotation.quality.hubs import find_hubs, request_hubs
from measures.hubs import k_occurrences
from polyannot.kernel.errors import Conflict, Invalid
from projects.models import Event, Job, Project, Role
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> dict[str, Any]:
    """Return a project of twelve images with two captions each, a head annotator and two annotators."""
    project = make.make_project()
    versions = []
    for _ in range(12):
        image = make.add_image(project)
        versions += [make.add_caption(image) for _ in range(2)]
    return {
        "project": project,
        "versions": versions,
        "head": make.add_member(project, Role.HEAD),
        "people": [make.add_member(project) for _ in range(2)],
    }


def embed(project: Project, hub: CaptionVersion, far: CaptionVersion) -> None:
    """Embed images along axes, each caption near its own image, one near to all, one far from every image."""
    encoder = Encoder.objects.create(
        name="tiny", weights_hash=uuid.uuid4().hex, source="test", dimension=16, preprocessing="", licence=""
    )
    images = list(project.images.order_by("pk"))
    axes = np.eye(16, dtype=np.float32)
    rows = [("image", image.file.sha256, axes[place]) for place, image in enumerate(images)]
    for version in CaptionVersion.objects.filter(project=project):
        own = axes[[image.pk for image in images].index(version.image_id)]
        vector = own + 0.1 * axes[14]
        if version.pk == hub.pk:
            vector = axes[:12].sum(axis=0)
        if version.pk == far.pk:
            vector = axes[15]
        rows.append(("text", version.content_hash, vector / np.linalg.norm(vector)))
    Embedding.objects.bulk_create(
        Embedding(encoder=encoder, modality=kind, content_hash=content, vector=HalfVector(vector))
        for kind, content, vector in rows
    )
    Similarity.objects.create(project=project, encoder=encoder, image=hub.image, version=hub, cosine=0.2)


def answered(check_row: Any, people: list[Any], fits: str) -> None:
    for person in people:
        for question in check_row.questions.all():
            answer_question(question=question, annotator=person, fits=fits)


def test_a_caption_near_to_all_images_is_suggested_and_one_far_from_its_own_is_not(
    desk: dict[str, Any],
) -> None:
    hub, far = desk["versions"][0], desk["versions"][5]
    embed(desk["project"], hub, far)
    job = request_hubs(project=desk["project"], asked_by=desk["head"], k=1)
    assert find_hubs(job) == 1
    assert find_hubs(job) == 1
    row = CaptionHub.objects.get()
    assert (row.version, row.k, row.n_images, row.occurrences) == (hub, 1, 12, 11)
    checks = open_checks(project=desk["project"], actor=desk["head"], n_hubs=5, n_baseline=3)
    assert sorted(check.origin for check in checks) == ["baseline", "baseline", "baseline", "hub"]
    assert suggested_hubs(desk["project"]).count() == 1


def test_without_similarities_there_is_nothing_to_suggest_from(desk: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="Compute similarities first"):
        request_hubs(project=desk["project"], asked_by=desk["head"])


def test_occurrences_are_those_counted_one_by_one() -> None:
    rng = np.random.default_rng(3)
    images, captions = (rng.normal(size=(n, 8)).astype(np.float32) for n in (30, 100))
    owners, belongs = np.arange(30), rng.integers(0, 40, 100)
    found = k_occurrences(
        images, owners, [(captions[s : s + 7], belongs[s : s + 7]) for s in range(0, 100, 7)], 5
    )
    counts = np.zeros(100, dtype=int)
    for place, image in enumerate(images):
        cosine = captions @ image
        cosine[belongs == place] = -np.inf
        counts[np.argsort(-cosine, kind="stable")[:5]] += 1
    assert found.counts.tolist() == counts.tolist()
    assert found.counts.sum() == 150


def test_a_check_draws_other_images_by_its_seed(desk: dict[str, Any]) -> None:
    version = desk["versions"][0]
    check = suspect(version=version, actor=desk["head"], seed=7)
    images = {question.image_id for question in check.questions.all()}
    assert len(images) == 5
    assert version.image_id not in images
    assert suspect(version=version, actor=desk["head"], seed=8) == check
    places = list(check.questions.values_list("place", flat=True))
    GenericnessQuestion.objects.all().delete()
    check.delete()
    again = suspect(version=version, actor=desk["head"], seed=7)
    assert {question.image_id for question in again.questions.all()} == images
    assert list(again.questions.values_list("place", flat=True)) == places


def test_answers_are_no_judgments_and_each_person_answers_once(desk: dict[str, Any]) -> None:
    first, second = desk["people"]
    check = suspect(version=desk["versions"][0], actor=desk["head"])
    question = check.questions.first()
    assert question is not None
    answer_question(question=question, annotator=first, fits="yes")
    answer_question(question=question, annotator=first, fits="yes")
    with pytest.raises(Conflict):
        answer_question(question=question, annotator=first, fits="no")
    with pytest.raises(Invalid):
        answer_question(question=question, annotator=second, fits="perhaps")
    assert GenericnessAnswer.objects.count() == 1
    assert not Judgment.objects.exists()
    scope = scope_of(desk["project"])
    assert scope is not None
    assert read_judgments(scope).versions == []
    assert open_questions(desk["project"], first).count() == 4
    assert open_questions(desk["project"], second).count() == 5
    answer_question(question=question, annotator=second, fits="no")
    assert question.pk not in open_questions(desk["project"], desk["head"]).values_list("pk", flat=True)


def test_a_caption_is_removed_on_human_answers_alone_and_can_be_put_back(desk: dict[str, Any]) -> None:
    version, head = desk["versions"][0], desk["head"]
    check = suspect(version=version, actor=head)
    with pytest.raises(Conflict, match="not answered for 5"):
        decide_check(check=check, head=head, is_removed=True)
    answered(check, desk["people"], "yes")
    decide_check(check=check, head=head, is_removed=True, note="fits everything")
    decide_check(check=check, head=head, is_removed=True)
    version.caption.refresh_from_db()
    assert version.caption.drop_reason == "too_generic"
    with pytest.raises(Conflict, match="undo that first"):
        decide_check(check=check, head=head, is_removed=False)
    undo_decision(check=check, head=head)
    version.caption.refresh_from_db()
    assert version.caption.drop_reason == ""
    assert check.decisions.count() == 1
    with pytest.raises(Conflict):
        undo_decision(check=check, head=head)
    decide_check(check=check, head=head, is_removed=False)
    version.caption.refresh_from_db()
    assert version.caption.drop_reason == ""
    acts = set(Event.objects.filter(act__startswith="genericness").values_list("act", flat=True))
    assert acts == {
        "genericness_check_opened",
        "genericness_answered",
        "genericness_decided",
        "genericness_decision_undone",
    }


def test_removals_are_counted_by_difficulty(desk: dict[str, Any]) -> None:
    project, versions = desk["project"], desk["versions"]
    job = Job.objects.create(
        kind="difficulty", project=project, queue="gpu", fingerprint="d" * 64, state="done"
    )
    run = DifficultyRun.objects.create(project=project, job=job, easy_min_votes=6, hard_max_votes=1)
    for version, level in zip(versions[:3], ("easy", "hard", "hard"), strict=True):
        Difficulty.objects.create(run=run, version=version, yes_votes=1, n_votes=7, level=level)
    check = suspect(version=versions[1], actor=desk["head"])
    answered(check, desk["people"], "yes")
    decide_check(check=check, head=desk["head"], is_removed=True)
    assert [(row.removed, row.all) for row in removed_by_difficulty(project)] == [(0, 1), (0, 0), (1, 2)]


def test_rows_of_two_projects_never_meet(desk: dict[str, Any]) -> None:
    check = suspect(version=desk["versions"][0], actor=desk["head"])
    other = make.add_image(make.make_project())
    with pytest.raises(IntegrityError), transaction.atomic():
        GenericnessQuestion.objects.create(project=desk["project"], check_row=check, image=other, place=1)


def test_the_pages_lead_from_suspicion_to_answers_to_the_decision(desk: dict[str, Any]) -> None:
    slug, version = desk["project"].slug, desk["versions"][0]
    head, annotator = Client(), Client()
    head.force_login(desk["head"])
    annotator.force_login(desk["people"][0])
    refused = head.post(reverse("genericness-suspect", args=[slug]), {"text": "no such caption"})
    assert refused.status_code == 422
    assert "No caption of this project reads so" in refused.content.decode()
    head.post(reverse("genericness-suspect", args=[slug]), {"text": version.text})
    counts = {"n_hubs": 0, "n_baseline": 2, "n_images": 3, "answers_wanted": 1, "seed": 5}
    assert head.post(reverse("genericness-open", args=[slug]), counts).status_code == 302
    said = 0
    ask = reverse("fits-next", args=[slug])
    while 'class="answers answers--three"' in (text := annotator.get(ask).content.decode()):
        question = open_questions(desk["project"], desk["people"][0]).first()
        assert question is not None
        assert question.check_row.version.text in text
        assert "Suspected" not in text
        fits = "yes" if question.check_row.version_id == version.pk else "no"
        annotator.post(reverse("fits-answer", args=[slug, question.public_id]), {"fits": fits})
        said += 1
    assert said == 11
    assert (baseline(desk["project"]).yes, baseline(desk["project"]).n) == (0, 6)
    text = head.get(reverse("genericness", args=[slug])).content.decode()
    assert "fits 100.0% (56.6% – 100.0%, 5 of 5)" in text
    assert "0.0% – 39.0%, n = 6 answers" in text
    check = version.caption.genericness_checks.get()
    head.post(reverse("genericness-decide", args=[slug, check.public_id]), {"decision": "remove"})
    assert "removed" in head.get(reverse("genericness", args=[slug]), {"show": "decided"}).content.decode()
    head.post(reverse("genericness-undo", args=[slug, check.public_id]))
    version.caption.refresh_from_db()
    assert version.caption.drop_reason == ""
    assert annotator.get(reverse("genericness", args=[slug])).status_code == 403
