"""Which judgments a report rests on: all batches of one set of labels, or some of them; never two sets of labels."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.models import Batch, Judgment, LabelSchema
from polyannot.kernel.errors import Invalid
from projects.models import Project

LONGEST_KEY = 80


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of labels and the batches chosen of those that use it; no batches are all of them."""

    project: Project
    schema: LabelSchema
    batches: tuple[Batch, ...] = ()

    @property
    def key(self) -> str:
        """Return what names the scope in the database."""
        if not self.batches:
            return str(self.schema.pk)
        told = f"{self.schema.pk}:{','.join(str(batch.pk) for batch in self.batches)}"
        if len(told) <= LONGEST_KEY:
            return told
        return f"{self.schema.pk}:{hashlib.sha256(told.encode()).hexdigest()}"

    @property
    def batch(self) -> Batch | None:
        """Return the batch where there is just one."""
        return self.batches[0] if len(self.batches) == 1 else None

    def judgments(self) -> QuerySet[Judgment]:
        """Return the judgments of the scope, whatever their state."""
        judgments = Judgment.objects.filter(project=self.project)
        if self.batches:
            return judgments.filter(batch__in=[batch.pk for batch in self.batches])
        return judgments.filter(batch__in=Batch.objects.filter(schema=self.schema))

    def last_judgment(self) -> int:
        """Return the id of the newest judgment row, 0 when there is none; undoing adds a row too."""
        return self.judgments().order_by("-pk").values_list("pk", flat=True).first() or 0


def scope_of(
    project: Project, *, schema: LabelSchema | None = None, batches: Sequence[Batch] = ()
) -> Scope | None:
    """Return the scope of these batches, or of all batches of a set of labels (by default the project's first).

    None when the project has no labels. Raises Invalid for batches of two sets of labels.
    """
    if len({batch.schema_id for batch in batches}) > 1:
        raise Invalid(
            "schemas_mixed",
            _(
                "These batches use different labels. Choose batches with the same labels: figures are never mixed."
            ),
        )
    chosen = tuple(sorted(batches, key=lambda batch: batch.pk))
    if chosen:
        return Scope(project, chosen[0].schema, chosen)
    found = schema or project.label_schemas.order_by("pk").first()
    return Scope(project, found) if found else None


def named_scope(project: Project, *, schema: str, batches: Sequence[str]) -> Scope | None:
    """Return the scope that public ids name. Raises Invalid for ids that name nothing in this project."""
    try:
        rows = list(Batch.objects.filter(project=project, public_id__in=batches).select_related("schema"))
        labels = LabelSchema.objects.get(project=project, public_id=schema) if schema else None
    except (LabelSchema.DoesNotExist, ValidationError) as error:
        raise Invalid("scope_missing", _("There are no such labels or batches in this project.")) from error
    if len(rows) < len(set(batches)):
        raise Invalid("batch_missing", _("There is no such batch in this project."))
    return scope_of(project, schema=labels, batches=rows)
