"""What is asked of a model job; the act checks whether it makes sense together."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotation.machine.embeddings import EMBED_CAPTIONS, EMBED_IMAGES
from annotation.machine.ml_requests import EPOCHS
from annotation.models.evaluations import EvaluatedCaptions
from annotation.models.machine import ChoiceMethod

ENCODERS_HINT = _(
    "Names separated by commas: shipped:lite2, ViT-B-32/openai, local-dir:FOLDER or ARCHITECTURE@FILE."
)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


class SimilaritiesForm(forms.Form):
    """Which encoders."""

    encoders = forms.CharField(label=_("Encoders"), help_text=ENCODERS_HINT, max_length=2000, required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["encoders"].initial = ", ".join(settings.ENCODERS)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what was asked for."""
        return _given(self.cleaned_data)


class EmbeddingForm(SimilaritiesForm):
    """What is embedded, by which encoders."""

    field_order = ("kind", "encoders")

    kind = forms.ChoiceField(
        label=_("What"), choices=[(EMBED_IMAGES, _("Images")), (EMBED_CAPTIONS, _("Captions"))]
    )
    encoders = forms.CharField(
        label=_("Encoders"),
        help_text=_(
            "Names separated by commas. Images also by an encoder of images alone, such as image:lite2 or"
            " timm:ARCHITECTURE.TAG; captions also by sentence:minilm-l6."
        ),
        max_length=2000,
        required=False,
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        # It stands on one page with another form that asks for encoders.
        super().__init__(*args, **{"auto_id": "embed_%s", **more})


class DifficultyForm(SimilaritiesForm):
    """Who votes on which captions, and from how many votes on a pair is easy or hard."""

    captions = forms.ChoiceField(
        label=_("Captions"),
        choices=[("good", _("Good ones")), ("all", _("All, of a reference set that nobody judges here"))],
        required=False,
    )

    tie_breaker = forms.CharField(
        label=_("Tie-breaker"),
        help_text=_("One more encoder that is asked where the others disagree; empty for none."),
        max_length=300,
        required=False,
    )
    tie_breaker_always = forms.BooleanField(label=_("The tie-breaker votes on every pair"), required=False)
    preset = forms.ChoiceField(
        label=_("Cut points"),
        help_text=_("The presets are for six encoders and a tie-breaker."),
        choices=[
            ("", _("As given below")),
            ("imp7", _("imp7: easy from 6 of 7, hard up to 1")),
            ("unanimous7", _("unanimous7: easy at 7 of 7, hard at 0; everybody votes")),
        ],
        required=False,
    )
    easy_min_votes = forms.IntegerField(
        label=_("Easy from this many yes votes"),
        help_text=_("Empty: all of them, from five encoders on all but one."),
        min_value=1,
        max_value=30,
        required=False,
    )
    hard_max_votes = forms.IntegerField(
        label=_("Hard up to this many yes votes"),
        help_text=_("Empty: none, from five encoders on one."),
        min_value=0,
        max_value=30,
        required=False,
    )


class EvaluationForm(SimilaritiesForm):
    """Which encoders are benchmarked on which captions."""

    captions = forms.ChoiceField(label=_("Captions"), choices=EvaluatedCaptions.choices)
    expansions = forms.IntegerField(
        label=_("Paraphrases that expand a query"),
        help_text=_("Query expansion needs as many paraphrases of a caption; empty: 3."),
        min_value=1,
        max_value=20,
        required=False,
    )


class DiversityForm(forms.Form):
    """How the diverse captions are chosen."""

    method = forms.ChoiceField(label=_("Method"), choices=ChoiceMethod.choices)
    wanted = forms.IntegerField(label=_("Captions per image"), min_value=2, max_value=50, initial=5)
    seed = forms.IntegerField(
        label=_("Seed"), help_text=_("The same seed chooses the same captions."), required=False
    )

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what was asked for, without the seed."""
        return _given({name: value for name, value in self.cleaned_data.items() if name != "seed"})


class AlignmentForm(forms.Form):
    """Which shipped model is trained further, in which variant."""

    base = forms.ChoiceField(label=_("Model to start from"))
    layers = forms.TypedChoiceField(
        label=_("Layers appended over the frozen text tower"),
        help_text=_(
            "0 trains the heads alone, in seconds; each layer more takes longer and wants more captions."
        ),
        choices=[(n, str(n)) for n in (0, 2, 4, 6)],
        coerce=int,
        initial=0,
    )
    text_tower = forms.ChoiceField(
        label=_("Text tower"),
        choices=[("frozen", _("Frozen")), ("finetuned", _("Finetuned (without layers)"))],
    )
    losses = forms.ChoiceField(
        label=_("Losses"),
        choices=[
            ("paraphrases", _("Image, caption and paraphrases")),
            ("pairs", _("Image and caption alone")),
        ],
    )
    epochs = forms.IntegerField(label=_("Epochs"), min_value=1, max_value=100, initial=EPOCHS)
    seed = forms.IntegerField(label=_("Seed"), help_text=_("Empty: the project's own."), required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        shipped = [name for name in settings.ENCODERS if name.startswith("shipped:")]
        base = self.fields["base"]
        assert isinstance(base, forms.ChoiceField)
        base.choices = [(name, name) for name in shipped or ["shipped:lite2"]]
        base.initial = base.choices[-1][0]

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what was asked for, without the seed."""
        return _given({name: value for name, value in self.cleaned_data.items() if name != "seed"})
