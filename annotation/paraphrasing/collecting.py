"""Which captions are asked for, and the candidates of one caption: sorted out, written at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from annotation.captions.editing import content_hash
from annotation.importing.captions import add_captions
from annotation.importing.reading_rows import Row
from annotation.models import Caption, CaptionVersion, VersionState
from annotation.paraphrasing.answers import AnswerUnusable, Words, candidate_text, words_of
from annotation.paraphrasing.asking import PLACE
from annotation.paraphrasing.endpoint import Endpoint, EndpointAway, ask
from annotation.progress.verdicts import good_versions
from projects.models import Job, JobFailure, Project
from projects.queue import Parameters

LONGEST_SOURCE = 120


@dataclass
class Collected:
    """What the requests for one caption brought: (place, text) of each candidate, and why answers were left out."""

    candidates: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    is_away: bool = False


def versions_to_ask_for(project: Project, enough: int) -> list[int]:
    """Return the good versions whose captions have fewer than `enough` candidates in circulation, oldest first.

    Left out are paraphrases, and captions whose good text is an edit: candidates are graded beside the imported text.
    """
    have = dict(
        Caption.objects.in_pool()
        .filter(project=project, paraphrase_of__isnull=False)
        .order_by()
        .values_list("paraphrase_of")
        .annotate(n=Count("pk"))
    )
    good = good_versions(project).filter(state=VersionState.BASE, caption__paraphrase_of=None)
    return [
        pk
        for pk, caption in good.order_by("pk").values_list("pk", "caption")
        if have.get(caption, 0) < enough
    ]


def n_good_edits(project: Project) -> int:
    """Return how many captions have a good text that is an edit, and are not asked for."""
    return good_versions(project).exclude(state=VersionState.BASE).filter(caption__paraphrase_of=None).count()


def is_finished(job: Job, caption: Caption) -> bool:
    """Say whether the job has asked for a caption to the end: it left candidates, or the reasons for having none."""
    kept = Caption.objects.filter(paraphrase_of=caption, imported_by=job)
    return kept.exists() or JobFailure.objects.filter(job=job, item=caption.key).exists()


def collect(job: Job, version: CaptionVersion, endpoint: Endpoint) -> Collected:
    """Ask for the candidates of one caption until it has enough or every run was made; writes nothing.

    Raises Conflict where no request could succeed.
    """
    there = Caption.objects.filter(paraphrase_of=version.caption)
    missing = job.parameters["enough"] - there.in_pool().count()
    said = {words_of(text) for text in there.values_list("verbatim", flat=True)}
    collected = Collected()
    for run in range(1, job.parameters["runs"] + 1):
        if len(collected.candidates) >= missing:
            break
        try:
            _run(job, version, endpoint, run, said, collected)
        except EndpointAway as error:
            collected.left_out.append(_told(run, str(error)))
            collected.is_away = True
            break
    return collected


def _run(
    job: Job, version: CaptionVersion, endpoint: Endpoint, run: int, said: set[Words], collected: Collected
) -> None:
    """Make one run: each step says in other words what the one before it said. Raises EndpointAway."""
    text = version.text
    for step, prompt in enumerate(job.parameters["prompts"], start=1):
        seed = seed_of(job.seed, version.caption.key, run, step)
        try:
            text = candidate_text(ask(endpoint, request_of(job.parameters, prompt, text, seed)))
        except AnswerUnusable as error:
            collected.left_out.append(_told(run, str(error)))
            return
        if (words := words_of(text)) == words_of(version.text):
            collected.left_out.append(_told(run, _("The answer repeats the caption.")))
        elif words in said:
            collected.left_out.append(_told(run, _("The answer repeats another candidate.")))
        else:
            said.add(words)
            collected.candidates.append((f"run {run}, step {step}, seed {seed}", text))


def _told(run: int, reason: str) -> str:
    return _("Run %(n)d: %(reason)s") % {"n": run, "reason": reason}


def request_of(parameters: Parameters, prompt: str, text: str, seed: int) -> Parameters:
    """Return what is sent for one step: model, one message, and the numbers of the job."""
    return {
        "model": parameters["model"],
        "messages": [{"role": "user", "content": prompt.replace(PLACE, text)}],
        "temperature": parameters["temperature"],
        "top_p": parameters["top_p"],
        "seed": seed,
    }


def seed_of(job_seed: int, key: str, run: int, step: int) -> int:
    """Return the seed of one request, in [0, 2^31): fixed by the job's seed, the caption's key, run and step."""
    digest = hashlib.sha256(f"{job_seed}:{run}:{step}:{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@transaction.atomic
def keep(job: Job, project: Project, version: CaptionVersion, collected: Collected) -> None:
    """Write the candidates of one caption as captions of its image, and what was left out; only once."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if is_finished(job, version.caption):
        return
    refused = add_captions(
        job=job,
        project=project,
        rows=_rows(version, collected.candidates),
        default_source=job.parameters["model"][:LONGEST_SOURCE],
    )
    reasons = [*collected.left_out, *(reason for _line, reason in refused)]
    if reasons or not collected.candidates:
        kept = len(collected.candidates) - len(refused)
        told = _("%(n)d candidates were kept.") % {"n": kept}
        JobFailure.objects.create(job=job, item=version.caption.key, reason=" ".join([told, *reasons]))


def _rows(version: CaptionVersion, candidates: Sequence[tuple[str, str]]) -> list[Row]:
    """Return the candidates as rows of a table of captions; the key is fixed by caption and text."""
    return [
        Row(
            line,
            {
                "image_key": version.image.key,
                "caption_key": f"paraphrase-{version.caption.public_id}-{content_hash(text)[:12]}",
                "paraphrase_of": version.caption.key,
                "text": text,
                "source_key": place,
            },
        )
        for line, (place, text) in enumerate(candidates, start=1)
    ]
