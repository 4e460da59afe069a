"""What is asked of estimated labels: the scope, and how answers are read."""

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.agreement.ratings import Outcome
from annotation.forms.agreement import ScopeForm
from annotation.models import Batch, LabelSchema


class EstimateForm(ScopeForm):
    """The settings of a run."""

    schema = forms.ModelChoiceField(
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        required=False,
        widget=forms.HiddenInput,
    )
    batches = forms.ModelMultipleChoiceField(
        queryset=Batch.objects.none(),
        to_field_name="public_id",
        required=False,
        widget=forms.MultipleHiddenInput,
    )
    outcome = forms.ChoiceField(label=_("What counts as an answer"), choices=Outcome.choices)
    unsure = forms.ChoiceField(
        label=_("Unsure counts as"),
        choices=[("missing", _("no answer")), ("nominal", _("an answer like the others"))],
    )
