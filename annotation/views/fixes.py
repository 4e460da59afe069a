"""Find-and-fix over many captions: preparing, looking at each page, applying, confirming, undoing."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotation.access import caption_fix_of
from annotation.captions.editing import kind_names
from annotation.captions.fix_showing import counts_of, items_of, preview_of
from annotation.captions.fix_undoing import confirm_fix, undecided_texts, undo_fix
from annotation.captions.fixing import MOST_AT_ONCE, apply_fix, discard_fix, draft_fix, fixes_of, leave_out
from annotation.captions.history import Names
from annotation.captions.searching import CaptionFilter, captions_found
from annotation.forms.captions import CountForm, FixForm, read_filter
from annotation.models import CaptionFix, CaptionVersion, FixOutcome, FixState
from polyannot.kernel.errors import DomainError, Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role
from projects.outlook import outlook_of

FIXES = (Role.HEAD, Role.RESEARCHER)
FIXES_A_PAGE = 25


@require_safe
@project_view(*FIXES)
def fixes(request: HttpRequest, access: Access) -> HttpResponse:
    """List the fixes of the project, and one's own drafts."""
    page = Paginator(fixes_of(access), FIXES_A_PAGE).get_page(request.GET.get("page"))
    names = Names(access)
    rows = [(fix, names.of(fix.made_by), counts_of(fix)) for fix in page.object_list]
    return render(request, "annotation/captions/fixes.html", {"page": page, "rows": rows, "tab": "captions"})


@project_view(*FIXES)
def fix_new(request: HttpRequest, access: Access) -> HttpResponse:
    """Take what to find and what to put in its place, over the captions of a filter."""
    given = _scope(access, request.POST.get("scope", request.GET.urlencode()))
    form = FixForm(request.POST or None, access=access, initial={"scope": given.query, "pattern": given.q})
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        values["accepts"] = bool(values.get("accepts"))
        try:
            fix = draft_fix(access=access, **values)
            return redirect("caption-fix", access.project.slug, fix.public_id)
        except DomainError as error:
            form.add_error(None, str(error.message))
    context = {
        "form": form,
        "n_scope": captions_found(access, given).count(),
        "scope": given.query,
        "crumbs": _crumbs(access),
    }
    status = 422 if form.errors else 200
    return render(request, "annotation/captions/fix_new.html", context, status=status)


def _scope(access: Access, query: str) -> CaptionFilter:
    """Return the filter whose captions a fix is about. Raises Invalid: one that was passed over would take in all."""
    found, wrong = read_filter(access, query)
    if wrong:
        told = _("Nothing was changed. The address names captions by a filter that makes no sense: %(wrong)s")
        raise Invalid("caption_filter", told % {"wrong": " ".join(wrong)})
    return found


def _crumbs(access: Access) -> list[dict[str, str]]:
    slug = access.project.slug
    return [
        {"label": _("Captions"), "url": reverse("captions", args=[slug])},
        {"label": _("Find and fix"), "url": reverse("caption-fixes", args=[slug])},
    ]


@require_safe
@project_view(*FIXES)
def fix_detail(request: HttpRequest, access: Access, fix_id: UUID) -> HttpResponse:
    """Show a draft as a preview, and an applied fix with what became of each caption."""
    fix = caption_fix_of(access, fix_id)
    context = {
        "fix": fix,
        "kinds": kind_names(fix.kinds),
        "maker": Names(access).of(fix.made_by),
        "is_mine": fix.made_by_id == access.user.pk,
        "crumbs": _crumbs(access),
    }
    if fix.state in {FixState.DRAFT, FixState.DISCARDED}:
        context |= {"preview": preview_of(access, fix, request.GET.get("page", 1)), "at_once": MOST_AT_ONCE}
        return render(request, "annotation/captions/fix_preview.html", context)
    outcome = request.GET.get("outcome", "")
    counts = counts_of(fix)
    if outcome not in FixOutcome.values:
        outcome = next((value for value, _word, _n in counts if value != FixOutcome.LEFT_OUT), "")
    page, rows = items_of(fix, outcome, request.GET.get("page", 1))
    may_end = access.may_act_as(Role.HEAD) or fix.made_by_id == access.user.pk
    context |= {
        "counts": counts,
        "outcome": outcome,
        "page": page,
        "rows": rows,
        "job": outlook_of(fix.job) if fix.job else None,
        "n_waiting": undecided_texts(fix).count() if fix.state == FixState.APPLIED else 0,
        "may_undo": fix.state == FixState.APPLIED and may_end,
        "may_confirm": access.may_act_as(Role.HEAD) and fix.made_by_id != access.user.pk,
    }
    return render(request, "annotation/captions/fix_result.html", context)


@require_POST
@project_view(*FIXES)
def fix_tick(request: HttpRequest, access: Access, fix_id: UUID) -> HttpResponse:
    """Remember which captions of a page of the preview are ticked."""
    fix = caption_fix_of(access, fix_id)
    shown = _versions(access, request.POST.getlist("shown"))
    ticked = _versions(access, request.POST.getlist("ticked"))
    leave_out(fix=fix, actor=access.user, shown=shown, ticked=ticked)
    address = reverse("caption-fix", args=[access.project.slug, fix.public_id])
    number = request.POST.get("next", "")
    return redirect(f"{address}?page={number}" if number.isdigit() else address)


def _versions(access: Access, given: list[str]) -> set[int]:
    try:
        public_ids = {UUID(each) for each in given}
    except ValueError as error:
        raise Invalid("version_malformed", _("The page sent no caption; nothing was changed.")) from error
    found = CaptionVersion.objects.filter(project=access.project, public_id__in=public_ids)
    return set(found.values_list("pk", flat=True))


@require_POST
@project_view(*FIXES)
def fix_apply(request: HttpRequest, access: Access, fix_id: UUID) -> HttpResponse:
    """Change the ticked captions: the number that the button named."""
    fix = apply_fix(fix=caption_fix_of(access, fix_id), access=access, n_named=_named(request))
    if fix.job is None:
        messages.success(request, _("Applied. Below is what became of each caption."))
    else:
        messages.success(request, _("A worker changes the captions now; this page says when it is done."))
    return redirect("caption-fix", access.project.slug, fix.public_id)


@require_POST
@project_view(*FIXES)
def fix_discard(request: HttpRequest, access: Access, fix_id: UUID) -> HttpResponse:
    """Put a draft away."""
    discard_fix(fix=caption_fix_of(access, fix_id), actor=access.user)
    messages.success(request, _("Put away; no caption was changed."))
    return redirect("caption-fixes", access.project.slug)


@require_POST
@project_view(Role.HEAD)
def fix_confirm(request: HttpRequest, access: Access, fix_id: UUID) -> HttpResponse:
    """Accept or reject all new texts of a fix that nobody has decided on."""
    fix = caption_fix_of(access, fix_id)
    accept = request.POST.get("act") == "accept"
    n = confirm_fix(fix=fix, reviewer=access.user, n_named=_named(request), accept=accept)
    told = (
        ngettext("%(n)d new text is accepted.", "%(n)d new texts are accepted.", n)
        if accept
        else ngettext("%(n)d new text is rejected.", "%(n)d new texts are rejected.", n)
    )
    messages.success(request, told % {"n": n})
    return redirect("caption-fix", access.project.slug, fix.public_id)


@require_POST
@project_view(*FIXES)
def fix_undo(request: HttpRequest, access: Access, fix_id: UUID) -> HttpResponse:
    """Take back what nobody works with yet."""
    fix: CaptionFix = caption_fix_of(access, fix_id)
    undone = undo_fix(fix=fix, access=access)
    messages.success(
        request,
        _("%(n)d taken back, %(kept)d kept because somebody works with them.")
        % {"n": undone.n_undone, "kept": undone.n_kept},
    )
    return redirect("caption-fix", access.project.slug, fix.public_id)


def _named(request: HttpRequest) -> int:
    form = CountForm(request.POST)
    if not form.is_valid():
        raise Invalid("count_needed", _("The act names no number of captions; nothing was changed."))
    return int(form.cleaned_data["n_named"])
