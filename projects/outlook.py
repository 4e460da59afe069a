"""What a page says about a job: its pace, how long it still takes, and what one may do with it."""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.access import Access
from projects.http import access_rule
from projects.models import Job
from projects.models.jobs import JobState
from projects.queue import KINDS

# A pace from fewer items than this is no basis for a forecast.
FEWEST_ITEMS = 5
# Counts in the order in which one asks for them: those of an import, those of a vote.
COUNTS = ("given", "added", "would_be_added", "already_there", "refused", "easy", "medium", "hard")
# Parameters that are not listed: the seed has a place of its own, and a study is known here by its row's number alone.
LEFT_OUT = ("seed", "study")
# An id of a row, which tells people nothing.
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A key of a choice, such as with_edits.
KEY = re.compile(r"[a-z]+(_[a-z]+)+")


# The page of the project on which a kind's results are seen, by its address; registered where the kind is.
_pages: dict[str, str] = {}


def register_page(kind: str, url_name: str) -> None:
    """Lead from a finished job of this kind to the page of the project where its results are seen."""
    _pages[kind] = url_name


@dataclass(frozen=True, slots=True)
class JobOutlook:
    """A job with its title, its pace and the time left, in words; empty where there is no basis."""

    job: Job
    title: str | Promise
    rate: str
    time_left: str


def title_of(job: Job) -> str | Promise:
    """Return what people call this kind of job."""
    kind = KINDS.get(job.kind)
    return kind.title if kind is not None else job.kind


def outlook_of(job: Job) -> JobOutlook:
    """Return what is to be said about the job now."""
    seconds = _seconds_at_work(job)
    rate = job.items_done / seconds if seconds and job.items_done >= FEWEST_ITEMS else 0.0
    left = ""
    if rate and job.state == JobState.RUNNING:
        left = in_words(timedelta(seconds=(job.items_total - job.items_done) / rate))
    return JobOutlook(job, title_of(job), _rate(rate), left)


def results_url(access: Access, job: Job) -> str:
    """Return where the results of a finished job are seen; empty where there is no page, or none for this person."""
    if job.state != JobState.DONE or job.kind not in _pages:
        return ""
    address = reverse(_pages[job.kind], args=[access.project.slug])
    roles = access_rule(resolve(address).func)
    return address if not roles or access.may_act_as(*roles) else ""


def parameters_of(job: Job) -> list[tuple[str, object]]:
    """Return what a job was asked for with, by name; what was left empty is left out, ids and the seed too."""
    asked = {
        name: value for name, value in job.parameters.items() if name not in LEFT_OUT and not _is_id(value)
    }
    return sorted(
        (_spoken(name), _told(value)) for name, value in asked.items() if value not in ("", None, [])
    )


def figures_of(job: Job) -> list[tuple[str, list[tuple[str, object]]]]:
    """Return the figures of a job's result as (name, [(word, value)]), imports in the order of their way.

    Lists, such as the examples of a trial, are left to the page of their own kind.
    """
    found = {name: value for name, value in job.result.items() if not _is_id(value)}
    return [(_spoken(name), _counted(value)) for name, value in found.items()]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None


def _counted(value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        return [("", _told(value))]
    counts = [name for name in value if not isinstance(value[name], list)]
    names = sorted(counts, key=lambda name: COUNTS.index(name) if name in COUNTS else len(COUNTS))
    return [(_spoken(name), _told(value[name])) for name in names]


def _told(value: object) -> object:
    """A value in words: yes or no, a key of a choice, a list without brackets, ids as their number.

    What has parts of its own stays as it is.
    """
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return len(value) if value and all(map(_is_id, value)) else ", ".join(str(one) for one in value)
    return _spoken(value) if isinstance(value, str) and KEY.fullmatch(value) else value


def _spoken(name: str) -> str:
    return name.removeprefix("n_").replace("_", " ")


def _seconds_at_work(job: Job) -> float:
    if job.started_at is None:
        return 0.0
    until = job.ended_at or timezone.now()
    return max((until - job.started_at).total_seconds(), 0.001)


def _rate(rate: float) -> str:
    if not rate:
        return ""
    if rate >= 1:
        return _("%(n)s a second") % {"n": f"{rate:,.0f}"}
    return _("%(n)s a minute") % {"n": f"{rate * 60:,.0f}"}


def in_words(duration: timedelta) -> str:
    """Return a duration as one says it: seconds, minutes, hours or days, rounded up."""
    seconds = max(duration.total_seconds(), 0)
    if seconds < 60:
        n = max(1, round(seconds))
        return ngettext("%(n)d second", "%(n)d seconds", n) % {"n": n}
    if seconds < 3600:
        n = -(-int(seconds) // 60)
        return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}
    if seconds < 2 * 86400:
        n = -(-int(seconds) // 3600)
        return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}
    n = -(-int(seconds) // 86400)
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}
