"""The shape of what annotators send by forms; the acts check what it means."""

import time
import uuid
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models import EditKind, Guideline, Label
from annotation.models.reviews import ReportKind
from annotation.models.work import JudgmentMode, SkipReason
from annotation.working.assigning import GIVEN_REASONS
from annotation.working.judging import GivenEdit, GivenJudgment


def next_sequence(last: int) -> int:
    """Return a sequence number after `last` for an act that a form sends; by the clock, as browsers do."""
    return max(last + 1, time.time_ns() // 1_000_000)


class JudgeForm(forms.Form):
    """One judgment by a button, for browsers without scripts."""

    assignment = forms.UUIDField()
    version = forms.UUIDField()
    label = forms.CharField(max_length=40)

    def given(self, last_sequence: int) -> GivenJudgment:
        """Return the judgment, made now."""
        return GivenJudgment(
            public_id=uuid.uuid4(),
            version_public_id=self.cleaned_data["version"],
            label=self.cleaned_data["label"],
            sequence=next_sequence(last_sequence),
            made_at=timezone.now(),
            mode=JudgmentMode.POINTER,
        )


class FinishForm(forms.Form):
    """Handing an image in; a script that can lay a desk by itself says so."""

    assignment = forms.UUIDField()
    lays_desks = forms.BooleanField(required=False)


class SkipForm(forms.Form):
    """Passing over an image, with why."""

    assignment = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[choice for choice in SkipReason.choices if choice[0] in GIVEN_REASONS],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("A note for the head annotator"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReportForm(forms.Form):
    """Reporting a pair, with why."""

    assignment = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("Why?"), choices=ReportKind.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("What a head annotator should know"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReviseForm(forms.Form):
    """The answer to a returned judgment: a label, perhaps a repaired text, and a word back."""

    sent_id = forms.UUIDField(widget=forms.HiddenInput)
    label = forms.ChoiceField(label=_("Your judgment now"), widget=forms.RadioSelect)
    edited_text = forms.CharField(
        label=_("Repaired caption"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only with good, and only where the caption needs a repair."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What the repair changes"),
        required=False,
        choices=EditKind.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    reply = forms.CharField(
        label=_("Reply to the head annotator"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, labels: list[Label], base_text: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.base_text = base_text
        cast("forms.ChoiceField", self.fields["label"]).choices = [
            (label.key, label.name) for label in labels
        ]

    def given(self, *, version_public_id: uuid.UUID, last_sequence: int) -> GivenJudgment:
        """Return the new judgment; a repaired text that is the same as before is no edit."""
        text = self.cleaned_data["edited_text"].strip()
        is_edit = bool(text) and text != self.base_text
        return GivenJudgment(
            public_id=self.cleaned_data["sent_id"],
            version_public_id=version_public_id,
            label=self.cleaned_data["label"],
            sequence=next_sequence(last_sequence),
            made_at=timezone.now(),
            mode=JudgmentMode.POINTER,
            note="",
            edit=GivenEdit(text=text, kinds=self.cleaned_data["kinds"]) if is_edit else None,
        )


if TYPE_CHECKING:
    GuidelineModelForm = forms.ModelForm[Guideline]
else:
    GuidelineModelForm = forms.ModelForm


class GuidelineForm(GuidelineModelForm):
    """The next version of the guidelines."""

    based_on = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Guideline
        fields = ["text", "change_note", "is_major"]
        widgets = {"text": forms.Textarea(attrs={"rows": 20, "spellcheck": "true"})}
        help_texts = {
            "text": _("In Markdown. HTML is shown as text, so <person> can be written as it is."),
            "change_note": _("One sentence that annotators read on their page."),
            "is_major": _(
                "Annotators read it and say so before they claim in batches that follow it; where newcomers are "
                "trained and tested, everybody qualifies again."
            ),
        }
