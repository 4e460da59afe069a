"""What is asked of a cleaning of captions."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from annotation.captions.cleaning import LANGUAGES, LEAST_JACCARD, NO_SOURCE, STEP_NAMES, caption_sources
from annotation.models.cleaning import STEPS
from projects.models import Project


class CleaningForm(forms.Form):
    """Which sources, which steps, and from which similarity on two captions say the same."""

    sources = forms.MultipleChoiceField(
        label=_("Sources that are cleaned"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "The paper cleans titles of web pages alone; these are ticked. Captions of the other sources keep their"
            " texts, and go only where another caption of the image says the same."
        ),
    )
    steps = forms.MultipleChoiceField(
        label=_("Steps"),
        choices=[(step.value, step.label) for step in STEPS],
        initial=STEP_NAMES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    languages = forms.CharField(
        label=_("Languages that stay"),
        initial=", ".join(LANGUAGES),
        max_length=100,
        help_text=_(
            "Codes such as en, de. Only where the tagger's own language (en for HanTa) is the one that stays, captions"
            " are dropped for their parts of speech."
        ),
    )
    least_jaccard = forms.FloatField(
        label=_("Two captions say the same from"),
        initial=LEAST_JACCARD,
        min_value=0.01,
        max_value=1,
        help_text=_("The share of their word triples that they have in common; the longer one stays."),
    )

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        there = caption_sources(project)
        sources = cast("forms.MultipleChoiceField", self.fields["sources"])
        sources.choices = [
            (source.name, f"{source.name} ({ngettext('%d caption', '%d captions', source.n) % source.n})")
            for source in there
        ]
        sources.initial = [source.name for source in there if source.is_web]

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the job."""
        given = self.cleaned_data
        return {
            "sources": given["sources"] or [NO_SOURCE],
            "without": [step for step in STEP_NAMES if step not in given["steps"]],
            "languages": given["languages"],
            "least_jaccard": given["least_jaccard"],
        }
