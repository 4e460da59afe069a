"""Review pages: rounds, judgments under review image by image, open edits and reported pairs."""

import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.access import image_of, pair_report_of, review_item_of, review_round_of, version_of
from annotation.captions.editing import decide_edit
from annotation.forms.review import FixForm, OpenRoundForm, ReturnForm
from annotation.models import PairReport, Question, ReviewItem, ReviewRound
from annotation.models.reviews import ReportState, ReviewState
from annotation.review.adjudicating import decide_report, undecided_versions
from annotation.review.bulk_reviewing import accept_items, reopen_item, reopen_items
from annotation.review.review_showing import (
    ReviewedItem,
    ShownEdit,
    by_image,
    headings,
    images_of,
    items_of,
    rated_annotators,
    rounds_of,
)
from annotation.review.reviewing import (
    OPEN_STATES,
    accept_item,
    fix_item,
    n_drawn_by_filter_first,
    open_round,
    proposed_edits,
    return_item,
)
from polyannot.kernel.errors import Conflict, DomainError, Invalid
from projects.access import Access
from projects.http import project_view
from projects.models import Role

IMAGES_PER_PAGE = 10
EDITS_SHOWN = 6
SEED_LIMIT = 2**31
TABS: dict[str, tuple[str, ...]] = {
    "open": OPEN_STATES,
    "returned": (ReviewState.RETURNED,),
    "decided": (ReviewState.ACCEPTED, ReviewState.FIXED),
}


@require_GET
@never_cache
@project_view(Role.HEAD)
def review_home(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what waits for a head annotator: rounds, pairs to adjudicate, edits, reports."""
    return _home(request, access, OpenRoundForm(project=access.project))


def _home(request: HttpRequest, access: Access, form: OpenRoundForm, status: int = 200) -> HttpResponse:
    project = access.project
    edits = proposed_edits(project).exclude(author=access.user)
    reports = PairReport.objects.filter(project=project, state=ReportState.OPEN)
    context = {
        "form": form,
        "rounds": rounds_of(project),
        "rated": rated_annotators(project),
        "n_unrated": n_drawn_by_filter_first(project),
        "n_questions": Question.objects.filter(project=project).waiting().count(),
        "n_undecided": undecided_versions(project).count(),
        "edits": [ShownEdit(version) for version in edits[:EDITS_SHOWN]],
        "n_edits": edits.count(),
        "reports": reports.select_related("image", "caption", "reporter"),
    }
    return render(request, "annotation/review/home.html", context, status=status)


@require_POST
@project_view(Role.HEAD)
def review_open(request: HttpRequest, access: Access) -> HttpResponse:
    """Open a round and go to it; the seed of the draw is stored with it."""
    form = OpenRoundForm(request.POST, project=access.project)
    if not form.is_valid():
        return _home(request, access, form, 422)
    try:
        opened = open_round(
            batch=form.cleaned_data["batch"],
            head=access.user,
            seed=secrets.randbelow(SEED_LIMIT),
            **form.drawing(),
        )
    except DomainError as error:
        form.add_error(None, str(error.message))
        return _home(request, access, form, error.status)
    return redirect("review-round", access.project.slug, opened.public_id)


@require_GET
@never_cache
@project_view(Role.HEAD)
def review_round(request: HttpRequest, access: Access, round_id: UUID) -> HttpResponse:
    """Show the judgments of a round by image: those that wait, those returned, or those decided."""
    opened = review_round_of(access, round_id)
    tab = request.GET.get("show", "")
    tab = tab if tab in TABS else "open"
    paginator = Paginator(images_of(opened, TABS[tab]), IMAGES_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = items_of(opened, TABS[tab]).filter(judgment__image__in=list(page.object_list))
    context = {
        "groups": by_image(list(shown)),
        **_standing(access, opened),
        **_forms(opened),
        "tab": tab,
        "page": page,
        "page_range": paginator.get_elided_page_range(page.number),
    }
    return render(request, "annotation/review/round.html", context)


def _standing(access: Access, opened: ReviewRound) -> dict[str, Any]:
    return {"round": rounds_of(access.project).get(pk=opened.pk)}


def _forms(opened: ReviewRound) -> dict[str, Any]:
    """Return what the forms of every item need: headings to refer to and labels to choose from."""
    batch = opened.batch
    return {
        "sections": headings(batch.guideline),
        "labels": list(batch.schema.labels.all()),
        "edit_kinds": FixForm.base_fields["kinds"].choices,  # type: ignore[attr-defined]
        "allows_edits": batch.schema.allows_edits,
    }


def _decided(
    request: HttpRequest, access: Access, item: ReviewItem, act: Callable[[], ReviewItem], told: str
) -> HttpResponse:
    """Do the act; where somebody else was faster, show the item as it is now and say so."""
    try:
        item = act()
    except Conflict as refusal:
        if not request.headers.get("HX-Request"):
            raise
        said = str(refusal.message)
        return _answer(request, access, item, said, status=refusal.status, refusal=said)
    return _answer(request, access, item, told)


def _answer(
    request: HttpRequest, access: Access, item: ReviewItem, told: str, status: int = 200, **more: Any
) -> HttpResponse:
    """Answer with the item as it is now in place, or go back to its round without scripts."""
    opened = item.round
    if not request.headers.get("HX-Request"):
        messages.success(request, told)
        address = reverse("review-round", args=[access.project.slug, opened.public_id])
        return redirect(address)
    shown = ReviewedItem(items_of(opened, ReviewState.values).get(pk=item.pk))
    context = {"shown": shown, "told": told, **_standing(access, opened), **_forms(opened), **more}
    return render(request, "annotation/review/answer.html", context, status=status)


@require_POST
@project_view(Role.HEAD)
def review_accept(request: HttpRequest, access: Access, item_id: UUID) -> HttpResponse:
    """Accept one judgment, with its edit."""
    item = review_item_of(access, item_id)
    return _decided(request, access, item, lambda: accept_item(item=item, head=access.user), _("Accepted."))


@require_POST
@project_view(Role.HEAD)
def review_return(request: HttpRequest, access: Access, item_id: UUID) -> HttpResponse:
    """Send one judgment back with a comment."""
    item = review_item_of(access, item_id)
    form = ReturnForm(request.POST, sections=headings(item.round.batch.guideline))
    if not form.is_valid():
        return _refused(request, access, item, {"return_form": form})
    return _decided(
        request,
        access,
        item,
        lambda: return_item(item=item, head=access.user, **form.cleaned_data),
        _("Returned to the annotator."),
    )


@require_POST
@project_view(Role.HEAD)
def review_fix(request: HttpRequest, access: Access, item_id: UUID) -> HttpResponse:
    """Decide with an own label and perhaps an own edit."""
    item = review_item_of(access, item_id)
    labels = list(item.round.batch.schema.labels.all())
    form = FixForm(request.POST, labels=labels, base_text=item.judgment.version.text)
    if not form.is_valid():
        return _refused(request, access, item, {"fix_form": form})
    try:
        return _decided(
            request,
            access,
            item,
            lambda: fix_item(item=item, head=access.user, edit=form.edit(), **form.deciding()),
            _("Decided with your own label."),
        )
    except Invalid as error:
        form.add_error(None, str(error.message))
        return _refused(request, access, item, {"fix_form": form})


def _refused(request: HttpRequest, access: Access, item: ReviewItem, forms: dict[str, Any]) -> HttpResponse:
    """Show the item again with what is wrong and what was written, alone on its page without scripts."""
    if request.headers.get("HX-Request"):
        return _answer(request, access, item, "", status=422, **forms)
    shown = by_image(list(items_of(item.round, ReviewState.values).filter(pk=item.pk)))
    context = {
        "groups": shown,
        **_standing(access, item.round),
        **_forms(item.round),
        **forms,
        "tab": "open",
        "page": Paginator(shown, 1).get_page(1),
    }
    return render(request, "annotation/review/round.html", context, status=422)


@require_POST
@project_view(Role.HEAD)
def review_reopen(request: HttpRequest, access: Access, item_id: UUID) -> HttpResponse:
    """Take one's own acceptance back."""
    item = review_item_of(access, item_id)
    return _decided(
        request,
        access,
        item,
        lambda: reopen_item(item=item, head=access.user),
        _("Taken back; it waits for review again."),
    )


@require_POST
@project_view(Role.HEAD)
def review_image(request: HttpRequest, access: Access, round_id: UUID, image_id: UUID) -> HttpResponse:
    """Accept all open judgments of one image in a round, or take one's own acceptances there back."""
    opened = review_round_of(access, round_id)
    items = list(
        opened.items.filter(judgment__image=image_of(access, image_id)).select_related("judgment__version")
    )
    if request.POST.get("act") == "reopen":
        own = [item for item in items if item.reviewer_id == access.user.pk]
        outcome = reopen_items(items=own, head=access.user)
        told = ngettext("%(n)d acceptance taken back.", "%(n)d acceptances taken back.", len(outcome.done))
    else:
        outcome = accept_items(items=items, head=access.user)
        told = ngettext("%(n)d judgment accepted.", "%(n)d judgments accepted.", len(outcome.done))
    told %= {"n": len(outcome.done)}
    if not request.headers.get("HX-Request"):
        messages.success(request, told)
        for left in outcome.left_out:
            messages.warning(request, f"{left.item.judgment.version.text}: {left.why}")
        return redirect("review-round", access.project.slug, opened.public_id)
    context: dict[str, Any]
    group = by_image(list(items_of(opened, ReviewState.values).filter(pk__in=[item.pk for item in items])))[0]
    context = {"group": group, "told": told, "left_out": outcome.left_out}
    if request.POST.get("act") != "reopen":
        context["undo"] = [shown.item for shown in group.items if shown.is_accepted_by(access.user)]
    return render(
        request,
        "annotation/review/image_answer.html",
        {**context, **_standing(access, opened), **_forms(opened)},
    )


@require_POST
@project_view(Role.HEAD)
def review_edit(request: HttpRequest, access: Access, version_id: UUID) -> HttpResponse:
    """Accept or reject an edit."""
    accept = request.POST.get("act") == "accept"
    decide_edit(version=version_of(access, version_id), reviewer=access.user, accept=accept)
    messages.success(
        request, _("Edit accepted.") if accept else _("Edit rejected; the caption stays as it was.")
    )
    return redirect("review-home", access.project.slug)


@require_POST
@project_view(Role.HEAD)
def pair_report_decide(request: HttpRequest, access: Access, report_id: UUID) -> HttpResponse:
    """Take a reported caption down, or put it back into the pool."""
    take_down = request.POST.get("act") == "take-down"
    decide_report(report=pair_report_of(access, report_id), head=access.user, take_down=take_down)
    messages.success(request, _("Taken down.") if take_down else _("Back in the pool."))
    return redirect("review-home", access.project.slug)
