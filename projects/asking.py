"""Asking for a job by its kind and parameters alone, under the rules of the pages."""

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from polyannot.kernel.errors import Denied, Invalid
from projects.access import Access
from projects.models import Job
from projects.queue import KINDS, JobKind, Parameters, enqueue

# What a parameter may hold at most: letters of a text, and entries of a list.
LONGEST_TEXT = 2_000
MOST_ENTRIES = 1_000
# Whole numbers beyond this are not the same in every program that reads JSON.
LARGEST_NUMBER = 2**53


def askable_kinds() -> list[JobKind]:
    """Return the kinds that are asked for by parameters alone, by name; the others have acts of their own."""
    return [KINDS[name] for name in sorted(KINDS) if KINDS[name].roles]


def ask_for_job(*, access: Access, kind: str, parameters: Mapping[str, Any], seed: int | None = None) -> Job:
    """Ask for a job of the project, seeded by the project unless told otherwise.

    Raises Invalid for a kind that is unknown or has an act of its own, and for parameters that it does not take; Denied
    to somebody who may not ask for it on the pages either.
    """
    asked = KINDS.get(kind)
    if asked is None or not asked.roles:
        known = ", ".join(one.name for one in askable_kinds())
        raise Invalid("job_kind_unknown", _("The kind is one of: %(known)s.") % {"known": known})
    if not access.may_act_as(*asked.roles):
        raise Denied("role_needed", _("Such a job is for another role in this project."))
    complete = _completed(asked, parameters)
    asked.check(access.project, complete)
    return enqueue(
        kind=kind,
        project=access.project,
        parameters=complete,
        asked_by=access.user,
        seed=access.project.seed if seed is None else seed,
    )


def _completed(kind: JobKind, parameters: Mapping[str, Any]) -> Parameters:
    wrong = Invalid(
        "job_parameters",
        _("Parameters are words, numbers, yes or no, or lists of these, each as the kind describes it."),
    )
    if not all(_is_plain(name) and _is_plain_or_list(value) for name, value in parameters.items()):
        raise wrong
    try:
        return kind.completed(parameters)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise wrong from error


def _is_plain_or_list(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= MOST_ENTRIES and all(_is_plain(one) for one in value)
    return _is_plain(value)


def _is_plain(value: object) -> bool:
    """Say whether a value is one that the database stores and every kind can read."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and value.isprintable()
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, int) and abs(value) <= LARGEST_NUMBER)
