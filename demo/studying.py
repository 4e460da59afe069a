"""The demo's studies: one answered by made-up people (marked so everywhere), one ready to launch."""

from accounts.models import User
from demo.waiting import Say, wait_for
from projects.models import Project
from studies.drafting.building import create_study, revise_study
from studies.drafting.launching import close_study, launch_study
from studies.job_kinds import ask_for_results
from studies.models import Study
from studies.taking.playing import play_participants

ANSWERED, READY = "demo-hard-pairs", "demo-hard-pairs-again"
PEOPLE = 24
LEAVERS = 2
SEED = 20241123
# A demonstration asks nobody; a real study names its institution and its ethics board here.
CONSENT = {
    "institution": "Demonstration, no institution",
    "responsible_person": "Nobody: this study is a demonstration",
    "contact": "There is no contact: this study is a demonstration",
    "ethics": "Not reviewed: no person takes part",
    "purpose": "To show how a study of hard pairs looks.",
    "stored_until": "Made-up answers, until the demonstration is deleted.",
    "pay": "None",
    "risks": "None",
    "withdrawal_until": "At any time",
    "backups_kept": "There are no backups of a demonstration",
    "partial_answers": "Answers given before stopping are kept.",
    "target_participants": PEOPLE,
    "max_distractors_good": 3,
}


def load_studies(*, project: Project, researcher: User, say: Say) -> None:
    """Make both studies once; a loading cut short goes on where it was."""
    answered = _study(project, researcher, ANSWERED, "Hard pairs, answered by made-up people")
    if answered.state == "draft":
        launch_study(study=answered, actor=researcher)
        answered.refresh_from_db()
    if not answered.results.exists():
        say("Letting made-up people take part in a study ...")
        missing = PEOPLE + LEAVERS - answered.participants.count()
        play_participants(study=answered, people=max(0, missing), seed=SEED, leavers=LEAVERS)
        wait_for(ask_for_results(study=answered, actor=researcher))
    if answered.state == "launched":
        close_study(study=answered, actor=researcher)
    _study(project, researcher, READY, "Hard pairs, ready to launch")


def _study(project: Project, researcher: User, slug: str, title: str) -> Study:
    known = Study.objects.filter(project=project, slug=slug).first()
    if known is not None:
        return known
    study = create_study(project=project, title=title, actor=researcher, slug=slug, is_demo=True)
    revise_study(study=study, actor=researcher, values={**CONSENT, "seed": SEED})
    study.refresh_from_db()
    return study
