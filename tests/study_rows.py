"""Projects that are ready for a study, and studies in their states, made through the acts."""

import hashlib
import random
from decimal import Decimal

from accounts.models import User
from annotation.models import (
    CaptionVersion,
    Difficulty,
    DifficultyRun,
    Encoder,
    Image,
    Similarity,
)
from annotation.working.assigning import finish_assignment
from projects.models import Job, Project, Role
from studies.drafting.building import create_study, revise_study
from studies.drafting.launching import launch_study
from studies.models import Study
from tests import factories

CONSENT = {
    "institution": "Example University",
    "responsible_person": "The principal investigator",
    "contact": "study@example.org",
    "ethics": "Exempt, case 12",
    "purpose": "To learn how people match words and pictures.",
    "stored_until": "Answers without names, for ten years.",
    "pay": "3.00 for taking part",
    "risks": "None beyond looking at ordinary photographs.",
    "withdrawal_until": "until the results are published",
    "backups_kept": "30 days",
    "partial_answers": "Answers given before stopping are kept.",
}


def make_judged_project(
    *, images: int = 12, good: int = 4, bad: int = 2, seed: int = 1, head: User | None = None
) -> Project:
    """Return a project whose captions are judged by two annotators, with similarities and a vote on difficulty.

    Every image has `good` captions (half hard, a quarter medium, a quarter easy in turn) and `bad` ones.
    """
    project = factories.make_project(admin=head)
    pictures = [_image_with_captions(project, number, good, bad) for number in range(images)]
    batch = factories.make_batch(project, pictures)
    for annotator in (factories.add_member(project), factories.add_member(project)):
        for _picture in pictures:
            assignment = factories.claim(batch, annotator)
            for version in CaptionVersion.objects.filter(pk__in=assignment.version_ids):
                label = "bad" if version.caption.key.startswith("bad") else "good"
                factories.judge(assignment, version, label)
            finish_assignment(assignment=assignment, annotator=annotator)
    _vote(project, random.Random(seed))
    return project


def _image_with_captions(project: Project, number: int, good: int, bad: int) -> Image:
    image = factories.add_image(project, f"image-{number:03d}")
    for place in range(good):
        text = f"A fine caption number {place} that belongs to picture {number}"
        factories.add_caption(image, text, key=f"good-{number:03d}-{place}", pool_rank=place)
    for place in range(bad):
        text = f"A wrong caption number {place} for the picture called {number}"
        factories.add_caption(image, text, key=f"bad-{number:03d}-{place}", pool_rank=good + place)
    return image


def _vote(project: Project, chance: random.Random) -> None:
    encoder = (
        Encoder.objects.create(
            name="test:encoder",
            weights_hash=hashlib.sha256(b"weights").hexdigest(),
            source="test",
            dimension=4,
        )
        if not Encoder.objects.filter(name="test:encoder").exists()
        else Encoder.objects.get(name="test:encoder")
    )
    job = Job.objects.create(
        project=project, kind="difficulty", queue="cpu", fingerprint=f"{project.pk:064d}", state="done"
    )
    run = DifficultyRun.objects.create(project=project, job=job, easy_min_votes=3, hard_max_votes=0)
    levels = ("hard", "hard", "medium", "easy")
    for version in CaptionVersion.objects.filter(project=project).select_related("caption"):
        Similarity.objects.create(
            project=project,
            encoder=encoder,
            image_id=version.image_id,
            version=version,
            cosine=round(chance.uniform(0.05, 0.35), 6),
        )
        if version.caption.key.startswith("good"):
            level = levels[int(version.caption.key[-1]) % len(levels)]
            Difficulty.objects.create(run=run, version=version, yes_votes=0, n_votes=3, level=level)


def make_study(project: Project, *, actor: User | None = None, **values: object) -> Study:
    """Return a draft with its consent filled in, ready to launch."""
    study = create_study(project=project, title="Words and pictures", actor=actor)
    settings: dict[str, object] = {
        **CONSENT,
        "hard_pairs": 12,
        "medium_pairs": 0,
        "easy_pairs": 0,
        "pairs_per_participant": 4,
        "distractors_in_study": 4,
        "distractors_per_participant": 2,
        "controls_in_study": 2,
        "controls_per_participant": 1,
        "target_participants": 12,
        "pay_each": Decimal("3.00"),
        "max_distractors_good": 1,
        "seed": 20240501,
        "completion_code": "C1X2Y3",
    }
    return revise_study(study=study, actor=actor, values=settings | values)


def make_open_study(project: Project | None = None, *, actor: User | None = None, **values: object) -> Study:
    """Return a launched study."""
    project = project or make_judged_project()
    return launch_study(study=make_study(project, actor=actor, **values), actor=actor)


def researcher_of(project: Project) -> User:
    """Return a researcher of the project."""
    return factories.add_member(project, Role.RESEARCHER)


def make_paraphrased_project(*, images: int = 8, each: int = 3) -> Project:
    """Return a project with one caption an image, in words of its own, and `each` paraphrases of it."""
    project = factories.make_project()
    for number in range(images):
        image = factories.add_image(project, f"image-{number:03d}")
        words = " ".join(f"word{number}{letter}" for letter in "abcdefg")
        original = factories.add_caption(image, words, key=f"original-{number:03d}").caption
        for place in range(each):
            text = f"other{number} words{number} told{number} here{number} take{number} {'x' * (place + 1)}"
            paraphrase = factories.add_caption(image, text, key=f"paraphrase-{number:03d}-{place}").caption
            paraphrase.paraphrase_of = original
            paraphrase.save(update_fields=["paraphrase_of"])
    return project


def make_grading(project: Project | None = None, *, actor: User | None = None, **values: object) -> Study:
    """Return a draft in which paraphrases are graded, ready to launch."""
    project = project or make_paraphrased_project()
    study = create_study(project=project, title="The same in other words", actor=actor, kind="paraphrases")
    settings: dict[str, object] = {
        **CONSENT,
        "paraphrase_pairs": 20,
        "pairs_per_participant": 8,
        "distractors_in_study": 2,
        "distractors_per_participant": 2,
        "controls_in_study": 2,
        "controls_per_participant": 1,
        "pay_each": Decimal("3.00"),
        "max_distractors_good": 0,
        "max_controls_bad": 0,
        "seed": 20240502,
    }
    return revise_study(study=study, actor=actor, values=settings | values)


def make_open_grading(
    project: Project | None = None, *, actor: User | None = None, **values: object
) -> Study:
    """Return a launched study in which paraphrases are graded."""
    return launch_study(study=make_grading(project, actor=actor, **values), actor=actor)
