"""What is asked of draws of models; the act checks whether it makes sense together."""

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.forms.machine import SimilaritiesForm
from annotation.machine.difficulty.robustness import DRAWS


class RobustnessForm(SimilaritiesForm):
    """Which models are drawn from, how many vote together, and by which cut points."""

    draws = forms.IntegerField(label=_("Draws"), min_value=2, max_value=100, initial=DRAWS)
    size = forms.IntegerField(
        label=_("Models that vote together"),
        help_text=_("Empty: seven, or all but one of fewer than eight."),
        min_value=1,
        max_value=29,
        required=False,
    )
    easy_min_votes = forms.IntegerField(
        label=_("Easy from this many yes votes"),
        help_text=_("Empty: all of them, from five models on all but one."),
        min_value=1,
        max_value=30,
        required=False,
    )
    hard_max_votes = forms.IntegerField(
        label=_("Hard up to this many yes votes"),
        help_text=_("Empty: none, from five models on one."),
        min_value=0,
        max_value=30,
        required=False,
    )
