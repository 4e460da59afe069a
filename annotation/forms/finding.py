"""What is looked for by meaning."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.machine.search.searching import LONGEST_WORDS, searchable_encoders
from annotation.models import Encoder
from projects.models import Project

IMAGES, CAPTIONS = "images", "captions"


class FindForm(forms.Form):
    """Some words, what to find, and in whose space."""

    q = forms.CharField(label=_("What it shows, in words"), max_length=LONGEST_WORDS, required=False)
    find = forms.ChoiceField(
        label=_("Find"), choices=[(IMAGES, _("Images")), (CAPTIONS, _("Captions"))], required=False
    )
    encoder = forms.ChoiceField(label=_("As seen by"), required=False)

    def __init__(self, *args: Any, project: Project, **more: Any) -> None:
        super().__init__(*args, **more)
        self.encoders = searchable_encoders(project)
        self.fields["encoder"].choices = [(encoder.pk, encoder.name) for encoder in self.encoders]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Encoder | None:
        """Return the encoder that was asked for, else the one that saw the project last; None without any."""
        asked = self.cleaned_data.get("encoder") if self.is_valid() else ""
        named = [encoder for encoder in self.encoders if str(encoder.pk) == asked]
        return next(iter(named or self.encoders), None)

    @property
    def finds_captions(self) -> bool:
        """Say whether captions are looked for, not images."""
        return self.is_valid() and self.cleaned_data.get("find") == CAPTIONS
