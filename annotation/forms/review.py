"""The shape of what head annotators send: a round to open, a return, an own fix, a final label."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import Batch, EditKind, Label
from annotation.models.reviews import ReviewDraw, ReviewFilter
from annotation.review.reviewing import LONGEST_COMMENT
from annotation.working.judging import GivenEdit
from projects.models import Project

DEFAULT_PER_CENT = 10


class OpenRoundForm(forms.Form):
    """What a new round looks at."""

    batch = forms.ModelChoiceField(
        label=_("Batch"), queryset=Batch.objects.none(), to_field_name="public_id", empty_label=None
    )
    which = forms.ChoiceField(
        label=_("Which judgments"),
        choices=[
            ("random", _("Random share")),
            *[(value, name) for value, name in ReviewFilter.choices if value],
        ],
    )
    per_cent = forms.FloatField(
        label=_("Random share in %"),
        min_value=0.1,
        max_value=100,
        initial=DEFAULT_PER_CENT,
        required=False,
    )

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        field = cast("forms.ModelChoiceField[Batch]", self.fields["batch"])
        field.queryset = Batch.objects.filter(project=project).order_by("-pk")

    def drawing(self) -> dict[str, Any]:
        """Return what `open_round` takes beside batch, head and seed."""
        asked = self.cleaned_data
        if asked["which"] != "random":
            return {"draw": ReviewDraw.FILTER, "chosen_filter": asked["which"]}
        return {"draw": ReviewDraw.RANDOM, "share": (asked["per_cent"] or DEFAULT_PER_CENT) / 100}


class ReturnForm(forms.Form):
    """A comment that goes back to the annotator."""

    comment = forms.CharField(
        label=_("What to look at again"), max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 2})
    )
    guideline_section = forms.ChoiceField(label=_("Guidelines"), required=False)

    def __init__(self, *args: Any, sections: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        cast("forms.ChoiceField", self.fields["guideline_section"]).choices = [
            ("", _("no section")),
            *[(section[:120], section) for section in sections],
        ]


class FixForm(forms.Form):
    """A head annotator's own label, with an own edit where the text was changed."""

    label = forms.ChoiceField(label=_("Final label of the caption as it is"), widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("Own edit"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Leave the text as it is for no edit. A second person accepts it."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What it repairs"),
        required=False,
        choices=EditKind.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    comment = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_COMMENT)

    def __init__(self, *args: Any, labels: Sequence[Label], base_text: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.base_text = base_text
        cast("forms.ChoiceField", self.fields["label"]).choices = [
            (label.key, label.name) for label in labels
        ]

    def deciding(self) -> dict[str, str]:
        """Return the label and the note."""
        return {"label": self.cleaned_data["label"], "comment": self.cleaned_data["comment"]}

    def edit(self) -> GivenEdit | None:
        """Return the edit, None where the text was left as it is."""
        text = self.cleaned_data["text"].strip()
        if not text or text == self.base_text:
            return None
        return GivenEdit(text=text, kinds=self.cleaned_data["kinds"])


class AdjudicateForm(forms.Form):
    """A final label."""

    label = forms.CharField(max_length=40)
    schema = forms.UUIDField(required=False)
    note = forms.CharField(required=False, max_length=LONGEST_COMMENT)
