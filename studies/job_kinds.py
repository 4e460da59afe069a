"""The kinds of job that this app asks for; loaded once the models are there, in every process that may ask."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from projects.models import Job
from projects.models.jobs import JobQueue
from projects.outlook import register_page
from projects.queue import enqueue, register_kind
from studies.models import Study

STUDY_RESULTS = "study_results"

register_kind(STUDY_RESULTS, JobQueue.DEFAULT, _("Study results"))
register_page(STUDY_RESULTS, "studies")


def ask_for_results(*, study: Study, actor: User | None) -> Job:
    """Ask a worker for the study's figures; asking again while it is at work is the same job."""
    return enqueue(
        kind=STUDY_RESULTS,
        project=study.project,
        parameters={"study": study.pk},
        asked_by=actor,
        seed=study.seed,
    )
