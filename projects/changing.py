"""Changing what a project is told to do."""

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from projects.history import append_event
from projects.models import Project

CHANGEABLE = ("name", "description", "judged_target", "good_target", "shown_at_once")


def change_settings(*, project: Project, actor: User, values: Mapping[str, object]) -> list[str]:
    """Write the given settings and return the names of those that changed; judgments made before stay as they are.

    `values` holds checked values under names of CHANGEABLE; other names raise KeyError.
    """
    if unknown := set(values) - set(CHANGEABLE):
        raise KeyError(", ".join(sorted(unknown)))
    with transaction.atomic():
        locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        changed = [name for name in CHANGEABLE if name in values and getattr(locked, name) != values[name]]
        for name in changed:
            setattr(locked, name, values[name])
        if changed:
            locked.save(update_fields=changed)
            append_event(actor=actor, act="settings_changed", row=locked, project=locked, fields=changed)
    return changed
