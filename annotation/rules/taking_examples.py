"""A decided pair becomes an example beside the guidelines, with one press."""

from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Adjudication, CaptionVersion, KnownAnswer, KnownUse, LabelSchema, ReviewItem
from annotation.models.reviews import ReviewState
from annotation.rules.known_answers import make_known_answer, waits
from polyannot.kernel.errors import Invalid
from projects.models import Project


def take_example(*, version: CaptionVersion, actor: User) -> KnownAnswer:
    """Take a pair as an example with its final label, or the one that a review accepted; with the note given to it.

    A pair that is a known answer already is returned as it is. Raises Invalid before anybody has decided.
    """
    found = _final(version) or _accepted(version)
    if found is None:
        raise Invalid("not_decided", _("Give the pair a final label, or accept a judgment of it, first."))
    schema, label, note = found
    known = KnownAnswer.objects.in_use().filter(version=version, schema=schema).first()
    return known or make_known_answer(
        version=version, schema=schema, label=label, use=KnownUse.EXAMPLE, actor=actor, explanation=note
    )


def _final(version: CaptionVersion) -> tuple[LabelSchema, str, str] | None:
    row = (
        Adjudication.objects.filter(version=version, is_current=True)
        .select_related("schema")
        .order_by("-pk")
        .first()
    )
    return (row.schema, row.label, row.note) if row else None


def _accepted(version: CaptionVersion) -> tuple[LabelSchema, str, str] | None:
    """Return the label of the judgment accepted last; a good after an edit says nothing of the text as it is."""
    items = ReviewItem.objects.filter(judgment__version=version, state=ReviewState.ACCEPTED)
    item = items.select_related("judgment__schema", "revision").order_by("-decided_at").first()
    if item is None:
        return None
    judgment = item.revision or item.judgment
    if judgment.label is None or judgment.edited_version_id is not None:
        return None
    return item.judgment.schema, judgment.label, item.comment


def examples_of(project: Project, schema: LabelSchema | None = None) -> list[KnownAnswer]:
    """Return the examples to show beside the guidelines, of one set of labels or of all, in the order of labels.

    One whose image is being judged is not shown until that is over.
    """
    rows = KnownAnswer.objects.in_use().filter(
        ~waits(), project=project, use=KnownUse.EXAMPLE, version__image__state="active"
    )
    if schema is not None:
        rows = rows.filter(schema=schema)
    places = {
        (schema_id, key): place
        for schema_id, key, place in project.label_schemas.values_list(
            "pk", "labels__key", "labels__position"
        )
    }
    found = rows.exclude(version__caption__drop_reason__in=["taken_down", "reported"])
    return sorted(
        found.select_related("version__image", "schema"),
        key=lambda row: (row.schema_id, places.get((row.schema_id, row.label), 0), row.pk),
    )
