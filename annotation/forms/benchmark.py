"""What is looked for among the single pairs of a benchmark."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.machine.evaluation.browsing import FIRST_K, Comparison, Outcome
from annotation.models import DifficultyLevel, Direction, Encoder, EvaluationRun


class PairsForm(forms.Form):
    """Two encoders, when one is right, and which pairs."""

    first = forms.ChoiceField(label=_("First encoder"), required=False)
    second = forms.ChoiceField(label=_("Second encoder"), required=False)
    direction = forms.ChoiceField(
        label=_("Direction"),
        choices=[(way.value, way.label) for way in reversed(Direction)],
        required=False,
    )
    k = forms.TypedChoiceField(
        label=_("Right among the first"), choices=[(k, k) for k in FIRST_K], coerce=int, required=False
    )
    level = forms.ChoiceField(
        label=_("Level"), choices=[("", _("All levels")), *DifficultyLevel.choices], required=False
    )
    outcome = forms.ChoiceField(label=_("Who is right"), choices=Outcome.choices, required=False)
    q = forms.CharField(label=_("Words in the caption"), max_length=200, required=False)

    def __init__(self, *args: Any, run: EvaluationRun, encoders: Sequence[Encoder], **more: Any) -> None:
        super().__init__(*args, **more)
        self.run = run
        self.encoders = {str(encoder.pk): encoder for encoder in encoders}
        choices = [(key, encoder.name) for key, encoder in self.encoders.items()]
        for place, name in enumerate(("first", "second")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
            field.initial = choices[min(place, len(choices) - 1)][0]
        self.fields["outcome"].initial = Outcome.ONLY_FIRST if len(choices) > 1 else Outcome.ANY

    @property
    def comparison(self) -> Comparison:
        """Return what is compared; what the address does not say, or says wrongly, is as the form begins."""
        given = self.cleaned_data if self.is_valid() else {}
        told = {name: given.get(name) or field.initial for name, field in self.fields.items()}
        outcome = given["outcome"] if "outcome" in self.data and given else told["outcome"]
        return Comparison(
            run=self.run,
            first=self.encoders[told["first"]],
            second=self.encoders[told["second"]],
            direction=Direction(told["direction"] or Direction.TEXT_TO_IMAGE),
            k=told["k"] or FIRST_K[0],
            level=told["level"] or "",
            outcome=outcome or "",
            words=told["q"] or "",
        )
