"""The history of a caption from the append-only log, with names for those who may know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotation.access import visible_versions
from annotation.models import (
    Adjudication,
    Caption,
    CleaningItem,
    CleaningOutcome,
    FixItem,
    PairReport,
)
from projects.access import Access
from projects.models import Event, Membership, Role

# What the acts of the log are called on the page; an act that is not here is told by its own name.
ACTS: dict[str, str | Promise] = {
    "edit_proposed": gettext_lazy("proposed an edit"),
    "edit_decided": gettext_lazy("decided on an edit"),
    "edit_decision_withdrawn": gettext_lazy("took a decision on an edit back"),
    "version_reverted": gettext_lazy("went back to an earlier text"),
    "version_adjudicated": gettext_lazy("gave a final label"),
    "pair_reported": gettext_lazy("reported the pair"),
    "report_decided": gettext_lazy("decided on the report"),
    "fix_applied": gettext_lazy("changed it with others by find and fix"),
    "fix_confirmed": gettext_lazy("accepted the new texts of a find and fix"),
    "fix_rejected": gettext_lazy("rejected the new texts of a find and fix"),
    "fix_undone": gettext_lazy("undid a find and fix"),
    "captions_cleaned": gettext_lazy("had it cleaned with others"),
    "leakage_searched": gettext_lazy("found its picture in the corpus"),
    "cleaning_undone": gettext_lazy("undid its cleaning"),
}


class Names:
    """How people are called to somebody: head annotators read names, others a role."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._reads_names = access.may_act_as(Role.HEAD)
        self._roles: dict[int, str] | None = None

    def of(self, person: User | None) -> str:
        """Return the name, "you" for oneself, the role in the project where names are not for the reader."""
        if person is None:
            return ""
        if person.pk == self._access.user.pk:
            return _("you")
        if self._reads_names:
            return str(person)
        if self._roles is None:
            members = Membership.objects.filter(project=self._access.project)
            self._roles = {row.user_id: str(row.get_role_display()) for row in members}
        return self._roles.get(person.pk, _("somebody else"))


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history: when, by whom as the reader may know it, and what."""

    at: datetime
    who: str
    what: str | Promise


def happenings_of(access: Access, caption: Caption) -> Sequence[Happening]:
    """Return what happened to a caption, the last first; what concerns versions hidden from the reader is left out."""
    versions = visible_versions(access).filter(caption=caption)
    rows = Q(row_type="annotation.captionversion", row_id__in=versions.values("pk"))
    fixes = FixItem.objects.filter(made__in=versions.values("pk")).values("fix")
    rows |= Q(row_type="annotation.captionfix", row_id__in=fixes) & ~Q(act__in=["fix_drafted", "fix_asked"])
    rows |= Q(row_type="annotation.caption", row_id=caption.pk)
    cleanings = CleaningItem.objects.filter(caption=caption).exclude(outcome=CleaningOutcome.HELD)
    rows |= Q(row_type="annotation.cleaning", row_id__in=cleanings.values("cleaning"))
    if access.may_act_as(Role.HEAD):
        finals = Adjudication.objects.filter(version__caption=caption).values("pk")
        reports = PairReport.objects.filter(caption=caption).values("pk")
        rows |= Q(row_type="annotation.adjudication", row_id__in=finals)
        rows |= Q(row_type="annotation.pairreport", row_id__in=reports)
    names = Names(access)
    events = Event.objects.filter(rows, project=access.project).select_related("actor").order_by("-pk")
    return [
        Happening(event.at, names.of(event.actor), ACTS.get(event.act, event.act.replace("_", " ")))
        for event in events[:200]
    ]
