"""Approval of a draft by a second person: it holds for what they read, and ends with the next change."""

import hashlib
import json

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.errors import Conflict
from projects.history import append_event
from projects.models import Project
from studies.drafting.building import DRAFT_FIELDS, locked_draft
from studies.drafting.candidates import DraftChoice
from studies.drafting.contents import draft_choice
from studies.drafting.tabling import rules_of
from studies.drafting.wording import markdown_of
from studies.models import Study, StudyApproval, StudyPolicy, TextKind


def needs_approval(project: Project) -> bool:
    """Say whether a second person must approve the project's studies before launch."""
    return StudyPolicy.objects.filter(project=project, needs_approval=True).exists()


def set_policy(*, project: Project, needs_approval: bool, actor: User | None) -> None:
    """Decide whether launches need a second person; studies that are launched already stay so."""
    with transaction.atomic():
        policy, _made = StudyPolicy.objects.update_or_create(
            project=project, defaults={"needs_approval": needs_approval}
        )
        append_event(
            actor=actor, act="study_policy_set", row=policy, project=project, fields=["needs_approval"]
        )


def fingerprint_of(study: Study, choice: DraftChoice) -> str:
    """Return the SHA-256 of all that a draft would declare: its fields, texts, sets and the pairs it would show."""
    told = {
        "fields": {name: str(getattr(study, name)) for name in DRAFT_FIELDS},
        "texts": {kind: markdown_of(study, kind) for kind in TextKind.values},
        "pairs": [list(choice.pairs), list(choice.distractors), list(choice.controls)],
        "originals": sorted(choice.originals.items()),
        "sets": [[rule.name, rule.explain(), sorted(rule.captions)] for rule in rules_of(study)],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def approvals_of(study: Study, fingerprint: str) -> list[StudyApproval]:
    """Return the approvals of the draft as it stands."""
    return list(StudyApproval.objects.filter(study=study, fingerprint=fingerprint).select_related("approver"))


def is_approved(study: Study, fingerprint: str, *, launcher: User | None) -> bool:
    """Say whether somebody other than the person who launches has approved the draft as it stands."""
    approvals = StudyApproval.objects.filter(study=study, fingerprint=fingerprint)
    return (approvals.exclude(approver=launcher) if launcher else approvals).exists()


def approve_study(*, study: Study, fingerprint: str, actor: User) -> StudyApproval:
    """Approve a draft as it was read; approving twice is harmless.

    Raises Conflict when it was changed since, and once it is launched.
    """
    with transaction.atomic():
        draft = locked_draft(study)
        if fingerprint_of(draft, draft_choice(draft)) != fingerprint:
            raise Conflict(
                "study_changed", _("The draft was changed while you read it; please read it again.")
            )
        approval, is_new = StudyApproval.objects.get_or_create(
            study=draft, fingerprint=fingerprint, approver=actor
        )
        if is_new:
            append_event(actor=actor, act="study_approved", row=draft)
    return approval
