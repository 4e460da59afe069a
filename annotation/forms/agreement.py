"""What is asked of the agreement pages: scope, settings of a new report, and which captions to list."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.agreement.pairs import PairFilter
from annotation.agreement.ratings import Outcome
from annotation.agreement.reports import MOST_REPLICATES, REPLICATES, SEED
from annotation.agreement.scope import Scope, scope_of
from annotation.models import Batch, CellKind, LabelSchema
from polyannot.kernel.errors import Invalid
from projects.models import Project


class ScopeForm(forms.Form):
    """Which set of labels, and which of its batches; none means all of them."""

    schema = forms.ModelChoiceField(
        label=_("Labels"),
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=None,
    )
    batches = forms.ModelMultipleChoiceField(
        label=_("Batches"),
        queryset=Batch.objects.none(),
        to_field_name="public_id",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        self.project = project
        schema = cast("forms.ModelChoiceField[LabelSchema]", self.fields["schema"])
        schema.queryset = project.label_schemas.order_by("pk")
        batches = cast("forms.ModelMultipleChoiceField[Batch]", self.fields["batches"])
        batches.queryset = Batch.objects.filter(project=project).select_related("schema").order_by("pk")

    def clean(self) -> dict[str, Any]:
        """Find the scope; batches of other labels than the chosen ones are an error that names them."""
        found: dict[str, Any] = super().clean() or {}
        schema, batches = found.get("schema"), list(found.get("batches") or ())
        if schema is not None:
            batches = [batch for batch in batches if batch.schema_id == schema.pk]
        try:
            self.scope = scope_of(self.project, schema=schema, batches=batches)
        except Invalid as error:
            raise forms.ValidationError(str(error.message)) from error
        return found

    @property
    def chosen(self) -> Scope | None:
        """Return the scope; the project's first labels for an address that makes no sense."""
        if self.is_bound and self.is_valid():
            return self.scope
        return scope_of(self.project)


class ReportForm(ScopeForm):
    """The settings of a report."""

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


class PairsForm(forms.Form):
    """Which captions to list: judged by whom, with which answers."""

    report = forms.UUIDField(required=False, widget=forms.HiddenInput)
    first = forms.ChoiceField(label=_("Annotator"), required=False)
    second = forms.ChoiceField(label=_("and"), required=False)
    row = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    column = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    period = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    which = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            (CellKind.DIFFER, _("where they differ")),
            (CellKind.BOTH, _("all that both judged")),
            (CellKind.MAJORITY, _("where one differs from most others")),
        ],
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
            first=asked["first"] or asked["second"] or None,
            second=asked["second"] if asked["first"] != asked["second"] and asked["first"] else None,
            answers=answers,
            period=asked["period"],
            which=asked["which"] or CellKind.DIFFER,
        )
