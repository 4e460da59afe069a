"""The shapes of what head annotators type to open a batch of each purpose; acts check the meaning."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from annotation.models import Batch, LabelSchema
from annotation.models.work import BatchPurpose, BatchTakers, ReannotationBasis
from annotation.working.furthering import unfinished
from annotation.working.opening import calibration_images, free_images
from annotation.working.reannotating import MOST_KEYS, Selection
from projects.models import Project

MOST_ANNOTATORS = 50
# A production batch of captions that come next in pools that have been begun.
FURTHER = "further"
CALIBRATION_IMAGES = 30


class NewBatchForm(forms.Form):
    """What every batch has: a name, and labels where the project has several sets of them."""

    purpose: str

    name = forms.CharField(label=_("Name"), max_length=120)
    schema = forms.ModelChoiceField(
        label=_("Labels"),
        queryset=LabelSchema.objects.none(),
        to_field_name="public_id",
        empty_label=None,
        required=False,
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        offered = project.label_schemas.offered().order_by("pk")
        self.first_schema = offered.first()
        if offered.count() > 1:
            cast("forms.ModelChoiceField[LabelSchema]", self.fields["schema"]).queryset = offered
        else:
            del self.fields["schema"]

    def columns(self) -> dict[str, Any]:
        """Return what the act that opens the batch takes, beside project, actor and seed."""
        return {"name": self.cleaned_data["name"], "schema": self.cleaned_data.get("schema")}


class ProductionForm(NewBatchForm):
    """Images that are in no batch yet, each for so many annotators."""

    purpose = BatchPurpose.PRODUCTION

    n_images = forms.IntegerField(label=_("Images"), min_value=1)
    overlap = forms.IntegerField(
        label=_("Annotators per image"),
        min_value=1,
        max_value=MOST_ANNOTATORS,
        initial=2,
        help_text=_("Two or more, so that agreement can be measured."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        n_free = free_images(self.project, self.first_schema).count()
        self.fields["n_images"].initial = n_free or None
        self.fields["n_images"].help_text = (
            ngettext(
                "%(n)d active image is in no batch with these labels yet.",
                "%(n)d active images are in no batch with these labels yet; the first ones are taken.",
                n_free,
            )
            % {"n": n_free}
            if n_free
            else _(
                "Every active image is in a batch with these labels: import more, or ask for further captions."
            )
        )

    def columns(self) -> dict[str, Any]:
        """Return what `open_batch` takes."""
        schema = self.cleaned_data.get("schema") or self.first_schema
        images = free_images(self.project, schema)[: self.cleaned_data["n_images"]]
        return {**super().columns(), "images": list(images), "overlap": self.cleaned_data["overlap"]}


class FurtherForm(NewBatchForm):
    """The next captions of images that have too few good ones."""

    purpose = FURTHER

    n_images = forms.IntegerField(label=_("Images"), min_value=1)
    overlap = forms.IntegerField(
        label=_("Annotators per image"), min_value=1, max_value=MOST_ANNOTATORS, initial=2
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        n_waiting = unfinished(self.project).count()
        self.fields["n_images"].initial = n_waiting or None
        self.fields["n_images"].help_text = _(
            "%(n)d images have been through their annotators, have too few good captions, and may be shown more."
        ) % {"n": n_waiting}

    def columns(self) -> dict[str, Any]:
        """Return what `open_further` takes."""
        asked = self.cleaned_data
        schema = asked.get("schema") or self.first_schema
        return {
            **super().columns(),
            "schema": schema,
            "n_images": asked["n_images"],
            "overlap": asked["overlap"],
        }


class CalibrationForm(NewBatchForm):
    """A random set of images that every annotator gets."""

    purpose = BatchPurpose.CALIBRATION

    n_images = forms.IntegerField(label=_("Images"), min_value=1)
    is_fresh = forms.BooleanField(
        label=_("Only images that nobody has judged yet"),
        required=False,
        initial=True,
        help_text=_("Whether feedback helped can only be seen on images that are new to everybody."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        n = calibration_images(self.project, is_fresh=True).count()
        self.fields["n_images"].initial = min(n, CALIBRATION_IMAGES) or None
        self.fields["n_images"].help_text = _(
            "Drawn at random; %(n)d active images have not been judged by anybody."
        ) % {"n": n}

    def columns(self) -> dict[str, Any]:
        """Return what `open_calibration` takes."""
        asked = self.cleaned_data
        return {**super().columns(), "n_images": asked["n_images"], "is_fresh": asked["is_fresh"]}


class ReannotationForm(NewBatchForm):
    """Captions that are judged once more, under the guidelines in force."""

    purpose = BatchPurpose.REANNOTATION

    basis = forms.ChoiceField(
        label=_("Which judgments"),
        choices=[choice for choice in ReannotationBasis.choices if choice[0]],
        widget=forms.RadioSelect,
        initial=ReannotationBasis.OLD_GUIDELINE,
    )
    keys = forms.CharField(
        label=_("Keys of captions"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line; only for captions that you name."),
    )
    batch = forms.ModelChoiceField(
        label=_("Of batch"),
        queryset=Batch.objects.none(),
        to_field_name="public_id",
        empty_label=_("All batches"),
        required=False,
    )
    taken_by = forms.ChoiceField(
        label=_("Who judges them again"),
        choices=[choice for choice in BatchTakers.choices if choice[0] != BatchTakers.ANYONE],
        widget=forms.RadioSelect,
        initial=BatchTakers.SAME,
    )
    overlap = forms.IntegerField(
        label=_("Annotators per caption"),
        min_value=1,
        max_value=MOST_ANNOTATORS,
        initial=1,
        required=False,
        help_text=_("Only where others judge."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Batch]", self.fields["batch"])
        field.queryset = Batch.objects.filter(project=self.project).order_by("-pk")

    def clean(self) -> dict[str, Any]:
        """Ask for keys where captions are named by them."""
        cleaned = super().clean() or {}
        keys = [line.strip() for line in cleaned.get("keys", "").splitlines() if line.strip()]
        if cleaned.get("basis") == ReannotationBasis.CHOSEN and not keys:
            self.add_error("keys", _("Write the key of each caption on a line of its own."))
        if len(keys) > MOST_KEYS:
            self.add_error("keys", _("At most %(n)d keys at once.") % {"n": MOST_KEYS})
        return {**cleaned, "keys": keys}

    def columns(self) -> dict[str, Any]:
        """Return what `open_reannotation` takes."""
        asked = self.cleaned_data
        return {
            **super().columns(),
            "selection": Selection(asked["basis"], asked.get("batch"), asked["keys"]),
            "taken_by": asked["taken_by"],
            "overlap": asked.get("overlap") or 1,
        }


FORMS: dict[str, type[NewBatchForm]] = {
    form.purpose: form for form in (ProductionForm, FurtherForm, CalibrationForm, ReannotationForm)
}


class HandoverForm(forms.Form):
    """Who takes over what waits for one person alone."""

    successor = forms.ModelChoiceField(
        label=_("Who takes over"),
        queryset=User.objects.none(),
        to_field_name="public_id",
        empty_label=_("Nobody in particular"),
        required=False,
        help_text=_("Gets the captions kept for this person, and the answers to their questions."),
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[User]", self.fields["successor"]).queryset = people
