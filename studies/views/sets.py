"""Which sets of pairs have a row in Table 1, and the researcher's own among them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from polyannot.kernel.errors import Invalid, Missing
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from studies.access import study_of
from studies.drafting.contents import draft_choice
from studies.drafting.declaring import add_sets, remove_set
from studies.drafting.set_forms import SetForm
from studies.drafting.tabling import rules_of, table_sets
from studies.views.frames import study_page


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.RESEARCHER)
def study_sets(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Show the rows of Table 1 and add one: declared in a draft, exploratory afterwards."""
    study = study_of(access, study_id)
    if study.is_graded:
        raise Missing("sets_missing", _("A study of paraphrases has no Table 1."))
    form = SetForm(request.POST or None, is_draft=study.is_draft)
    if request.method == "POST" and form.is_valid():
        try:
            why = form.cleaned_data.get("why", "")
            add_sets(study=study, asked=form.asked(), why=why, actor=access.user)
            if not study.is_draft:
                messages.success(request, _("Logged. Compute the figures again to see the new rows."))
            return redirect("study-sets", access.project.slug, study.public_id)
        except Invalid as refusal:
            form.add_error(None, str(refusal.message))
    choice = draft_choice(study) if study.is_draft else None
    told = {rule.name: rule.explain() for rule in rules_of(study)}
    rows = [(each, told.get(each.name, "")) for each in table_sets(study, choice)]
    return study_page(request, study, "sets", status=422 if form.errors else 200, form=form, rows=rows)


@require_POST
@project_view(Role.RESEARCHER)
def study_set_remove(request: HttpRequest, access: Access, study_id: UUID) -> HttpResponse:
    """Take a declared set out of a draft."""
    study = study_of(access, study_id)
    remove_set(study=study, name=request.POST.get("name", "")[:60], actor=access.user)
    return redirect("study-sets", access.project.slug, study.public_id)
