"""The tasks of this app on the default queue: its jobs, joined to their kinds, and tallies; loads no torch."""

from celery import shared_task

from annotation.agreement.reports import KIND as AGREEMENT
from annotation.agreement.reports import AgreementRunner
from annotation.captions.fix_running import FixRunner
from annotation.captions.fixing import KIND as CAPTION_FIX
from annotation.exchange.importing_judgments import KIND as JUDGMENTS
from annotation.exchange.judgment_import_running import JudgmentImportRunner
from annotation.importing.requesting import IMPORT, TRIAL
from annotation.importing.running import ImportRunner
from annotation.importing.trial_running import TrialRunner
from annotation.machine.drawing_running import DrawingRunner
from annotation.machine.drawings import DRAWING
from annotation.machine.scores.comparing import KIND as SCORES
from annotation.machine.scores.comparing import ScoreComparisonRunner
from annotation.machine.search.indexing import index_embeddings
from annotation.paraphrasing.asking import KIND as PARAPHRASES
from annotation.paraphrasing.running import ParaphraseRunner
from annotation.progress.tallying import settle_everything
from annotation.quality.estimating import KIND as LABEL_ESTIMATES
from annotation.quality.estimating import LabelEstimateRunner
from annotation.quality.hubs import KIND as HUBS
from annotation.quality.hubs import HubRunner
from annotation.quality.reports import DRIFT, FEEDBACK, drift_runner, feedback_runner
from annotation.working.completing import note_done_batches
from projects.running import register_runner

register_runner(IMPORT, ImportRunner())
register_runner(TRIAL, TrialRunner())
register_runner(AGREEMENT, AgreementRunner())
register_runner(FEEDBACK, feedback_runner())
register_runner(HUBS, HubRunner())
register_runner(DRIFT, drift_runner())
register_runner(CAPTION_FIX, FixRunner())
register_runner(LABEL_ESTIMATES, LabelEstimateRunner())
register_runner(JUDGMENTS, JudgmentImportRunner())
register_runner(SCORES, ScoreComparisonRunner())
register_runner(DRAWING, DrawingRunner())
register_runner(PARAPHRASES, ParaphraseRunner())


@shared_task(name="annotation.settle_tallies", time_limit=900)
def settle_tallies() -> int:
    """Bring the tallies of every project up to its rows."""
    return settle_everything()


@shared_task(name="annotation.index_embeddings", time_limit=3600)
def index_what_is_near() -> list[str]:
    """Make the index of what is near for encoders that have embedded much."""
    return index_embeddings()


@shared_task(name="annotation.note_done_batches")
def note_done() -> int:
    """Note which batches have nothing left that waits for an annotator."""
    return note_done_batches()
