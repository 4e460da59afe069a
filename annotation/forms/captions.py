"""The shapes of what people type about captions: a filter, a name for it, a find-and-fix, a reason."""

from typing import Any, cast
from urllib.parse import parse_qsl

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.captions.fixing import LONGEST_PATTERN
from annotation.captions.reverting import LONGEST_REASON
from annotation.captions.saving_filters import LONGEST_NAME
from annotation.captions.searching import (
    ANY_REASON,
    IN_POOL,
    CaptionFilter,
    VersionShape,
    given_filter,
    licences_of,
    sources_of,
)
from annotation.models import DifficultyLevel, DropReason, EditKind, Label
from annotation.progress.verdicts import Verdict
from projects.access import Access
from projects.models import Role

ANY = ("", _("any"))
VERDICTS = (Verdict.GOOD, Verdict.BAD, Verdict.UNDECIDED, Verdict.INCOMPLETE, Verdict.NOT_JUDGED)


class CaptionFilterForm(forms.Form):
    """What to look for; everything may stay empty."""

    q = forms.CharField(label=_("Words in the text"), max_length=200, required=False)
    exact = forms.BooleanField(label=_("these characters exactly, anywhere"), required=False)
    source = forms.ChoiceField(label=_("Source"), required=False)
    licence = forms.ChoiceField(label=_("Licence"), required=False)
    shape = forms.ChoiceField(label=_("Text"), choices=[ANY, *VersionShape.choices], required=False)
    kind = forms.ChoiceField(label=_("Edit of kind"), choices=[ANY, *EditKind.choices], required=False)
    label = forms.ChoiceField(label=_("Somebody's label"), required=False)
    verdict = forms.ChoiceField(
        label=_("Verdict"), choices=[ANY, *((one.value, one.label) for one in VERDICTS)], required=False
    )
    drop = forms.ChoiceField(
        label=_("Circulation"),
        choices=[
            ANY,
            (IN_POOL, _("In the pool")),
            (ANY_REASON, _("Out, for any reason")),
            *(choice for choice in DropReason.choices if choice[0]),
        ],
        required=False,
    )
    level = forms.ChoiceField(label=_("Difficulty"), choices=[ANY, *DifficultyLevel.choices], required=False)
    image = forms.CharField(label=_("Key of the image"), max_length=200, required=False)

    def __init__(self, *args: Any, access: Access, **more: Any) -> None:
        super().__init__(*args, **more)
        self._choose("source", [(name, name) for name in sources_of(access.project)])
        self._choose("licence", [(name, name) for name in licences_of(access.project)])
        if access.may_act_as(Role.HEAD):
            labels = Label.objects.filter(schema__project=access.project).order_by("schema", "position")
            named = {label.key: label.name for label in labels}
            self._choose("label", list(named.items()))
        else:
            del self.fields["label"]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = [ANY, *choices]

    @property
    def wanted(self) -> CaptionFilter:
        """Return the filter; fields that make no sense ask nothing."""
        self.is_valid()
        return given_filter(self.cleaned_data)

    @property
    def is_wide(self) -> bool:
        """Say whether anything beside the text is asked for, so that the page shows it."""
        wanted = self.wanted
        return bool(CaptionFilter(q=wanted.q, exact=wanted.exact).query != wanted.query)


def read_filter(access: Access, query: str) -> tuple[CaptionFilter, list[str]]:
    """Return the filter of an address, and what of it makes no sense, by name; for acts on all that it finds."""
    given = dict(parse_qsl(query))
    form = CaptionFilterForm(given, access=access)
    wrong = [
        gettext("There is no filter named %(name)s.") % {"name": name} for name in given.keys() - form.fields
    ]
    wrong += [f"{name}: {error}" for name, errors in form.errors.items() for error in errors]
    return form.wanted, wrong


class SaveFilterForm(forms.Form):
    """A name for a filter."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    query = forms.CharField(widget=forms.HiddenInput, max_length=1000, required=False)
    is_shared = forms.BooleanField(label=_("for everybody who sees the captions"), required=False)


class FixForm(forms.Form):
    """A find-and-fix before its preview."""

    pattern = forms.CharField(label=_("Find"), max_length=LONGEST_PATTERN)
    replacement = forms.CharField(
        label=_("Put in its place"),
        max_length=LONGEST_PATTERN,
        required=False,
        help_text=_("Empty to take it out."),
    )
    is_whole_word = forms.BooleanField(label=_("Whole words only"), initial=True, required=False)
    is_case_sensitive = forms.BooleanField(
        label=_("Upper and lower case differ"), initial=True, required=False
    )
    kinds = forms.MultipleChoiceField(
        label=_("What it repairs"), choices=EditKind.choices, widget=forms.CheckboxSelectMultiple
    )
    accepts = forms.ChoiceField(
        label=_("The new texts are"),
        choices=[
            ("", _("proposed: they stand once somebody else accepts them")),
            ("1", _("accepted: they stand at once, and wait for a second person before a release")),
        ],
        widget=forms.RadioSelect,
        required=False,
        initial="",
    )
    scope = forms.CharField(widget=forms.HiddenInput, max_length=1000, required=False)

    def __init__(self, *args: Any, access: Access, **more: Any) -> None:
        super().__init__(*args, **more)
        if not access.may_act_as(Role.HEAD):
            del self.fields["accepts"]


class CountForm(forms.Form):
    """The count that a bulk act names."""

    n_named = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class RevertForm(forms.Form):
    """Which version's text is to stand again, and why."""

    version = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why"), max_length=LONGEST_REASON)
