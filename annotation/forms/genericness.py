"""What is asked on the pages about generic captions."""

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.quality.genericness import ANSWERS_WANTED, IMAGES_PER_CHECK, MOST_CHECKS, SEED


class ChecksForm(forms.Form):
    """How many suggestions and random captions to ask about."""

    n_hubs = forms.IntegerField(label=_("Suggested captions"), min_value=0, max_value=MOST_CHECKS, initial=10)
    n_baseline = forms.IntegerField(
        label=_("Random captions, to compare with"), min_value=0, max_value=MOST_CHECKS, initial=10
    )
    n_images = forms.IntegerField(
        label=_("Other images each"), min_value=1, max_value=20, initial=IMAGES_PER_CHECK
    )
    answers_wanted = forms.IntegerField(
        label=_("Answers to each image"), min_value=1, max_value=10, initial=ANSWERS_WANTED
    )
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=SEED)


class SuspectForm(forms.Form):
    """A caption that somebody suspects, by its text."""

    text = forms.CharField(
        label=_("Text of the caption"), max_length=2000, help_text=_("Exactly as it stands in the pool.")
    )
