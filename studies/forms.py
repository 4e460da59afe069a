"""The shape of what people send: the study builder, and the participant's two forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from studies.building import DRAFT_FIELDS
from studies.candidates import encoders_of
from studies.models import AnswerValue, Study, StudyText, TextKind

# A page that lies open for weeks sends no more than this.
MOST_MS = 2**31 - 1


class AnswerForm(forms.Form):
    """One answer: which card, good or bad, and how long the page was in front, where a script measured it."""

    card = forms.UUIDField()
    answer = forms.ChoiceField(choices=AnswerValue.choices)
    focused_ms = forms.CharField(required=False)

    def clean_focused_ms(self) -> int | None:
        """Return the time, None where it was not measured or is no number: an answer is never lost for it."""
        text = self.cleaned_data["focused_ms"].strip()
        return min(int(text), MOST_MS) if text.isascii() and text.isdigit() and len(text) < 12 else None


class ConsentForm(forms.Form):
    """Yes or no to one version of the consent text."""

    version = forms.ModelChoiceField(queryset=StudyText.objects.none(), to_field_name="number")
    agrees = forms.TypedChoiceField(
        choices=[("yes", _("I agree and take part")), ("no", _("I do not take part"))],
        coerce=lambda value: value == "yes",
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.fields["version"]
        assert isinstance(version, forms.ModelChoiceField)
        version.queryset = StudyText.objects.filter(study=study, kind=TextKind.CONSENT)


class NewStudyForm(forms.Form):
    """The title of a new study."""

    title = forms.CharField(label=_("Title"), max_length=160, help_text=_("Participants see it."))


class StudyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Everything of a draft that is chosen or filled in; the texts have a page of their own."""

    class Meta:
        model = Study
        fields = DRAFT_FIELDS
        widgets = {
            name: forms.Textarea(attrs={"rows": 3}) for name in ("purpose", "stored_until", "partial_answers")
        }
        help_texts = {
            "hard_pairs": _("Those with the lowest similarity come first."),
            "distractors_in_study": _("Captions that people found wrong for that very image."),
            "controls_in_study": _("Easy pairs that all of their annotators judged good."),
            "seed": _("Decides every random choice; the same seed gives the same study."),
            "lapse_minutes": _("Whoever comes back later still goes on."),
            "stored_until": _("For example: answers without names, on our servers, for ten years."),
            "withdrawal_until": _("For example: until the results are published."),
            "pay": _("As participants read it; write “none” where there is none."),
            "pay_each": _("A number, in your own currency; only for the estimate beside this form."),
            "platform_fee": _("0.33 for a third."),
            "id_parameter": _(
                "For Prolific: PROLIFIC_PID. Who comes without it is a test run. Empty for an open link."
            ),
            "return_url": _(
                "For Prolific: https://app.prolific.com/submissions/complete?cc={code}. {code} and {pid} are filled in."
            ),
            "min_share_answered": _("Between 0 and 1."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        encoder = self.fields["encoder"]
        assert isinstance(encoder, forms.ModelChoiceField)
        encoder.queryset = encoders_of(self.instance.project)
        encoder.label = _("model whose similarity ranks the pairs")


class TextForm(forms.Form):
    """One text in Markdown."""

    markdown = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 24}))
