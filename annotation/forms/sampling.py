"""What is asked of a choice of images; the act checks whether it makes sense together."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotation.machine.sampling.choosing import CHOSEN_FOR_A_RESERVE, CHOSEN_IMAGES, MOST_IMAGES
from annotation.models import DistanceSpace, SamplingMethod


class SamplingForm(forms.Form):
    """How many images are chosen, and how."""

    wanted = forms.IntegerField(
        label=_("Images to choose"), min_value=2, max_value=MOST_IMAGES, initial=CHOSEN_IMAGES
    )
    reserve = forms.IntegerField(
        label=_("Images in reserve"),
        min_value=0,
        max_value=MOST_IMAGES,
        required=False,
        help_text=_("They follow in the same order. Empty: one for every %(n)d chosen.")
        % {"n": CHOSEN_FOR_A_RESERVE},
    )
    method = forms.ChoiceField(label=_("Method"), choices=SamplingMethod.choices)
    space = forms.ChoiceField(
        label=_("Distances"),
        choices=[
            (DistanceSpace.PLANE.value, DistanceSpace.PLANE.label),
            (DistanceSpace.FEATURES.value, DistanceSpace.FEATURES.label),
        ],
    )
    encoder = forms.CharField(
        label=_("Encoder"),
        max_length=300,
        help_text=_("Of images, such as image:lite2 or timm:ARCHITECTURE.TAG; in the paper DINOv2."),
        required=False,
    )
    seed = forms.IntegerField(
        label=_("Seed"), help_text=_("The same seed chooses the same images."), required=False
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["encoder"].initial = settings.ENCODERS[-1]

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what was asked for, without the seed."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "seed" and value not in (None, "")
        }
