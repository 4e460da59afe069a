"""Asking a language model for paraphrases: the parameters of the job, with two presets after 003 and 002.

The model, the prompts and every number are stored with the job; its address and key are settings and never stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.machine.job_parameters import known_only, one_of, refused, whole_number
from annotation.paraphrasing.endpoint import configured_endpoint
from projects.models import Job, Project
from projects.queue import Parameters, enqueue

KIND = "paraphrases"
# Where a prompt takes the caption, or in a later step the paraphrase before it.
PLACE = "{caption}"
LONGEST_PROMPT = 2_000
# Requests for one caption, runs times steps: bounds how long one caption may take.
MOST_REQUESTS = 10
ALONE = "Answer with the sentence alone, on one line."


@dataclass(frozen=True, slots=True)
class Preset:
    """Prompts, one for each step, and the numbers that go with them."""

    prompts: tuple[str, ...]
    temperature: float
    top_p: float
    runs: int


PRESETS = {
    # Runs of one prompt that know nothing of each other (003 B.4).
    "independent": Preset(
        (f"Say the following sentence in other words, with synonyms wherever you can. {ALONE}\n\n{PLACE}",),
        temperature=0.9,
        top_p=1.0,
        runs=5,
    ),
    # The caption said concisely, then that said again (002 App. A).
    "two_step": Preset(
        (
            f"Say the following caption concisely in other words, with the same meaning. {ALONE}\n\n{PLACE}",
            f"Say the following caption with the same meaning but without its words. {ALONE}\n\n{PLACE}",
        ),
        temperature=1.0,
        top_p=0.1,
        runs=1,
    ),
}


def completed_paraphrases(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a job that asks for paraphrases, the preset's where they are not given.

    `prompts` has a prompt for each step; `runs` times steps is at most MOST_REQUESTS. A caption that has `enough`
    candidates is not asked for; by default as many as one pass brings. Raises Invalid.
    """
    known_only(parameters, "preset", "model", "prompts", "temperature", "top_p", "runs", "enough")
    name = one_of(parameters, "preset", list(PRESETS))
    preset = PRESETS[name]
    prompts = _prompts(parameters.get("prompts") or preset.prompts, len(preset.prompts))
    runs = whole_number(parameters, "runs", preset.runs, 1, MOST_REQUESTS // len(prompts))
    return {
        "preset": name,
        "model": _model(parameters.get("model")),
        "prompts": prompts,
        "temperature": _number(parameters, "temperature", preset.temperature, 0.0, 2.0),
        "top_p": _number(parameters, "top_p", preset.top_p, 0.01, 1.0),
        "runs": runs,
        "enough": whole_number(parameters, "enough", runs * len(prompts), 1, 100),
    }


def ask_for_paraphrases(
    *, project: Project, actor: User | None, parameters: Mapping[str, Any], seed: int | None = None
) -> Job:
    """Ask for paraphrases of the good captions that have too few. Raises Invalid, and Conflict without an endpoint."""
    complete = completed_paraphrases(parameters)
    check_paraphrases(project, complete)
    return enqueue(
        kind=KIND,
        project=project,
        parameters=complete,
        asked_by=actor,
        seed=project.seed if seed is None else seed,
    )


def check_paraphrases(_project: Project, _parameters: Parameters) -> None:
    """Raise Conflict unless the settings name an endpoint and a model."""
    configured_endpoint()


def _model(given: object) -> str:
    """Return the model of the settings; another one, as an earlier job had, is refused."""
    model: str = settings.PARAPHRASE_MODEL
    if given and given != model:
        raise refused(
            _("The model is that of the settings, %(model)s; ask anew without naming one.") % {"model": model}
        )
    return model


def _prompts(given: object, steps: int) -> list[str]:
    prompts = [given] if isinstance(given, str) else list(given)  # type: ignore[call-overload]
    texts = [str(prompt).strip() for prompt in prompts]
    if len(texts) != steps or not all(_is_prompt(text) for text in texts):
        raise refused(
            _(
                "This preset takes %(n)d prompt(s), each with %(place)s in it once and at most %(most)d characters."
            )
            % {"n": steps, "place": PLACE, "most": LONGEST_PROMPT}
        )
    return texts


def _is_prompt(text: str) -> bool:
    return text.count(PLACE) == 1 and len(text) <= LONGEST_PROMPT


def _number(parameters: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    try:
        value = float(str(parameters.get(name, default)))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise refused(
            _("%(name)s is a number from %(least)g to %(most)g.")
            % {"name": name, "least": least, "most": most}
        )
    return round(value, 3)
