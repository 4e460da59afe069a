"""The shape of what participants say beside their answers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from studies.models import AgeBand, LanguageLevel, ReportReason, Study
from studies.taking.saying import questions_of

NOT_CHOSEN = ("", _("Choose, or leave open"))


class BackgroundForm(forms.Form):
    """What the study asks people about themselves at the end; everything may be left open."""

    language = forms.ChoiceField(
        label=_("How well do you read the language of the texts?"),
        choices=[NOT_CHOSEN, *LanguageLevel.choices],
        required=False,
    )
    country = forms.CharField(
        label=_("In which country do you live?"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "country-name"}),
    )
    age_band = forms.ChoiceField(
        label=_("How old are you?"), choices=[NOT_CHOSEN, *AgeBand.choices], required=False
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = questions_of(study)
        for name in list(self.fields):
            if name not in asked:
                del self.fields[name]


class ReportForm(forms.Form):
    """A report about the pair on the page."""

    card = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=ReportReason.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("In your own words, if you like"),
        max_length=500,
        required=False,
        help_text=_("Please write nothing that tells who you are."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
