"""What is asked of an import of judgments."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.exchange.imported_raters import named_members
from annotation.exchange.importing_judgments import MOST_RATERS_NEEDED, JudgmentImportSettings
from annotation.forms.images import LARGEST_UPLOAD, given_file
from annotation.importing.requesting import GivenFile
from annotation.models import JudgmentFormat, LabelSchema, MeasurementLevel
from polyannot.kernel.errors import Invalid
from projects.models import Project


class JudgmentImportForm(forms.Form):
    """A file of judgments, and how it is to be read."""

    file = forms.FileField(label=_("File"))
    format = forms.ChoiceField(
        label=_("What it is"),
        choices=JudgmentFormat.choices,
        widget=forms.RadioSelect,
        initial=JudgmentFormat.LONG_CSV,
    )
    batch_name = forms.CharField(
        label=_("Name of the batch"),
        max_length=80,
        help_text=_(
            "Where they come from, such as: Experts 2024. A file with several rounds gives a batch for each."
        ),
    )
    schema = forms.ModelChoiceField(
        label=_("Set of labels"),
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("a new set, made from the file"),
    )
    schema_name = forms.CharField(
        label=_("Name of the new set"), required=False, max_length=80, help_text=_("Such as: Grades 1 to 4.")
    )
    level = forms.ChoiceField(
        label=_("Its labels are"), choices=MeasurementLevel.choices, initial=MeasurementLevel.ORDINAL
    )
    listed_labels = forms.CharField(
        label=_("Its labels, lowest first"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "One a line: 1 = not at all. Empty: as the file has them, numbers in their order. Imported labels touch no "
            "verdict unless a line ends in (good), (bad) or (unsure), or the labels are these words."
        ),
    )
    naming = forms.ChoiceField(
        label=_("Raters are called"),
        choices=[("names", _("as in the file")), ("pseudonyms", _("Rater 1, Rater 2 and so on"))],
        widget=forms.RadioSelect,
        initial="names",
        help_text=_("Each becomes an account that nobody can sign in to."),
    )
    names_hold = forms.BooleanField(
        label=_("The same name in another file is the same person"),
        required=False,
        initial=True,
        help_text=_("Not so for pseudonyms that were made for one file."),
    )
    members = forms.CharField(
        label=_("Raters who are members here"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line: name in the file = sign-in name."),
    )
    creates_captions = forms.BooleanField(
        label=_("Add captions that are missing, to images that are here"),
        required=False,
        help_text=_("Otherwise a pair that is not here is an error of its line. Images are never made."),
    )
    needed = forms.IntegerField(
        label=_("Raters that a verdict waits for"), min_value=1, max_value=MOST_RATERS_NEEDED, initial=2
    )
    label_control = forms.CharField(
        label=_("Label Studio: name of the control with the label"),
        required=False,
        max_length=80,
        help_text=_("Empty: “label”, else the first choice, rating or number."),
    )

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        self.project = project
        cast(
            "forms.ModelChoiceField[LabelSchema]", self.fields["schema"]
        ).queryset = LabelSchema.objects.filter(project=project, compares_paraphrases=False)

    def clean(self) -> dict[str, Any]:
        """Hold the limit on the upload's size, and look for the members."""
        cleaned = super().clean() or {}
        if (file := cleaned.get("file")) and (file.size or 0) > LARGEST_UPLOAD:
            self.add_error("file", _("This is more than 4 GiB; send it in parts."))
        if not cleaned.get("schema") and not cleaned.get("schema_name"):
            self.add_error("schema_name", _("Choose a set of labels above, or name the new one."))
        try:
            cleaned["members"] = named_members(self.project, cleaned.get("members", ""))
        except Invalid as error:
            self.add_error("members", str(error.message))
        return cleaned

    @property
    def given(self) -> GivenFile:
        """Return the file as the act takes it."""
        return given_file(self.cleaned_data["file"])

    @property
    def settings(self) -> JudgmentImportSettings:
        """Return the settings; call it once the form is valid."""
        asked = self.cleaned_data
        kept = "format batch_name schema schema_name level listed_labels creates_captions names_hold members needed"
        return JudgmentImportSettings(
            **{name: asked[name] for name in [*kept.split(), "label_control"]},
            keeps_names=asked["naming"] == "names",
        )
