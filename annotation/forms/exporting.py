"""What is asked of an export of judgments."""

import re
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.agreement.ratings import Outcome
from annotation.exchange.exporting import ExportFormat, ExportRequest, RaterNames, Which, schemas_asked
from annotation.models import Batch, LabelSchema
from projects.models import Project

# Where the pictures of a task may lie; anything else could be a script.
IMAGE_ADDRESS = re.compile(r"(https?://|s3://|gs://|/)[^\s<>\"]*")


class ExportForm(forms.Form):
    """Which judgments, in which file, under which names."""

    batch = forms.ModelChoiceField(
        label=_("Judgments of"),
        queryset=Batch.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("all batches"),
    )
    schema = forms.ModelChoiceField(
        label=_("Labels"),
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("those of the batch"),
        help_text=_("For all batches together: one set of labels is one question."),
    )
    format = forms.ChoiceField(
        label=_("File"), choices=ExportFormat.choices, widget=forms.RadioSelect, initial=ExportFormat.LONG_CSV
    )
    which = forms.ChoiceField(
        label=_("Which judgments"), choices=Which.choices, widget=forms.RadioSelect, initial=Which.RATINGS
    )
    outcome = forms.ChoiceField(
        label=_("What counts as an answer"),
        choices=Outcome.choices,
        initial=Outcome.LABELS,
        help_text=_("For the tables. JSON always holds label and edit apart."),
    )
    names = forms.ChoiceField(
        label=_("Raters are called by"),
        choices=RaterNames.choices,
        widget=forms.RadioSelect,
        initial=RaterNames.PSEUDONYMS,
        help_text=_("Pseudonyms hold inside one file and are drawn anew for the next."),
    )
    with_keys = forms.BooleanField(label=_("Keys of image and caption"), required=False, initial=True)
    with_mode = forms.BooleanField(
        label=_("How it was given, after feedback or not, whether it still stands, guidelines, labels"),
        required=False,
    )
    with_edits = forms.BooleanField(label=_("Edited text and what the edit repairs"), required=False)
    image_address = forms.CharField(
        label=_("Where Label Studio finds the pictures"),
        required=False,
        max_length=400,
        help_text=_(
            "A pattern with {key}, such as /data/local-files/?d=images/{key}.jpg. Left empty, tasks name the pictures "
            "on this site, which only members see."
        ),
    )

    def __init__(self, *args: Any, project: Project, may_name: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        cast("forms.ModelChoiceField[Batch]", self.fields["batch"]).queryset = Batch.objects.filter(
            project=project
        )
        schemas = schemas_asked(project)
        cast("forms.ModelChoiceField[LabelSchema]", self.fields["schema"]).queryset = schemas
        if schemas.count() < 2:
            del self.fields["schema"]
        if not may_name:
            names = cast("forms.ChoiceField", self.fields["names"])
            names.choices = [choice for choice in RaterNames.choices if choice[0] == RaterNames.PSEUDONYMS]
            names.widget = forms.HiddenInput()

    def clean_image_address(self) -> str:
        """Hold the pattern to addresses of pictures."""
        given = str(self.cleaned_data["image_address"]).strip()
        if given and (not IMAGE_ADDRESS.fullmatch(given) or "{key}" not in given):
            raise forms.ValidationError(
                _("Begin with https://, s3://, gs:// or /, and put {key} where the key of the image belongs.")
            )
        return given

    @property
    def columns(self) -> list[forms.BoundField]:
        """Return the switches of further columns."""
        return [self[name] for name in ("with_keys", "with_mode", "with_edits")]

    @property
    def wanted(self) -> ExportRequest:
        """Return the request; call it once the form is valid."""
        return ExportRequest(**self.cleaned_data)
