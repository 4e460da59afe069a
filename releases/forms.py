"""The form of a new release."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models.reviews import ReportKind
from releases.concerned import CAPTION, IMAGE
from releases.extras import Extras
from releases.freezing import next_numbers


class ReleaseForm(forms.Form):
    """Number, licence and notes of the release to freeze."""

    number = forms.ChoiceField(label=_("Number"), widget=forms.RadioSelect)
    licence = forms.CharField(
        label=_("Licence of captions and labels"),
        max_length=120,
        help_text=_("For example CC-BY-4.0. Images keep their own licences."),
    )
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 4}))

    with_shards = forms.BooleanField(
        label=_("Add webdataset shards"),
        required=False,
        help_text=_("The pictures whose licence lets them out are in the file twice then."),
    )
    with_free_text = forms.BooleanField(
        label=_("Add what people wrote while they worked"),
        required=False,
        help_text=_(
            "Notes, reasons for going back to an earlier text, comments of reviews and replies to them, questions with"
            " their answers, notes on final labels and precedents, word for word. They may name or describe somebody,"
            " and a way of writing may give its author away: have the consent of those who wrote them, and look through"
            " what the preflight then lists."
        ),
    )
    with_demographics = forms.BooleanField(
        label=_("Add what participants said of themselves"),
        required=False,
        help_text=_(
            "Language proficiency, country and age band, as counts for each study that asked; no count stands for fewer"
            " than five people or is joined to an answer. Somebody who knows who took part may still learn from them:"
            " the consent of the study must allow it."
        ),
    )

    KINDS = {
        "patch": _("%(number)s, a correction"),
        "minor": _("%(number)s, more or better captions"),
        "major": _("%(number)s, not comparable with earlier ones"),
    }

    def __init__(self, *args: Any, project: Any, kind: str = "minor", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["number"]
        assert isinstance(field, forms.ChoiceField)
        numbers = next_numbers(project)
        field.choices = [(number, self.KINDS[kind] % {"number": number}) for kind, number in numbers.items()]
        field.initial = numbers.get(kind, numbers["minor"])

    @property
    def extras(self) -> Extras:
        """Return which parts a valid form asks for beside what every release holds."""
        return Extras.of(self.cleaned_data)


class TakeDownForm(forms.Form):
    """What is taken down and why."""

    what = forms.ChoiceField(
        label=_("What"), choices=[(IMAGE, _("An image with all its captions")), (CAPTION, _("A caption"))]
    )
    key = forms.CharField(
        label=_("Key"), max_length=200, help_text=_("As it stands in the release: image_key or caption_key.")
    )
    kind = forms.ChoiceField(label=_("Ground"), choices=ReportKind.choices)
    why = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("In a sentence. It stays here and is in no release; name nobody."),
    )


class WithdrawForm(forms.Form):
    """Why a release is withdrawn."""

    why = forms.CharField(label=_("Why"), max_length=300)
