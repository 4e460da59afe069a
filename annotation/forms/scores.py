"""What is asked of an import of scores."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.forms.images import given_file
from annotation.importing.requesting import GivenFile

LARGEST_TABLE = 64 * 1024 * 1024


class ScoresForm(forms.Form):
    """A table of scores and what they are called."""

    scores = forms.FileField(
        label=_("Table of scores"),
        help_text=_(
            "CSV or TSV with the columns score and version, or caption_key, or image_key and text; a column name where"
            " it holds several sets."
        ),
    )
    name = forms.CharField(
        label=_("Name"), max_length=80, required=False, help_text=_("Such as VQAScore; higher fits better.")
    )

    def clean(self) -> dict[str, Any]:
        """Hold the limit on the upload's size."""
        cleaned = super().clean() or {}
        if (file := cleaned.get("scores")) and (file.size or 0) > LARGEST_TABLE:
            self.add_error("scores", _("This is more than 64 MiB; send it in parts."))
        return cleaned

    @property
    def given(self) -> GivenFile:
        """Return the file as the act takes it."""
        return given_file(self.cleaned_data["scores"])
