"""The shapes of what people type about images, imports and batches; acts check the meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.validators import validate_slug
from django.utils.translation import gettext_lazy as _

from annotation.importing.requesting import GivenFile

# What one upload may weigh; more comes from a folder of the server.
LARGEST_UPLOAD = 4 * 1024**3


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, as a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the files as a list, empty where none was chosen."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(ManyFilesField, self).clean(file, initial) for file in given]


class ImportForm(forms.Form):
    """Files to import; at least one of the four."""

    images = ManyFilesField(
        label=_("Images"),
        required=False,
        help_text=_(
            "One zip or tar, or up to 100 JPEG, PNG, WebP or GIF files. Archives may be image folders of Hugging Face, "
            "webdataset shards, or hold COCO captions."
        ),
    )
    metadata = forms.FileField(
        label=_("Table of images"), required=False, help_text=_("Titles, authors, licences: CSV or TSV.")
    )
    captions = forms.FileField(
        label=_("Captions"),
        required=False,
        help_text=_(
            "The candidate pools: CSV or TSV, COCO captions (.json), or a metadata.jsonl of Hugging Face."
        ),
    )
    addresses = forms.FileField(
        label=_("List of addresses"),
        required=False,
        help_text=_(
            "Images to be fetched from the web by a worker: CSV, TSV or one address a line; photos.tsv of Unsplash; "
            "tasks of Label Studio."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Hold the limit on the upload's size."""
        cleaned = super().clean() or {}
        tables = [cleaned.get(name) for name in ("metadata", "captions", "addresses")]
        files = [*(cleaned.get("images") or []), *tables]
        if sum(file.size or 0 for file in files if file) > LARGEST_UPLOAD:
            raise forms.ValidationError(
                _("This is more than 4 GiB; send it in parts, or import a folder on the server.")
            )
        return cleaned

    def given_images(self) -> Sequence[GivenFile]:
        """Return the images as the act takes them."""
        return [given_file(file) for file in self.cleaned_data["images"]]

    def given_table(self, name: str) -> GivenFile | None:
        """Return a table as the act takes it."""
        file = self.cleaned_data[name]
        return given_file(file) if file else None


def given_file(file: "UploadedFile[Any]") -> GivenFile:
    """Return an upload as acts take it: large ones lie on disk already."""
    name = Path(file.name or "file").name
    if isinstance(file, TemporaryUploadedFile):
        return GivenFile(name, Path(file.temporary_file_path()))
    return GivenFile(name, file.read())


class RetireForm(forms.Form):
    """Why an image is taken out."""

    why = forms.CharField(label=_("Why"), max_length=300)


class NewProjectForm(forms.Form):
    """A new project and who administers it."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.CharField(
        label=_("Address"),
        max_length=60,
        validators=[validate_slug],
        help_text=_("Short, without spaces: it stands in web addresses and in releases, and stays."),
    )
    description = forms.CharField(
        label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    admin = forms.CharField(
        label=_("Project admin"),
        max_length=60,
        help_text=_("The sign-in name of somebody with an account."),
    )
