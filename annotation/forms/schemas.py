"""The shape of a set of labels as it is typed: the set, and a row for each label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from annotation.models import Label, LabelColor, LabelMeaning, LabelSchema, MeasurementLevel
from annotation.rules.label_presets import GivenLabel, Preset
from annotation.rules.label_schemas import MOST_LABELS

# So many empty rows stand below the labels of a set that may still grow; a set without labels begins with more.
EMPTY_ROWS = 3
ROWS_TO_BEGIN = 6


class SchemaForm(forms.Form):
    """A set of labels without its labels."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(
        label=_("What it asks"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One or two sentences for whoever opens a batch."),
    )
    level = forms.ChoiceField(
        label=_("Order"),
        choices=[
            (MeasurementLevel.NOMINAL, _("None: any two labels are equally far apart")),
            (MeasurementLevel.ORDINAL, _("Grades: neighbours are nearer than ends")),
            (MeasurementLevel.INTERVAL, _("Even steps: 1 to 2 is as far as 4 to 5")),
        ],
        help_text=_("Decides which coefficients of agreement are shown. In order of the rows below."),
    )
    allows_edits = forms.BooleanField(
        label=_("Annotators may repair captions"),
        required=False,
        help_text=_("A repaired caption is judged good as edited, so one label must mean good."),
    )
    compares_paraphrases = forms.BooleanField(
        label=_("Asks about paraphrases beside their originals"),
        required=False,
        help_text=_("Only captions imported as a paraphrase of another are shown, each below its original."),
    )


class LabelForm(forms.Form):
    """One label."""

    name = forms.CharField(label=_("Name"), max_length=80)
    shortcut = forms.CharField(
        label=_("Key"), max_length=1, widget=forms.TextInput(attrs={"autocapitalize": "none", "size": 2})
    )
    key = forms.CharField(
        label=_("In the data"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    meaning = forms.ChoiceField(
        label=_("Means"), choices=LabelMeaning.choices, initial=LabelMeaning.NEUTRAL, required=False
    )
    color = forms.ChoiceField(
        label=_("Colour"), choices=LabelColor.choices, initial=LabelColor.PLAIN, required=False
    )
    description = forms.CharField(label=_("When it is right"), max_length=300, required=False)

    def given(self) -> GivenLabel:
        """Return the label; a key that was left out is made from the name."""
        typed = self.cleaned_data
        return GivenLabel(
            key=typed["key"].strip().lower() or slugify(typed["name"]).replace("-", "_")[:40],
            name=typed["name"],
            shortcut=typed["shortcut"].lower(),
            meaning=typed["meaning"] or LabelMeaning.NEUTRAL,
            color=typed["color"] or LabelColor.PLAIN,
            description=typed["description"],
        )


if TYPE_CHECKING:
    LabelFormSet = forms.BaseFormSet[LabelForm]
else:
    LabelFormSet = forms.BaseFormSet


class LabelRows(LabelFormSet):
    """The labels in the order of their places; rows left empty or marked to go are no labels."""

    def __init__(self, *args: Any, is_in_use: bool = False, **kwargs: Any) -> None:
        self.is_in_use = is_in_use
        super().__init__(*args, **kwargs)

    def add_fields(self, form: LabelForm, index: int | None) -> None:
        """Put place and removal beside each label; a set in use has neither, and keeps what its labels mean."""
        super().add_fields(form, index)
        if self.is_in_use:
            del form.fields["ORDER"], form.fields["DELETE"]
            form.fields["key"].disabled = form.fields["meaning"].disabled = True
            return
        form.fields["ORDER"].label = _("Place")
        form.fields["ORDER"].widget.attrs["min"] = 1
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Leave out")

    def given(self) -> list[GivenLabel]:
        """Return the labels in order."""
        if self.is_in_use:
            return [form.given() for form in self.forms]
        return [form.given() for form in self.ordered_forms if form.cleaned_data.get("name")]


def _rows(n_labels: int, *, is_in_use: bool) -> type[LabelRows]:
    made = forms.formset_factory(
        LabelForm,
        formset=LabelRows,
        extra=0 if is_in_use else max(EMPTY_ROWS, ROWS_TO_BEGIN - n_labels),
        can_order=True,
        can_delete=True,
        can_delete_extra=False,
        max_num=MOST_LABELS,
        absolute_max=MOST_LABELS + EMPTY_ROWS,
    )
    return cast("type[LabelRows]", made)


def rows_of(labels: Sequence[GivenLabel | Label], typed: Any = None, *, is_in_use: bool = False) -> LabelRows:
    """Return the rows of a set's labels, filled with what was typed where something was."""
    initial = [
        {
            "name": label.name,
            "shortcut": label.shortcut,
            "key": label.key,
            "meaning": label.meaning,
            "color": label.color,
            "description": label.description,
        }
        for label in labels
    ]
    rows = _rows(len(initial), is_in_use=is_in_use)
    return rows(typed, initial=initial, prefix="labels", is_in_use=is_in_use)


def schema_form(source: Preset | LabelSchema, typed: Any = None) -> SchemaForm:
    """Return the form of a set, beginning from a preset or from the set as it is."""
    told = source.description if isinstance(source, LabelSchema) else source.told
    initial = {
        "name": source.name,
        "description": told,
        "level": source.level,
        "allows_edits": source.allows_edits,
        "compares_paraphrases": source.compares_paraphrases,
    }
    return SchemaForm(typed, initial=initial)
