"""The shape of what heads say about known answers and onboarding, and of a newcomer's answer."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import KnownUse, LabelSchema, OnboardingPlan
from annotation.rules.known_answers import LONGEST_EXPLANATION
from annotation.rules.onboarding import CHANGEABLE
from projects.models import Project

if TYPE_CHECKING:
    PlanModelForm = forms.ModelForm[OnboardingPlan]
else:
    PlanModelForm = forms.ModelForm

DRAWN_AT_ONCE = 200


class KnownAnswerForm(forms.Form):
    """What a known answer is for, and why its label is right."""

    use = forms.ChoiceField(label=_("Used for"), choices=KnownUse.choices)
    explanation = forms.CharField(
        label=_("Why this label is right"),
        required=False,
        max_length=LONGEST_EXPLANATION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown with the example, and after a training answer."),
    )
    tolerance = forms.IntegerField(
        label=_("Grades beside it that are right too"),
        min_value=0,
        max_value=5,
        initial=0,
        help_text=_("Counts on ordered labels only: 1 takes a neighbouring grade as right."),
    )


class NewKnownAnswerForm(KnownAnswerForm):
    """A pair chosen by hand, with its right label."""

    label = forms.ChoiceField(label=_("Right label"))
    field_order = ("label", "use", "explanation", "tolerance")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets = LabelSchema.objects.filter(project=project).offered().prefetch_related("labels")
        cast("forms.ChoiceField", self.fields["label"]).choices = [
            (schema.name, [(f"{schema.public_id}:{row.key}", row.name) for row in schema.labels.all()])
            for schema in sets
        ]


class DrawForm(forms.Form):
    """Known answers to draw from final labels."""

    schema = forms.ModelChoiceField(
        label=_("Labels"),
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        empty_label=None,
    )
    use = forms.ChoiceField(label=_("Used for"), choices=KnownUse.choices, initial=KnownUse.QUALIFICATION)
    n = forms.IntegerField(label=_("Pairs"), min_value=1, max_value=DRAWN_AT_ONCE, initial=20)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[LabelSchema]", self.fields["schema"])
        field.queryset = LabelSchema.objects.filter(project=project).offered().order_by("pk")


class PlanForm(PlanModelForm):
    """What a project asks of newcomers, and how much gold it mixes in."""

    class Meta:
        model = OnboardingPlan
        fields = list(CHANGEABLE)
        help_texts = {
            "is_asked": _(
                "Annotators read the guidelines, train with feedback and pass a qualification before they claim. "
                "Head annotators and calibration batches are free of it."
            ),
            "n_training": _("With feedback after each answer; 0 leaves training out."),
            "n_qualification": _("Without feedback; the score comes at the end."),
            "pass_percent": _("So many of the qualification answers must be right."),
            "most_attempts": _("After the last one a head annotator decides."),
            "gold_percent": _(
                "0 mixes nothing in. Annotators are told that there are such images, not which."
            ),
        }


class ConfirmReadingForm(forms.Form):
    """Somebody's word that they have read a version."""

    number = forms.IntegerField(widget=forms.HiddenInput)


class OnboardingAnswerForm(forms.Form):
    """A newcomer's label of a pair."""

    known = forms.UUIDField(widget=forms.HiddenInput)
    label = forms.CharField(max_length=40)
