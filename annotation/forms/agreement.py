"""What is asked of the agreement pages: scope, settings of a new report, and which captions to list."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.agreement import MOST_REPLICATES, REPLICATES, SEED
from annotation.agreement_pairs import PairFilter
from annotation.agreement_ratings import Outcome
from annotation.models import Batch
from projects.models import Project


class ScopeForm(forms.Form):
    """Which batch; none means all of them."""

    batch = forms.ModelChoiceField(
        label=_("Judgments of"),
        queryset=Batch.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("all batches"),
    )

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        field = cast("forms.ModelChoiceField[Batch]", self.fields["batch"])
        field.queryset = Batch.objects.filter(project=project)

    @property
    def chosen_batch(self) -> Batch | None:
        """Return the batch; None for all, and for an address that names none of this project."""
        return self.cleaned_data.get("batch") if self.is_valid() else None


class ReportForm(ScopeForm):
    """The settings of a report."""

    outcome = forms.ChoiceField(label=_("What counts as an answer"), choices=Outcome.choices)
    unsure = forms.ChoiceField(
        label=_("Unsure counts as"),
        choices=[
            ("nominal", _("a category of its own, without order")),
            ("missing", _("no rating")),
            ("ordinal", _("between bad and good (labels alone)")),
            ("not_good", _("not good, like bad (labels alone)")),
        ],
        help_text=_("Declare one before looking; the page prints the others beside it."),
    )
    replicates = forms.IntegerField(
        label=_("Bootstrap replicates"), min_value=100, max_value=MOST_REPLICATES, initial=REPLICATES
    )
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=SEED)


class PairsForm(ScopeForm):
    """Which captions to list: judged by whom, with which answers."""

    first = forms.ChoiceField(label=_("Annotator"), required=False)
    second = forms.ChoiceField(label=_("and"), required=False)
    row = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    column = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    which = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("", _("where they differ")), ("all", _("all that both judged"))],
    )

    def __init__(self, *args: Any, people: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        for name in ("first", "second"):
            cast("forms.ChoiceField", self.fields[name]).choices = [("", _("anybody")), *people]

    def wanted(self) -> PairFilter:
        """Return the filter; an address that makes no sense lists where anybody differs."""
        if not self.is_valid():
            return PairFilter()
        asked = self.cleaned_data
        answers = (asked["row"], asked["column"]) if asked["row"] and asked["column"] else None
        return PairFilter(
            batch=asked["batch"],
            first=asked["first"] or None,
            second=asked["second"] or None,
            answers=answers,
            differ=asked["which"] != "all",
        )
