"""The shape of a set of pairs that a researcher gives a row in Table 1."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import DifficultyLevel
from studies.drafting.declaring import LONGEST_NAME, AskedSet

MOST_LISTED = 400_000


class SetForm(forms.Form):
    """A name and the conditions that its pairs meet; after launch also the reason."""

    name = forms.CharField(label=_("Name of the row"), max_length=LONGEST_NAME, required=False)
    difficulty = forms.ChoiceField(
        label=_("Difficulty"), choices=[("", _("any")), *DifficultyLevel.choices], required=False
    )
    at_least = forms.FloatField(label=_("Similarity at least"), required=False)
    below = forms.FloatField(label=_("Similarity below"), required=False)
    captions = forms.CharField(
        label=_("Only these captions"),
        max_length=MOST_LISTED,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_(
            "One caption key a line. With a label of yours after a comma, as in “key, indoor”, "
            "each label gets a row."
        ),
    )
    why = forms.CharField(
        label=_("Why it was not declared before launch"),
        max_length=400,
        help_text=_("Logged as a deviation and printed with the results; the row is marked as exploratory."),
    )

    def __init__(self, *args: Any, is_draft: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("at_least", "below"):
            self.fields[name].widget.attrs |= {"class": "input--short", "step": "any"}
        if is_draft:
            del self.fields["why"]

    def asked(self) -> AskedSet:
        """Return what was filled in."""
        given = self.cleaned_data
        return AskedSet(
            name=given["name"],
            difficulty=given["difficulty"],
            at_least=given["at_least"],
            below=given["below"],
            captions=given["captions"],
        )
