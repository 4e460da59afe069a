"""The kinds of job that this app asks for; loaded once the models are there, in every process that may ask."""

from django.utils.translation import gettext_lazy as _

from annotation.agreement.reports import KIND as AGREEMENT
from annotation.agreement.reports import completed_agreement
from annotation.captions.cleaning import KIND as CLEANING
from annotation.captions.cleaning import check_cleaning, completed_cleaning
from annotation.captions.fixing import KIND as CAPTION_FIX
from annotation.exchange.importing_judgments import KIND as JUDGMENTS
from annotation.importing.requesting import IMPORT, TRIAL
from annotation.machine.corpora.leakage import KIND as LEAKAGE
from annotation.machine.corpora.leakage import completed_leakage
from annotation.machine.corpora.polysemy import completed_polysemy
from annotation.machine.corpora.pool_clusters import KIND as CLUSTERS
from annotation.machine.corpora.pool_clusters import check_clusters, completed_clusters
from annotation.machine.corpora.pool_requests import check_search, completed_neighbours, completed_pools
from annotation.machine.difficulty.robustness import completed_robustness
from annotation.machine.drawings import DRAWING, completed_drawing
from annotation.machine.embeddings import (
    EMBED_CAPTIONS,
    EMBED_IMAGES,
    completed_embed_captions,
    completed_embed_images,
)
from annotation.machine.ml_requests import (
    check_voted,
    completed_alignment,
    completed_calibration,
    completed_difficulty,
    completed_diversity,
    completed_evaluation,
    completed_pool_ranking,
    completed_similarities,
)
from annotation.machine.sampling.choosing import completed_sampling
from annotation.machine.scores.comparing import KIND as SCORES
from annotation.machine.scores.comparing import completed_comparison
from annotation.paraphrasing.asking import KIND as PARAPHRASES
from annotation.paraphrasing.asking import check_paraphrases, completed_paraphrases
from annotation.quality.estimating import KIND as LABEL_ESTIMATES
from annotation.quality.estimating import completed_estimates
from annotation.quality.hubs import KIND as HUBS
from annotation.quality.hubs import completed_hubs
from annotation.quality.reports import DRIFT, FEEDBACK, completed_drift, completed_feedback
from projects.models import Role
from projects.models.jobs import JobQueue
from projects.outlook import register_page
from projects.queue import register_kind

# Who may ask for a kind by its parameters alone: those who may on its page.
HEADS = (Role.HEAD,)
MEASURES = (Role.HEAD, Role.RESEARCHER)
POOLS = (Role.HEAD, Role.ADMIN)

register_kind(IMPORT, JobQueue.DEFAULT, _("Import"))
register_kind(TRIAL, JobQueue.DEFAULT, _("Trial of an import"))
register_kind(JUDGMENTS, JobQueue.DEFAULT, _("Import of judgments"))
register_kind(AGREEMENT, JobQueue.DEFAULT, _("Agreement report"), completed_agreement, MEASURES)
register_kind(FEEDBACK, JobQueue.DEFAULT, _("Calibration series"), completed_feedback, MEASURES)
register_kind(HUBS, JobQueue.DEFAULT, _("Captions near to many images"), completed_hubs, HEADS)
register_kind(DRIFT, JobQueue.DEFAULT, _("Control charts"), completed_drift, MEASURES)
register_kind(LABEL_ESTIMATES, JobQueue.DEFAULT, _("Estimated labels"), completed_estimates, HEADS)
register_kind(CAPTION_FIX, JobQueue.DEFAULT, _("Find and fix"))
register_kind(SCORES, JobQueue.DEFAULT, _("Comparison of scores"), completed_comparison)
register_kind(EMBED_IMAGES, JobQueue.GPU, _("Embeddings of images"), completed_embed_images, MEASURES)
register_kind(EMBED_CAPTIONS, JobQueue.GPU, _("Embeddings of captions"), completed_embed_captions, MEASURES)
register_kind("similarities", JobQueue.GPU, _("Similarities"), completed_similarities, MEASURES)
register_kind("calibration", JobQueue.GPU, _("Calibration"), completed_calibration, MEASURES)
register_kind("difficulty", JobQueue.GPU, _("Difficulty"), completed_difficulty, MEASURES, check_voted)
register_kind("pool_ranking", JobQueue.CPU, _("Order of the pools"), completed_pool_ranking, POOLS)
register_kind("neighbours", JobQueue.GPU, _("Nearest images of a corpus"), completed_neighbours, POOLS)
register_kind(CLUSTERS, JobQueue.CPU, _("Clusters of a corpus"), completed_clusters, POOLS, check_search)
register_kind("pools", JobQueue.CPU, _("Captions of a corpus"), completed_pools, POOLS, check_clusters)
register_kind("evaluation", JobQueue.GPU, _("Benchmark"), completed_evaluation, MEASURES)
register_kind("alignment", JobQueue.GPU, _("Alignment"), completed_alignment, MEASURES)
register_kind("diversity", JobQueue.CPU, _("Diverse captions"), completed_diversity, MEASURES)
register_kind(CLEANING, JobQueue.CPU, _("Cleaning of captions"), completed_cleaning, POOLS, check_cleaning)
register_kind("sampling", JobQueue.GPU, _("Choice of images"), completed_sampling, POOLS)
register_kind("robustness", JobQueue.GPU, _("Robustness of difficulty"), completed_robustness, MEASURES)
register_kind("polysemy", JobQueue.GPU, _("Polysemy"), completed_polysemy, MEASURES)
register_kind(DRAWING, JobQueue.DEFAULT, _("Drawing"), completed_drawing)
register_kind(LEAKAGE, JobQueue.CPU, _("Leakage"), completed_leakage, POOLS, check_search)
register_kind(
    PARAPHRASES, JobQueue.DEFAULT, _("Paraphrases"), completed_paraphrases, POOLS, check_paraphrases
)

for kind, page in {
    IMPORT: "images",
    AGREEMENT: "agreement",
    FEEDBACK: "quality-feedback",
    HUBS: "genericness",
    DRIFT: "drift",
    LABEL_ESTIMATES: "agreement-estimates",
    CAPTION_FIX: "caption-fixes",
    SCORES: "difficulty-benchmark",
    EMBED_IMAGES: "difficulty-similarities",
    EMBED_CAPTIONS: "difficulty-similarities",
    "similarities": "difficulty-similarities",
    "calibration": "difficulty",
    "difficulty": "difficulty",
    "pool_ranking": "images",
    "neighbours": "pools",
    CLUSTERS: "pools",
    "pools": "pools",
    "evaluation": "difficulty-benchmark",
    "alignment": "difficulty-alignment",
    "diversity": "choices",
    CLEANING: "captions-cleaning",
    "sampling": "sampling",
    "robustness": "difficulty-robustness",
    "polysemy": "polysemy",
    LEAKAGE: "pools",
    PARAPHRASES: "captions-paraphrases",
}.items():
    register_page(kind, page)
