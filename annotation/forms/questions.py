"""The shape of the talk about a pair: a question, an answer, a precedent; acts check the meaning."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import EditKind
from annotation.review.asking import LONGEST_ANSWER, LONGEST_QUESTION
from annotation.review.ruling import LONGEST_RULING, LONGEST_TITLE, Ruling


class AskForm(forms.Form):
    """A question about one caption of the image in hand."""

    assignment = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("What do you want to know?"),
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write what you want to know.")},
    )


class AnswerForm(forms.Form):
    """What a head annotator says to a question."""

    answer = forms.CharField(
        label=_("Answer"),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write an answer.")},
    )


class PrecedentForm(forms.Form):
    """A ruling for similar pairs."""

    title = forms.CharField(
        label=_("Title"),
        max_length=LONGEST_TITLE,
        help_text=_("What annotators look for: “Reflections count as seen”."),
    )
    ruling = forms.CharField(
        label=_("Ruling"),
        max_length=LONGEST_RULING,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Speak of the rule, not of the label of this pair: others may still judge it without knowing you did."
        ),
    )
    guideline_section = forms.ChoiceField(label=_("Guidelines"), required=False)
    kinds = forms.MultipleChoiceField(
        label=_("Shown beside edits that repair"),
        required=False,
        choices=EditKind.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, sections: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        cast("forms.ChoiceField", self.fields["guideline_section"]).choices = [
            ("", _("no section")),
            *[(section[:120], section) for section in sections],
        ]

    def given(self) -> Ruling:
        """Return the ruling as the act takes it."""
        asked = self.cleaned_data
        return Ruling(
            title=asked["title"],
            ruling=asked["ruling"],
            guideline_section=asked["guideline_section"],
            kinds=asked["kinds"],
        )
