"""The tasks of this app on the default queue: its jobs, joined to their kinds, and tallies; loads no torch."""

from celery import shared_task

from annotation.agreement import KIND as AGREEMENT
from annotation.agreement import AgreementRunner
from annotation.estimating import KIND as LABEL_ESTIMATES
from annotation.estimating import LabelEstimateRunner
from annotation.fix_running import FixRunner
from annotation.fixing import KIND as CAPTION_FIX
from annotation.hubs import KIND as HUBS
from annotation.hubs import HubRunner
from annotation.import_running import ImportRunner
from annotation.importing import IMPORT
from annotation.importing_judgments import KIND as JUDGMENTS
from annotation.judgment_import_running import JudgmentImportRunner
from annotation.quality import DRIFT, FEEDBACK, drift_runner, feedback_runner
from annotation.tallying import settle_everything
from projects.running import register_runner

register_runner(IMPORT, ImportRunner())
register_runner(AGREEMENT, AgreementRunner())
register_runner(FEEDBACK, feedback_runner())
register_runner(HUBS, HubRunner())
register_runner(DRIFT, drift_runner())
register_runner(CAPTION_FIX, FixRunner())
register_runner(LABEL_ESTIMATES, LabelEstimateRunner())
register_runner(JUDGMENTS, JudgmentImportRunner())


@shared_task(name="annotation.settle_tallies", time_limit=900)
def settle_tallies() -> int:
    """Bring the tallies of every project up to its rows."""
    return settle_everything()
