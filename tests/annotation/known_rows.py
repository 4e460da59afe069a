"""Known answers for tests."""

from accounts.models import User
from annotation.models import CaptionVersion, KnownAnswer, KnownUse, OnboardingRun
from annotation.rules.known_answers import make_known_answer
from annotation.rules.onboarding import begin_run, change_plan, confirm_reading, give_answer, next_question
from projects.models import Project, Role
from tests import factories as make


def known_pair(project: Project, use: str, label: str = "good", *, head: User | None = None) -> KnownAnswer:
    """Return a known answer on a new caption of a new image."""
    version: CaptionVersion = make.add_caption(make.add_image(project))
    return make_known_answer(
        version=version,
        schema=project.label_schemas.order_by("pk").first() or project.label_schemas.get(),
        label=label,
        use=use,
        actor=head or make.add_member(project, Role.HEAD),
        explanation="Look at the sky",
    )


def ask_onboarding(
    project: Project, *, n_training: int = 2, n_qualification: int = 4, **more: object
) -> User:
    """Switch onboarding on with so many known pairs of each kind; return the head annotator who made them."""
    head = make.add_member(project, Role.HEAD)
    for place in range(n_training):
        known_pair(project, KnownUse.TRAINING, "good" if place % 2 else "bad", head=head)
    for place in range(n_qualification):
        known_pair(project, KnownUse.QUALIFICATION, "good" if place % 2 else "bad", head=head)
    values = {"is_asked": True, "n_training": n_training, "n_qualification": n_qualification, **more}
    change_plan(project=project, actor=head, values=values)
    return head


def begin(project: Project, person: User) -> OnboardingRun:
    """Read the guidelines and begin."""
    newest = project.guidelines.order_by("-number").first()
    assert newest is not None
    confirm_reading(project=project, person=person, number=newest.number)
    return begin_run(project=project, person=person)


def answer_all(run: OnboardingRun, *, n_wrong: int = 0) -> OnboardingRun:
    """Answer every pair that is left; the first so many of the qualification wrongly."""
    while (known := next_question(run)) is not None:
        label = known.label
        if run.state == "qualification" and n_wrong:
            label, n_wrong = ("bad" if known.label == "good" else "good"), n_wrong - 1
        give_answer(run=run, person=run.person, known=known, label=label)
        run.refresh_from_db()
    return run
