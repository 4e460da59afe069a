"""Sets of labels: made, changed while no batch uses them, retired. In use they keep key, meaning and order.

The rules are in docs/algorithms/label-schemas.md.
"""

import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Judgment, Label, LabelColor, LabelMeaning, LabelSchema, MeasurementLevel
from annotation.rules.label_presets import GivenLabel
from polyannot.kernel.errors import Conflict, Invalid
from polyannot.kernel.text import many_lines, one_line
from projects.history import append_event
from projects.models import Project

FEWEST_LABELS, MOST_LABELS = 2, 12
# Keys of the workspace itself: move, edit, note, ask, report, skip, zoom.
RESERVED_KEYS = frozenset("jkenqrsz")
KEY = re.compile(r"[a-z0-9_]{1,40}")
SHORTCUT = re.compile(r"[a-z0-9]")


def make_schema(
    *,
    project: Project,
    actor: User | None,
    name: str,
    level: str,
    labels: Sequence[GivenLabel],
    allows_edits: bool = False,
    compares_paraphrases: bool = False,
    description: str = "",
) -> LabelSchema:
    """Add a set of labels to a project. Raises Invalid for labels that cannot be told apart, Conflict for the name."""
    _check(labels, level=level, allows_edits=allows_edits)
    try:
        with transaction.atomic():
            schema = LabelSchema.objects.create(
                project=project,
                name=_checked_name(name),
                level=level,
                allows_edits=allows_edits,
                compares_paraphrases=compares_paraphrases,
                description=many_lines(description)[:2000],
            )
            _write(schema, labels)
            append_event(actor=actor, act="label_schema_made", row=schema, project=project)
    except IntegrityError as error:
        raise _name_taken(error) from error
    return schema


def change_schema(
    *,
    schema: LabelSchema,
    actor: User,
    name: str,
    level: str,
    labels: Sequence[GivenLabel],
    allows_edits: bool,
    compares_paraphrases: bool,
    description: str = "",
) -> LabelSchema:
    """Change a set of labels; one that a batch uses may change names, colours, shortcuts, descriptions, edits alone.

    Raises Conflict for anything else of a set in use, or a name that is taken; Invalid as for a new one.
    """
    _check(labels, level=level, allows_edits=allows_edits)
    try:
        with transaction.atomic():
            locked = LabelSchema.objects.select_for_update().get(pk=schema.pk)
            if is_in_use(locked):
                _must_mean_the_same(locked, level, compares_paraphrases, labels)
                _must_keep_edits(locked, allows_edits=allows_edits)
            locked.name, locked.level, locked.allows_edits = _checked_name(name), level, allows_edits
            locked.compares_paraphrases = compares_paraphrases
            locked.description = many_lines(description)[:2000]
            locked.save()
            _rewrite(locked, labels)
            append_event(actor=actor, act="label_schema_changed", row=locked)
    except IntegrityError as error:
        raise _name_taken(error) from error
    return locked


def retire_schema(*, schema: LabelSchema, actor: User) -> None:
    """Offer a set of labels to no new batch; running batches go on. Raises Conflict for the last one offered."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=schema.project_id)
        others = LabelSchema.objects.filter(project=schema.project_id).offered().exclude(pk=schema.pk)
        if not others.exists():
            raise Conflict("schema_last", _("A project needs a set of labels to offer; nothing was changed."))
        if LabelSchema.objects.filter(pk=schema.pk, retired_at=None).update(retired_at=timezone.now()):
            append_event(actor=actor, act="label_schema_retired", row=schema, fields=["retired_at"])


def restore_schema(*, schema: LabelSchema, actor: User) -> None:
    """Offer a retired set of labels again; doing it twice is harmless."""
    with transaction.atomic():
        if LabelSchema.objects.filter(pk=schema.pk, retired_at__isnull=False).update(retired_at=None):
            append_event(actor=actor, act="label_schema_restored", row=schema, fields=["retired_at"])


def is_in_use(schema: LabelSchema) -> bool:
    """Say whether a batch asks for these labels, so that they keep key, meaning and order for ever."""
    return schema.batches.exists()


def _checked_name(name: str) -> str:
    if not (name := one_line(name)):
        raise Invalid("schema_name_needed", _("A set of labels needs a name."))
    return name[:80]


def _check(labels: Sequence[GivenLabel], *, level: str, allows_edits: bool) -> None:
    """Raise Invalid where the labels could not be told apart on the page, on the keyboard or in the data."""
    if level not in MeasurementLevel.values:
        raise Invalid("level_unknown", _("Choose whether the labels have an order."))
    if not FEWEST_LABELS <= len(labels) <= MOST_LABELS:
        raise Invalid(
            "labels_too_few_or_many",
            _("A set has %(low)d to %(high)d labels.") % {"low": FEWEST_LABELS, "high": MOST_LABELS},
        )
    for label in labels:
        _check_one(label)
    for what, values in (
        (_("key in the data"), [label.key for label in labels]),
        (_("key on the keyboard"), [label.shortcut for label in labels]),
        (_("name"), [one_line(label.name).casefold() for label in labels]),
    ):
        if twice := next((value for value in values if values.count(value) > 1), None):
            raise Invalid(
                "labels_alike",
                _("Two labels have the same %(what)s: %(value)s.") % {"what": what, "value": twice},
            )
    if allows_edits and not any(label.meaning == LabelMeaning.GOOD for label in labels):
        raise Invalid(
            "edits_need_good",
            _("Repairs need a label that means good: an edited caption is judged good as edited."),
        )


def _check_one(label: GivenLabel) -> None:
    if not one_line(label.name):
        raise Invalid("label_name_needed", _("Every label needs a name."))
    if not KEY.fullmatch(label.key):
        raise Invalid(
            "label_key_malformed",
            _("%(name)s: give it a key in the data, of small letters a to z, digits and _ only.")
            % {"name": label.name},
        )
    if not SHORTCUT.fullmatch(label.shortcut) or label.shortcut in RESERVED_KEYS:
        raise Invalid(
            "shortcut_reserved",
            _(
                "%(name)s: choose a letter or digit on the keyboard other than %(reserved)s, which the workspace uses."
            )
            % {"name": label.name, "reserved": ", ".join(sorted(RESERVED_KEYS)).upper()},
        )
    if label.meaning not in LabelMeaning.values or label.color not in LabelColor.values:
        raise Invalid("label_malformed", _("Choose a meaning and a colour from the lists."))


def _must_mean_the_same(
    schema: LabelSchema, level: str, compares_paraphrases: bool, labels: Sequence[GivenLabel]
) -> None:
    before = [(label.key, label.meaning) for label in schema.labels.order_by("position")]
    after = [(label.key, str(label.meaning)) for label in labels]
    if before != after or schema.level != level or schema.compares_paraphrases != compares_paraphrases:
        raise Conflict(
            "labels_in_use",
            _(
                "A batch uses these labels: their keys in the data, their meaning and their order stay. "
                "Names, colours and keys on the keyboard may change; for anything else make a new set."
            ),
        )


def _must_keep_edits(schema: LabelSchema, *, allows_edits: bool) -> None:
    """Raise Conflict where captions were repaired under these labels: agreement tells good from good after an edit."""
    if not allows_edits and Judgment.objects.filter(schema=schema, edited_version__isnull=False).exists():
        raise Conflict(
            "edits_are_there",
            _("Captions were repaired under these labels; retire this set and make one without repairs."),
        )


def _write(schema: LabelSchema, labels: Sequence[GivenLabel]) -> None:
    Label.objects.bulk_create(
        Label(
            schema=schema,
            key=label.key,
            name=one_line(label.name)[:80],
            shortcut=label.shortcut,
            position=position,
            meaning=label.meaning,
            color=label.color,
            description=one_line(label.description)[:300],
        )
        for position, label in enumerate(labels)
    )


def _rewrite(schema: LabelSchema, labels: Sequence[GivenLabel]) -> None:
    """Write the labels anew, or change the words of those in use in place."""
    if not is_in_use(schema):
        schema.labels.all().delete()
        _write(schema, labels)
        return
    for given in labels:
        # Two may change their keys with each other: that each is there once is looked at in the end.
        Label.objects.filter(schema=schema, key=given.key).update(
            name=one_line(given.name)[:80],
            shortcut=given.shortcut,
            color=given.color,
            description=one_line(given.description)[:300],
        )


def _name_taken(error: IntegrityError) -> Exception:
    if "label_schema_name_once" not in str(error):
        return error
    return Conflict("schema_name_taken", _("Another set of labels already has this name."))
