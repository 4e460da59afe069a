"""The paraphrases of a project that a study could have graded, and the choice of a draft."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from annotation.models import CaptionVersion, VersionState
from annotation.progress.verdicts import versions_in_pool
from projects.models import Project
from studies.design.choosing import Candidate, DesignError
from studies.design.choosing_paraphrases import (
    ParaphraseChoice,
    ParaphrasePair,
    Text,
    choose_identical,
    choose_paraphrases,
    choose_unrelated,
    without_duplicates,
)
from studies.drafting.candidates import DraftChoice
from studies.models import Study


def paraphrase_pairs(project: Project) -> list[ParaphrasePair]:
    """Return every paraphrase in circulation beside its original, both as imported."""
    texts = {
        row.caption_id: (row.caption.paraphrase_of_id, Text(row.pk, row.image_id, row.text))
        for row in _imported(project)
    }
    return [
        ParaphrasePair(texts[original][1], text)
        for original, text in texts.values()
        if original is not None and original in texts
    ]


def _imported(project: Project) -> list[CaptionVersion]:
    return list(
        versions_in_pool(project).filter(state=VersionState.BASE).select_related("caption").order_by("pk")
    )


def originals_of(pairs: list[ParaphrasePair]) -> list[Text]:
    """Return the originals, each once."""
    return list({pair.original.version: pair.original for pair in pairs}.values())


def paraphrase_choice(study: Study) -> DraftChoice:
    """Choose what a study of paraphrases would show if it were launched now; the same seed gives the same choice."""
    found = paraphrase_pairs(study.project)
    pairs = without_duplicates(found)
    originals = originals_of(pairs)
    problems: list[str] = []
    if not pairs:
        problems.append(
            _(
                "The project has no paraphrases. Import captions with a column “paraphrase_of” that names the original."
            )
        )

    def chosen(choose: Callable[[], list[ParaphrasePair]]) -> list[ParaphrasePair]:
        try:
            return choose() if pairs else []
        except DesignError as error:
            problems.append(str(error))
            return []

    seed = study.seed
    targets = chosen(lambda: choose_paraphrases(pairs, count=study.paraphrase_pairs, seed=seed))
    taken = {pair.shown.version for pair in targets}
    identical = chosen(
        lambda: choose_identical(originals, count=study.controls_in_study, seed=seed, taken=taken)
    )
    taken |= {pair.shown.version for pair in identical}
    unrelated = chosen(
        lambda: choose_unrelated(originals, count=study.distractors_in_study, seed=seed, taken=taken)
    )
    return _draft(
        ParaphraseChoice(
            tuple(targets), tuple(identical), tuple(unrelated), len(pairs), len(found) - len(pairs)
        ),
        problems,
    )


def _draft(choice: ParaphraseChoice, problems: list[str]) -> DraftChoice:
    every = (*choice.pairs, *choice.unrelated, *choice.identical)
    return DraftChoice(
        pairs=tuple(pair.shown.version for pair in choice.pairs),
        distractors=tuple(pair.shown.version for pair in choice.unrelated),
        controls=tuple(pair.shown.version for pair in choice.identical),
        candidates={
            pair.shown.version: Candidate(pair.shown.version, pair.original.image, len(pair.shown.words))
            for pair in every
        },
        pair_choice=None,
        distractor_choice=None,
        control_choice=None,
        problems=tuple(problems),
        originals={pair.shown.version: pair.original.version for pair in every},
        paraphrase_choice=choice,
    )
