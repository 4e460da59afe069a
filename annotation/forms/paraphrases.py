"""What is asked of a language model: a preset, and whatever of it shall be otherwise."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.paraphrasing.asking import LONGEST_PROMPT, MOST_REQUESTS


class ParaphrasesForm(forms.Form):
    """A preset; a field that stays empty is the preset's."""

    preset = forms.ChoiceField(
        label=_("Preset"),
        help_text=_("Five runs that know nothing of each other, or said concisely and then once more."),
        choices=[
            ("independent", _("Independent runs of one prompt")),
            ("two_step", _("Two steps, each in other words")),
        ],
    )
    first_prompt = forms.CharField(
        label=_("Prompt"),
        required=False,
        max_length=LONGEST_PROMPT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("With {caption} in it once. Empty: the preset's."),
    )
    second_prompt = forms.CharField(
        label=_("Prompt of the second step"),
        required=False,
        max_length=LONGEST_PROMPT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For two steps alone; {caption} is what the first one answered."),
    )
    temperature = forms.FloatField(
        label=_("Temperature"),
        required=False,
        min_value=0,
        max_value=2,
        help_text=_("Empty: the preset's, 0.9 or 1.0."),
    )
    top_p = forms.FloatField(
        label=_("Top p"),
        required=False,
        min_value=0.01,
        max_value=1,
        help_text=_("Empty: the preset's, 1.0 or 0.1."),
    )
    runs = forms.IntegerField(
        label=_("Runs"),
        required=False,
        min_value=1,
        max_value=MOST_REQUESTS,
        help_text=_("How often a caption is asked for. Empty: the preset's, 5 or 1."),
    )
    enough = forms.IntegerField(
        label=_("Enough"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=_("A caption with so many paraphrases is not asked for. Empty: what one pass brings."),
    )
    seed = forms.IntegerField(label=_("Seed"), help_text=_("Empty: the project's own."), required=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the job, without the seed; a line ends as in a preset's own prompt."""
        given = self.cleaned_data
        prompts = [
            given[name].replace("\r\n", "\n") for name in ("first_prompt", "second_prompt") if given[name]
        ]
        names = ("preset", "temperature", "top_p", "runs", "enough")
        return {name: given[name] for name in names if given[name] not in {None, ""}} | (
            {"prompts": prompts} if prompts else {}
        )
