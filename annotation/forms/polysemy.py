"""What is asked of laying a project beside a corpus; the act checks whether it makes sense together."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotation.machine.corpora.neighbours import corpora
from annotation.machine.corpora.polysemy import QUERIES, SAMPLED_PAIRS


class PolysemyForm(forms.Form):
    """Which corpus, by which encoder, and how much of it."""

    corpus = forms.ChoiceField(label=_("Corpus"))
    encoder = forms.CharField(
        label=_("Encoder"),
        max_length=300,
        help_text=_("Of images and texts: the one that the features of the corpus are of."),
    )
    image_encoder = forms.CharField(
        label=_("Encoder of images alone"),
        max_length=300,
        required=False,
        help_text=_(
            "By which images look alike, in the paper DINOv2; the corpus needs its features too. Empty: the one above."
        ),
    )
    queries = forms.IntegerField(
        label=_("Query images of the corpus"), min_value=2, max_value=5_000, initial=QUERIES
    )
    sampled_pairs = forms.IntegerField(
        label=_("Pairs of the corpus"), min_value=2, max_value=50_000, initial=SAMPLED_PAIRS
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["corpus"] = forms.ChoiceField(
            label=_("Corpus"), choices=[(name, name) for name in corpora()]
        )
        self.fields["encoder"].initial = settings.ENCODERS[-1]
