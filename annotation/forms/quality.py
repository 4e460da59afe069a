"""What is asked of the pages on quality over time."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import LabelSchema
from projects.models import Project


class SchemaForm(forms.Form):
    """Which set of labels; without one the project's first."""

    schema = forms.ModelChoiceField(
        label=_("Labels"),
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=None,
    )

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        self.project = project
        field = cast("forms.ModelChoiceField[LabelSchema]", self.fields["schema"])
        field.queryset = project.label_schemas.order_by("pk")

    @property
    def chosen(self) -> LabelSchema | None:
        """Return the labels; the project's first where the address names none of its own."""
        asked: LabelSchema | None = (
            self.cleaned_data.get("schema") if self.is_bound and self.is_valid() else None
        )
        return asked or self.project.label_schemas.order_by("pk").first()
