"""Asking for model work: the parameters of each kind, checked and completed where they are asked for.

The web never runs a model and knows none by more than its name; what a name stands for, a worker finds out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.job_parameters import (
    encoder_names,
    known_only,
    one_of,
    refused,
    whole_number,
    with_texts,
)
from annotation.models import Adjudication, Judgment
from annotation.models.evaluations import EvaluatedCaptions
from annotation.models.machine import ChoiceMethod
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

# From this many voters on, one that differs does not keep a pair from being easy or hard (as in the model workers).
DISSENT_FROM = 5
# Named cut points of six voters and a tie-breaker: easy from, hard up to, and whether the tie-breaker votes everywhere.
CUT_POINTS = {"imp7": (6, 1, False), "unanimous7": (7, 0, True)}
PRESET_VOTERS = 6
# Which captions are voted on.
VOTED_CAPTIONS = ["good", "all"]
# The sentence encoder that comes with polyannot; the name of any image-text encoder will do too.
SENTENCE_ENCODER = "sentence:minilm-l6"
# Pairs in a batch when thresholds are found on a project's own good pairs, fewer where there are fewer.
CALIBRATION_BATCH = 64
# Paraphrases that expand a query (paraphrased retrieval: K = 3).
EXPANSIONS = 3
# Captions chosen for an image (IMP: five).
CHOSEN_CAPTIONS = 5
# Variants of an alignment: layers appended over a frozen text tower, and the losses (as in the model workers).
MOST_LAYERS, MOST_EPOCHS = 6, 100
TEXT_TOWERS, LOSSES = ("frozen", "finetuned"), ("paraphrases", "pairs")
EPOCHS = 10


def completed_similarities(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a similarities job: `encoders`, by default those of the settings. Raises Invalid."""
    known_only(parameters, "encoders")
    return {"encoders": encoder_names(parameters)}


def completed_calibration(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a calibration job: `encoders`, and the `batch_size` that moves the threshold."""
    known_only(parameters, "encoders", "batch_size")
    return {
        "encoders": encoder_names(parameters),
        "batch_size": whole_number(parameters, "batch_size", CALIBRATION_BATCH, 2, 8192),
    }


def default_cut_points(n_voters: int, *, has_tie_breaker: bool) -> tuple[int, int]:
    """Return the yes votes from which a pair is easy and up to which it is hard.

    Of 6 voters and a tie-breaker 6 and 1 (IMP), of 3 voters 3 and 0.
    """
    if has_tie_breaker:
        return n_voters, 1
    dissent = 1 if n_voters >= DISSENT_FROM else 0
    return n_voters - dissent, dissent


def completed_difficulty(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a difficulty job: who votes on which `captions`, and the cut points. Raises Invalid.

    `captions` is good, or all for a reference set whose captions nobody judges here.
    `tie_breaker` names one more encoder that votes where the others disagree, or everywhere with
    `tie_breaker_always`; empty for none. `easy_min_votes` and `hard_max_votes` count its vote too. A `preset` names all
    three for six voters and a tie-breaker, in place of giving them.
    """
    own = ("tie_breaker_always", "easy_min_votes", "hard_max_votes")
    known_only(parameters, "encoders", "captions", "tie_breaker", "preset", *own)
    encoders = encoder_names(parameters)
    tie_breaker = with_texts(parameters.get("tie_breaker") or "")
    if tie_breaker in encoders:
        raise refused(_("The tie-breaker is one of the encoders that vote anyway; name another."))
    preset = str(parameters.get("preset") or "").strip()
    if preset:
        parameters = {
            **parameters,
            **_of_preset(preset, parameters, len(encoders), has_tie_breaker=bool(tie_breaker)),
        }
    n_votes = len(encoders) + bool(tie_breaker)
    easy, hard = default_cut_points(len(encoders), has_tie_breaker=bool(tie_breaker))
    easy = whole_number(parameters, "easy_min_votes", easy, 1, n_votes)
    hard = whole_number(parameters, "hard_max_votes", hard, 0, n_votes)
    if hard >= easy:
        raise refused(_("A pair cannot be easy and hard at once: hard_max_votes is below easy_min_votes."))
    return {
        "encoders": encoders,
        "captions": one_of(parameters, "captions", VOTED_CAPTIONS),
        "tie_breaker": tie_breaker,
        "tie_breaker_always": bool(tie_breaker) and _is_yes(parameters.get("tie_breaker_always")),
        "easy_min_votes": easy,
        "hard_max_votes": hard,
        **({"preset": preset} if preset else {}),
    }


def _of_preset(
    name: str, given: Mapping[str, Any], n_voters: int, *, has_tie_breaker: bool
) -> dict[str, Any]:
    """Return what a preset stands for. Raises Invalid where it is not one, does not fit, or is contradicted."""
    if name not in CUT_POINTS:
        raise refused(_("The preset is one of %(known)s.") % {"known": ", ".join(CUT_POINTS)})
    if n_voters != PRESET_VOTERS or not has_tie_breaker:
        raise refused(
            _(
                "The preset %(name)s is for six encoders and a tie-breaker, and %(n)d were named%(without)s; name"
                " seven, or give the cut points themselves."
            )
            % {"name": name, "n": n_voters, "without": "" if has_tie_breaker else _(" without one")}
        )
    easy, hard, is_always_asked = CUT_POINTS[name]
    for key, value in (("easy_min_votes", easy), ("hard_max_votes", hard)):
        if given.get(key) not in (None, "") and str(given[key]).strip() != str(value):
            raise refused(
                _("%(key)s contradicts the preset %(name)s; leave one of them out.")
                % {"key": key, "name": name}
            )
    return {"easy_min_votes": easy, "hard_max_votes": hard, "tie_breaker_always": is_always_asked}


def check_voted(project: Project, parameters: Parameters) -> None:
    """Raise Invalid where all captions are asked for and some were judged: then difficulty is that of the good ones."""
    if parameters["captions"] == VOTED_CAPTIONS[0]:
        return
    if any(rows.objects.filter(project=project).exists() for rows in (Judgment, Adjudication)):
        raise refused(
            _(
                "Captions of this project were judged, so its difficulty is that of the good ones. All captions are"
                " voted on only in a project that holds a reference set. No vote was asked for."
            )
        )


def _is_yes(value: object) -> bool:
    return str(value).lower() in {"true", "1", "yes", "on"}


def completed_diversity(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a diversity job: `method`, sentence `encoder`, `wanted` captions. Raises Invalid."""
    known_only(parameters, "method", "encoder", "wanted")
    method = str(parameters.get("method") or ChoiceMethod.KMEANS)
    if method not in ChoiceMethod.values:
        raise refused(_("The method is one of %(known)s.") % {"known": ", ".join(ChoiceMethod.values)})
    return {
        "method": method,
        "encoder": with_texts(parameters.get("encoder") or SENTENCE_ENCODER),
        "wanted": whole_number(parameters, "wanted", CHOSEN_CAPTIONS, 2, 50),
    }


def completed_evaluation(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a benchmark: `encoders`, which `captions`, and the job of the `vote` for the levels.

    Without a vote the latest one gives the levels. `expansions` paraphrases expand a query. Raises Invalid.
    """
    known_only(parameters, "encoders", "captions", "vote", "expansions")
    captions = str(parameters.get("captions") or EvaluatedCaptions.GOOD)
    if captions not in EvaluatedCaptions.values:
        raise refused(
            _("The captions are one of %(known)s.") % {"known": ", ".join(EvaluatedCaptions.values)}
        )
    return {
        "encoders": encoder_names(parameters),
        "captions": captions,
        "vote": str(parameters.get("vote") or "").strip(),
        "expansions": whole_number(parameters, "expansions", EXPANSIONS, 1, 20),
    }


def _one_of(parameters: Mapping[str, Any], name: str, known: Sequence[str]) -> str:
    given = str(parameters.get(name) or known[0]).strip()
    if given not in known:
        raise refused(_("%(name)s is one of %(known)s.") % {"name": name, "known": ", ".join(known)})
    return given


def completed_alignment(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of an alignment: the `base` model, the variant, and the `epochs`. Raises Invalid.

    `layers` are appended over a frozen `text_tower`; a finetuned one takes none. `losses` is paraphrases or pairs.
    """
    known_only(parameters, "base", "layers", "text_tower", "losses", "epochs")
    base = str(parameters.get("base") or settings.ENCODERS[-1]).strip()
    if not base.startswith("shipped:"):
        raise refused(_("An alignment starts from a shipped model, such as shipped:lite2."))
    tower = _one_of(parameters, "text_tower", TEXT_TOWERS)
    layers = whole_number(parameters, "layers", 0, 0, MOST_LAYERS)
    if layers and tower != TEXT_TOWERS[0]:
        raise refused(_("Layers are appended to a frozen text tower, not to a finetuned one."))
    return {
        "base": base,
        "layers": layers,
        "text_tower": tower,
        "losses": _one_of(parameters, "losses", LOSSES),
        "epochs": whole_number(parameters, "epochs", EPOCHS, 1, MOST_EPOCHS),
    }


def completed_pool_ranking(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a ranking of pools: the sentence `encoder`. Raises Invalid."""
    known_only(parameters, "encoder")
    return {"encoder": with_texts(parameters.get("encoder") or SENTENCE_ENCODER)}


def ask_for_similarities(*, project: Project, actor: User | None, encoders: Sequence[str] = ()) -> Job:
    """Embed what is missing and compute the cosine of every pair in circulation, proposed edits included."""
    return enqueue(
        kind="similarities", project=project, parameters={"encoders": list(encoders)}, asked_by=actor
    )


def ask_for_calibration(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Find each encoder's threshold on the good pairs of the project; it is used in this project alone."""
    return enqueue(
        kind="calibration", project=project, parameters=parameters, asked_by=actor, seed=project.seed
    )


def ask_for_difficulty(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Have the encoders vote on every good version, or on all of a reference set; earlier votes are kept.

    Raises Invalid.
    """
    check_voted(project, completed_difficulty(parameters))
    return enqueue(kind="difficulty", project=project, parameters=parameters, asked_by=actor)


def ask_for_evaluation(*, project: Project, actor: User | None, parameters: Mapping[str, Any]) -> Job:
    """Benchmark encoders on the project's good captions, seeded by the project. Raises Invalid."""
    return enqueue(
        kind="evaluation", project=project, parameters=parameters, asked_by=actor, seed=project.seed
    )


def ask_for_alignment(
    *, project: Project, actor: User | None, parameters: Mapping[str, Any], seed: int | None = None
) -> Job:
    """Align a model with the project's good captions, seeded by the project unless told otherwise. Raises Invalid."""
    return enqueue(
        kind="alignment",
        project=project,
        parameters=parameters,
        asked_by=actor,
        seed=project.seed if seed is None else seed,
    )


def ask_for_diversity(
    *, project: Project, actor: User | None, parameters: Mapping[str, Any], seed: int | None = None
) -> Job:
    """Choose the diverse captions of every image anew, seeded by the project unless told otherwise. Raises Invalid."""
    return enqueue(
        kind="diversity",
        project=project,
        parameters=parameters,
        asked_by=actor,
        seed=project.seed if seed is None else seed,
    )


def ask_for_pool_ranking(
    *, project: Project, actor: User | None, parameters: Mapping[str, Any], seed: int | None = None
) -> Job:
    """Rank the pools that nobody was shown anything of for diversity, seeded by the project. Raises Invalid."""
    return enqueue(
        kind="pool_ranking",
        project=project,
        parameters=parameters,
        asked_by=actor,
        seed=project.seed if seed is None else seed,
    )
