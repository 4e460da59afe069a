"""A caption's own page: its versions, what was said about each, its history, and going back to one of them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import caption_of, version_of
from annotation.captions.editing import decide_edit
from annotation.captions.history import happenings_of
from annotation.captions.reverting import revert_to_version
from annotation.captions.showing import version_tree
from annotation.forms.captions import RevertForm
from annotation.views.captions import SEES_CAPTIONS
from polyannot.kernel.errors import Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role


@require_safe
@project_view(*SEES_CAPTIONS)
def caption(request: HttpRequest, access: Access, caption_id: UUID) -> HttpResponse:
    """Show a caption beside its image, with its versions and their history."""
    row = caption_of(access, caption_id)
    versions = version_tree(access, row)
    context = {
        "caption": row,
        "versions": versions,
        "standing": next((shown for shown in versions if shown.is_standing), None),
        "history": happenings_of(access, row),
        "may_decide": access.may_act_as(Role.HEAD),
        "form": RevertForm(),
        "crumbs": [
            {"label": _("Captions"), "url": reverse("captions", args=[access.project.slug])},
            {
                "label": str(row.image),
                "url": reverse("image-detail", args=[access.project.slug, row.image.public_id]),
            },
        ],
    }
    return render(request, "annotation/captions/caption.html", context)


@require_POST
@project_view(Role.HEAD)
def caption_revert(request: HttpRequest, access: Access, caption_id: UUID) -> HttpResponse:
    """Make the text of a named version stand again."""
    row = caption_of(access, caption_id)
    form = RevertForm(request.POST)
    if not form.is_valid():
        raise Invalid("revert_reason_needed", _("Say in a sentence why the caption goes back to this text."))
    version = version_of(access, form.cleaned_data["version"])
    if version.caption_id != row.pk:
        raise Invalid(
            "version_of_another", _("This version belongs to another caption; nothing was changed.")
        )
    revert_to_version(version=version, actor=access.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("This text stands again. Before a release, a second person confirms it."))
    return redirect("caption", access.project.slug, row.public_id)


@require_POST
@project_view(Role.HEAD)
def caption_decide(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Accept or reject one version of a caption."""
    version = version_of(access, version_id)
    accept = request.POST.get("act") == "accept"
    decide_edit(version=version, reviewer=access.user, accept=accept)
    messages.success(request, _("The text is accepted.") if accept else _("The text is rejected."))
    return redirect("caption", access.project.slug, version.caption.public_id)
