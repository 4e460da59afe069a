"""The shape of what people send: the study builder, and the participant's two forms."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from studies.drafting.building import DRAFT_FIELDS, LONGEST_LAPSE, MOST_PARTICIPANTS
from studies.drafting.candidates import encoders_of
from studies.drafting.graded_fields import (
    FIT_ONLY,
    GRADED_HINTS,
    GRADED_LABELS,
    GRADED_ONLY,
    GRADED_PARTS,
)
from studies.drafting.wording import CONSENT_FIELDS
from studies.models import Study, StudyKind, StudyText, TextKind
from studies.taking.answering import answers_of
from studies.taking.platforms import is_address

# A page that lies open for weeks sends no more than this.
MOST_MS = 2**31 - 1
# Seconds for one pair, and a platform's fee as a share of the pay, that somebody may mean.
LONGEST_MEDIAN = 3600
HIGHEST_FEE = 10
MOST = {
    "target_participants": MOST_PARTICIPANTS,
    "lapse_minutes": LONGEST_LAPSE,
    "min_seconds_median": LONGEST_MEDIAN,
    "platform_fee": HIGHEST_FEE,
}


class AnswerForm(forms.Form):
    """One answer: which card, what was said, and how long the page was in front, where a script measured it."""

    card = forms.UUIDField()
    answer = forms.ChoiceField()
    focused_ms = forms.CharField(required=False)

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answer = self.fields["answer"]
        assert isinstance(answer, forms.ChoiceField)
        answer.choices = [(value, value) for value in answers_of(study)]

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
    """What a new study asks, and its title."""

    kind = forms.ChoiceField(
        label=_("What people from outside are asked"),
        choices=StudyKind.choices,
        initial=StudyKind.FIT,
        widget=forms.RadioSelect,
    )
    title = forms.CharField(label=_("Title"), max_length=160, help_text=_("Participants see it."))


# The builder's groups: name, legend, hint, fields.
PARTS: tuple[tuple[str, Any, Any, tuple[str, ...]], ...] = (
    (
        "pairs",
        _("Pairs"),
        _("The pairs with the lowest similarity of each difficulty, as the latest vote has it."),
        ("title", "encoder", "hard_pairs", "medium_pairs", "easy_pairs", "seed"),
    ),
    (
        "participants",
        _("Participants and cards"),
        _("Distractors and positive controls are mixed in at random; a distractor never comes first."),
        (
            "design",
            "target_participants",
            "pairs_per_participant",
            "distractors_in_study",
            "distractors_per_participant",
            "controls_in_study",
            "controls_per_participant",
            "repeats_per_participant",
        ),
    ),
    (
        "exclusion",
        _("Exclusion, declared before launch"),
        _("Rules leave people out of the analysis, never out of pay. An empty field is no rule."),
        (
            "max_distractors_good",
            "max_controls_bad",
            "min_seconds_median",
            "min_share_answered",
            "primary_leaves_out_excluded",
            "replaces_excluded",
            "replaces_withdrawn",
            "replaces_lapsed",
            "lapse_minutes",
        ),
    ),
    (
        "consent",
        _("Consent"),
        _(
            "What an ethics board asks for. All of it is needed before launch and appears in the consent text."
        ),
        CONSENT_FIELDS,
    ),
    (
        "questions",
        _("Questions at the end"),
        _(
            "Voluntary; the consent names them. Shown as counts over everybody, rare answers together, "
            "and joined to no answer."
        ),
        ("asks_language", "asks_country", "asks_age"),
    ),
    (
        "recruiting",
        _("Recruiting and pay"),
        _("Rules never decide about pay: whoever went through to the end is paid, whatever they answered."),
        (
            "pay_each",
            "platform_fee",
            "recruiting",
            "completion_code",
            "declined_code",
            "screened_out_code",
            "attention_code",
            "return_url",
            "id_parameter",
            "study_parameter",
            "session_parameter",
        ),
    ),
)
# Fields that hold a number.
SHORT = (
    "paraphrase_pairs",
    "graders_per_pair",
    "hard_pairs",
    "medium_pairs",
    "easy_pairs",
    "seed",
    "target_participants",
    "pairs_per_participant",
    "distractors_in_study",
    "distractors_per_participant",
    "controls_in_study",
    "controls_per_participant",
    "repeats_per_participant",
    "max_distractors_good",
    "max_controls_bad",
    "min_seconds_median",
    "min_share_answered",
    "lapse_minutes",
    "minimum_age",
    "pay_each",
    "platform_fee",
)


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
            "backups_kept": _("For example: 30 days. Ask whoever runs this installation."),
            "pay": _("As participants read it; write “none” where there is none."),
            "pay_each": _("A number, in your own currency; only for the estimate beside this form."),
            "platform_fee": _("0.33 for a third."),
            "recruiting": _(
                "Who comes without the platform’s id is a preview: a test run that counts nowhere."
            ),
            "completion_code": _("Shown at the end, and passed on by the link back to the platform."),
            "screened_out_code": _("For whoever the platform sends while the study takes nobody new."),
            "attention_code": _(
                "Empty: everybody gets the first code. If you set one, pay for it like for the first."
            ),
            "return_url": _(
                "Empty for Prolific, whose own is known. {code} and {pid} are filled in where they stand."
            ),
            "id_parameter": _("For another platform, for example participant_label or workerId."),
            "min_share_answered": _("Between 0 and 1."),
        }

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The fields in the groups in which the builder shows them."""
        return [
            {"name": name, "legend": legend, "hint": hint, "fields": [self[field] for field in fields]}
            for name, legend, hint, fields in self._parts()
        ]

    def _parts(self) -> list[tuple[str, Any, Any, tuple[str, ...]]]:
        if not self.instance.is_graded:
            return list(PARTS)
        return [
            (name, legend, *GRADED_PARTS.get(name, (hint, fields))) for name, legend, hint, fields in PARTS
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SHORT:
            self.fields[name].widget.attrs["class"] = "input--short"
        for name, most in MOST.items():
            self.fields[name].validators.append(MaxValueValidator(most))
        for name in FIT_ONLY if self.instance.is_graded else GRADED_ONLY:
            del self.fields[name]
        if self.instance.is_graded:
            self._speak_of_grades()
            return
        encoder = self.fields["encoder"]
        assert isinstance(encoder, forms.ModelChoiceField)
        encoder.queryset = encoders_of(self.instance.project)
        encoder.label = _("Model whose similarity ranks the pairs")

    def _speak_of_grades(self) -> None:
        for name, label in GRADED_LABELS.items():
            self.fields[name].label = label
        for name, hint in GRADED_HINTS.items():
            self.fields[name].help_text = hint

    def clean_return_url(self) -> str:
        """Return the address; refuses what a page must not lead to."""
        address = str(self.cleaned_data["return_url"]).strip()
        if address and not is_address(address):
            raise forms.ValidationError(_("An address begins with https://."))
        return address


class TextForm(forms.Form):
    """One text in Markdown."""

    markdown = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 24}))
