"""The researcher's own rows of Table 1: declared in a draft, or added after launch as a logged deviation."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from annotation.models import Caption
from polyannot.kernel.errors import Invalid, Missing
from polyannot.kernel.text import one_line
from projects.history import append_event
from studies.design.sets import TAKEN, chosen_set, read_list, readings
from studies.drafting.building import locked_draft
from studies.drafting.launching import note_deviation
from studies.drafting.tabling import facts_of, frozen_targets, rule_of
from studies.models import Deviation, PairSet, Study, StudyState

MOST_SETS = 30
LONGEST_NAME = 60
NAMED_UNKNOWN = 5


@dataclass(frozen=True)
class AskedSet:
    """What a researcher fills in: a name and conditions that all have to hold.

    `captions` holds a caption key a line; with a label after a comma or tab in each line, every label becomes a set.
    """

    name: str
    difficulty: str = ""
    at_least: float | None = None
    below: float | None = None
    captions: str = ""


def add_sets(*, study: Study, asked: AskedSet, why: str = "", actor: User | None) -> list[PairSet]:
    """Give a set of pairs a row in Table 1, or one set for each label of a list; return the sets.

    In a draft they are declared. After launch they need a reason, which is logged as a deviation, and are marked as
    exploratory. Raises Invalid for a study of paraphrases; for a name that is missing, too long, taken or of a row of
    the design; for no condition, a band without width, or captions that the project does not have; after launch for a
    set without pairs or a missing reason. Nothing is kept then.
    """
    with transaction.atomic():
        row = (
            Study.objects.select_for_update(no_key=True, of=("self",))
            .select_related("project")
            .get(pk=study.pk)
        )
        if row.is_graded:
            raise Invalid("sets_of_graded", _("A study of paraphrases has no Table 1."))
        lists = _listed(row, asked.captions)
        sets = [_checked(row, asked, label, keys) for label, keys in lists.items()]
        _refuse_taken(row, sets)
        if row.state != StudyState.DRAFT:
            deviation = _logged(row, sets, why, actor)
            for each in sets:
                each.deviation = deviation
        made = PairSet.objects.bulk_create(sets)
        append_event(actor=actor, act="pair_sets_added", row=row)
    return made


def _listed(study: Study, text: str) -> Mapping[str, list[str]]:
    """Return caption keys by label; one empty list where no list is given."""
    if not text.strip():
        return {"": []}
    tried = {key for line in text.splitlines() for key, _label in readings(line)}
    known = set(Caption.objects.filter(project=study.project, key__in=tried).values_list("key", flat=True))
    by_label, unknown = read_list(text, known)
    if unknown:
        first = ", ".join(line[:80] for line in unknown[:NAMED_UNKNOWN])
        raise Invalid(
            "caption_unknown",
            ngettext(
                "%(n)d line names no caption of this project: %(first)s. Nothing was added.",
                "%(n)d lines name no caption of this project: %(first)s. Nothing was added.",
                len(unknown),
            )
            % {"n": len(unknown), "first": first},
        )
    if "" in by_label and len(by_label) > 1:
        raise Invalid(
            "labels_incomplete", _("Some lines have a label and some have none. Nothing was added.")
        )
    return by_label


def _checked(study: Study, asked: AskedSet, label: str, keys: list[str]) -> PairSet:
    name = one_line(f"{asked.name}: {label}" if label and asked.name.strip() else label or asked.name)
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("set_name", _("A set needs a name of at most %(n)d characters.") % {"n": LONGEST_NAME})
    low, high = asked.at_least, asked.below
    if low is not None and high is not None and low >= high:
        raise Invalid("set_band", _("“Similarity at least” has to be lower than “below”."))
    if not asked.difficulty and low is None and high is None and not keys:
        raise Invalid("set_of_all", _("Say which pairs: by difficulty, by similarity or by a list."))
    return PairSet(
        study=study,
        name=name,
        difficulty=asked.difficulty,
        at_least=low,
        below=high,
        captions=sorted(set(keys)),
    )


def _refuse_taken(study: Study, sets: list[PairSet]) -> None:
    taken = {name.casefold() for name in study.pair_sets.values_list("name", flat=True)}
    if len(taken) + len(sets) > MOST_SETS:
        raise Invalid(
            "sets_many",
            _("A study has at most %(n)d sets of your own. Nothing was added.") % {"n": MOST_SETS},
        )
    for each in sets:
        if each.name.casefold() in taken or TAKEN.fullmatch(each.name):
            raise Invalid(
                "set_name_taken",
                _("There is a row “%(name)s” already; choose another name.") % {"name": each.name},
            )
        taken.add(each.name.casefold())


def _logged(study: Study, sets: list[PairSet], why: str, actor: User | None) -> Deviation:
    facts = facts_of(frozen_targets(study))
    empty = [each.name for each in sets if not chosen_set(rule_of(each), facts).pairs]
    if empty:
        raise Invalid(
            "set_empty", _("No pair of this study belongs to: %(names)s.") % {"names": ", ".join(empty)}
        )
    if not why.strip():
        raise Invalid("deviation_empty", _("Say why the set was not declared before launch."))
    told = "; ".join(f"“{each.name}” ({rule_of(each).explain()})" for each in sets)
    text = _("Rows of Table 1 added after launch, exploratory: %(sets)s. %(why)s") % {
        "sets": told,
        "why": why.strip(),
    }
    return note_deviation(study=study, text=text, actor=actor)


def remove_set(*, study: Study, name: str, actor: User | None) -> None:
    """Take a declared set out of a draft. Raises Missing for another name, Conflict once the study is launched."""
    with transaction.atomic():
        draft = locked_draft(study)
        count, _rows = PairSet.objects.filter(study=draft, name=name).delete()
        if not count:
            raise Missing("set_missing", _("There is no such set in this study."))
        append_event(actor=actor, act="pair_set_removed", row=draft)
