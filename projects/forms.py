"""The shapes of what people type about projects and people; acts check the meaning."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.changing import CHANGEABLE
from projects.models import HookKind, Project, Role, Scope
from projects.tokens import MOST_DAYS

if TYPE_CHECKING:
    ProjectModelForm = forms.ModelForm[Project]
else:
    ProjectModelForm = forms.ModelForm


class SettingsForm(ProjectModelForm):
    """What a project admin may change."""

    class Meta:
        model = Project
        fields = list(CHANGEABLE)
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "judged_target": _("An image is done once this many of its captions are judged, good or not."),
            "good_target": _("An image is done, too, once it has this many. The paper needs five."),
            "shown_at_once": _(
                "Empty: all of them. Fewer: images that have too few good captions get a further batch with the next"
                " ones of their pools, so that nobody judges more than it takes."
            ),
        }


class LetInForm(forms.Form):
    """Somebody with an account, and the role they get."""

    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(choices=Role.choices)


class AccountForm(forms.Form):
    """A new account."""

    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("Letters, digits and . _ - @ +"),
    )
    display_name = forms.CharField(
        label=_("Name shown to others"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("A name of their choice; it need not be the full one."),
    )
    is_site_admin = forms.BooleanField(
        label=_("May administer the whole site"),
        required=False,
        help_text=_("Makes projects and accounts; reads no answers."),
    )


class SiteTokenForm(forms.Form):
    """A new token of a site admin: without a project there is one scope."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, so that you know which one to revoke.")
    )
    days = forms.IntegerField(
        label=_("Days until it ends"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=90,
        help_text=_("At most a year."),
    )

    def clean(self) -> dict[str, Any]:
        """Add the one scope that there is without a project."""
        cleaned = super().clean() or {}
        return {"scopes": [Scope.PROJECTS], **cleaned}


class TokenForm(SiteTokenForm):
    """A new token for a project."""

    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=[choice for choice in Scope.choices if choice[0] != Scope.PROJECTS],
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.READ],
    )


class WebhookForm(forms.Form):
    """An address that is told what happens."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What listens there, so that you know it again.")
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Of your own server, https if you can: https://example.org/polyannot"),
    )
    kinds = forms.MultipleChoiceField(
        label=_("It is told when"),
        choices=HookKind.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[HookKind.JOB_DONE],
    )
