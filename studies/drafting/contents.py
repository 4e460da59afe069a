"""What a draft would show: pairs of image and caption, or paraphrases beside their originals."""

from studies.drafting.candidates import DraftChoice, fit_choice
from studies.drafting.paraphrases import paraphrase_choice
from studies.models import Study


def draft_choice(study: Study) -> DraftChoice:
    """Choose what the study would show if it were launched now; the same seed and data give the same choice."""
    return paraphrase_choice(study) if study.is_graded else fit_choice(study)
