"""The task of the queues cpu, gpu and interactive; only a worker with POLYANNOT_WORKER=ml loads this, and torch."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from ml_workers.runners.alignment import AlignmentRunner
from ml_workers.runners.calibration import CalibrationRunner
from ml_workers.runners.cleaning import CleaningRunner
from ml_workers.runners.difficulty import DifficultyRunner
from ml_workers.runners.diversity import DiversityRunner
from ml_workers.runners.embedding import EmbedCaptionsRunner, EmbedImagesRunner
from ml_workers.runners.evaluation import EvaluationRunner
from ml_workers.runners.leakage import LeakageRunner
from ml_workers.runners.neighbours import NeighboursRunner
from ml_workers.runners.polysemy import PolysemyRunner
from ml_workers.runners.pool_clusters import PoolClustersRunner
from ml_workers.runners.pool_ranking import PoolRankingRunner
from ml_workers.runners.pools import PoolsRunner
from ml_workers.runners.robustness import RobustnessRunner
from ml_workers.runners.sampling import SamplingRunner
from ml_workers.runners.similarities import SimilaritiesRunner
from ml_workers.words import embed_words
from projects import running
from projects.running import register_runner

register_runner("embed_images", EmbedImagesRunner())
register_runner("embed_captions", EmbedCaptionsRunner())
register_runner("similarities", SimilaritiesRunner())
register_runner("calibration", CalibrationRunner())
register_runner("difficulty", DifficultyRunner())
register_runner("diversity", DiversityRunner())
register_runner("pool_ranking", PoolRankingRunner())
register_runner("neighbours", NeighboursRunner())
register_runner("pool_clusters", PoolClustersRunner())
register_runner("pools", PoolsRunner())
register_runner("evaluation", EvaluationRunner())
register_runner("cleaning", CleaningRunner())
register_runner("sampling", SamplingRunner())
register_runner("leakage", LeakageRunner())
register_runner("alignment", AlignmentRunner())
register_runner("robustness", RobustnessRunner())
register_runner("polysemy", PolysemyRunner())


@shared_task(
    name="ml_workers.run_job",
    bind=True,
    autoretry_for=(OperationalError, InterfaceError),
    max_retries=5,
    retry_backoff=2,
    time_limit=900,
)
def run_job(self, *, job_id: int) -> None:  # type: ignore[no-untyped-def]
    """Work on a job of the model queues."""
    running.run_job(job_id, worker=self.request.hostname or "")


@shared_task(name="ml_workers.encode_words", ignore_result=True, time_limit=60)
def encode_words(*, encoder_id: int, words: str) -> None:
    """Encode what somebody looks for and waits for."""
    embed_words(encoder_id, words)
