"""The study builder: the list, a new study, its design with the planning panel, its texts."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from polyannot.kernel.errors import Invalid, Missing
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from studies.access import studies_of, study_of
from studies.drafting.approving import needs_approval
from studies.drafting.building import create_study, revise_study, write_text
from studies.drafting.sheets import sheet_of
from studies.drafting.wording import current_text, shown
from studies.forms import NewStudyForm, StudyForm, TextForm
from studies.models import Study, TextKind
from studies.views.frames import study_page


@require_safe
@project_view(Role.RESEARCHER)
def studies(request: HttpRequest, access: Access) -> HttpResponse:
    """List the project's studies."""
    context = {
        "studies": studies_of(access),
        "needs_approval": needs_approval(access.project),
        "may_set_policy": access.may_act_as(Role.ADMIN),
    }
    return render(request, "studies/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.RESEARCHER)
def study_new(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the kind and a title and create a draft that fits the project."""
    form = NewStudyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        study = create_study(project=access.project, actor=access.user, **form.cleaned_data)
        return redirect("study-edit", access.project.slug, study.public_id)
    context = {"form": form, "crumbs": [{"label": _("Studies"), "url": "../"}]}
    return render(request, "studies/new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.RESEARCHER)
def study_edit(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show and change a draft's design and consent; a launched study is shown in its monitor."""
    study = study_of(access, study_id)
    if not study.is_draft:
        return redirect("study", access.project.slug, study.public_id)
    form = StudyForm(request.POST or None, instance=study_of(access, study_id))
    if request.method == "POST" and form.is_valid():
        revise_study(study=study, actor=access.user, values=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("study-edit", access.project.slug, study.public_id)
    context = {"form": form, "sheet": sheet_of(study)}
    return study_page(request, study, "edit", status=422 if form.errors else 200, **context)


@require_POST
@project_view(Role.RESEARCHER)
def study_plan(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show the planning panel for values that are not saved yet."""
    form = StudyForm(request.POST, instance=study_of(access, study_id))
    is_sound = form.is_valid()
    sheet = sheet_of(form.instance if is_sound else study_of(access, study_id))
    return render(
        request, "studies/plan-panel.html", {"sheet": sheet, "study": form.instance, "is_stale": not is_sound}
    )


@require_safe
@project_view(Role.RESEARCHER)
def study_texts(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show the texts as participants read them."""
    study = study_of(access, study_id)
    return study_page(request, study, "texts", texts=[_as_read(study, kind) for kind in TextKind])


def _as_read(study: Study, kind: TextKind) -> dict[str, object]:
    text = current_text(study, kind)
    return {
        "kind": kind.value,
        "label": kind.label,
        "text": text,
        "html": shown(text.markdown if text else "", study, heading_shift=2),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.RESEARCHER)
def study_text(request: HttpRequest, access: Access, study_id: UUID, kind: str) -> HttpResponse:
    """Write one text, with a preview as participants will read it."""
    study = study_of(access, study_id)
    if kind not in TextKind.values:
        raise Missing("text_kind_missing", _("There is no text of this kind."))
    text = current_text(study, kind)
    form = TextForm(request.POST or None, initial={"markdown": text.markdown if text else ""})
    is_preview = request.POST.get("act") == "preview"
    if request.method == "POST" and not is_preview and form.is_valid():
        try:
            write_text(study=study, kind=kind, markdown=form.cleaned_data["markdown"], actor=access.user)
            messages.success(request, _("Saved."))
            return redirect("study-texts", access.project.slug, study.public_id)
        except Invalid as refusal:
            form.add_error("markdown", str(refusal.message))
    typed = request.POST.get("markdown", text.markdown if text else "")
    context = {"form": form, "kind": TextKind(kind), "preview": shown(typed, study, heading_shift=2)}
    return study_page(request, study, "text", status=422 if form.errors else 200, **context)
