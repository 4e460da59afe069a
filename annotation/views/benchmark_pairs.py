"""The single pairs of a benchmark: which encoder is right about which, and what each finds first."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotation.forms.benchmark import PairsForm
from annotation.machine.evaluation import nearest as evaluation_nearest
from annotation.machine.evaluation.browsing import (
    COLUMNS,
    browsed_pairs,
    browsed_rows,
    encoders_of,
    outcomes_by_level,
)
from annotation.machine.evaluation.showing import run_of
from annotation.models import EvaluationRun
from polyannot.kernel.errors import Missing
from polyannot.kernel.tables import csv_answer
from projects.access import Access
from projects.http import project_view
from projects.models import Role


def _crumbs(access: Access, run: EvaluationRun) -> list[dict[str, str]]:
    address = reverse("difficulty-benchmark", args=[access.project.slug])
    return [{"label": _("Benchmark"), "url": f"{address}?run={run.public_id}"}]


def _form(request: HttpRequest, run: EvaluationRun) -> PairsForm | None:
    """Return the form as the address fills it, nothing where no single pairs were kept."""
    encoders = encoders_of(run)
    if not encoders:
        return None
    begun = PairsForm(run=run, encoders=encoders)
    first = {name: str(field.initial or "") for name, field in begun.fields.items()}
    asked = request.GET.dict()
    filled = QueryDict(mutable=True)
    filled.update(first | {name: asked[name] for name in first if name in asked})
    return PairsForm(filled, run=run, encoders=encoders)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def benchmark_pairs(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponse:
    """Show which of two encoders is right about which pairs."""
    run = run_of(access.project, evaluation_id)
    form = _form(request, run)
    context: dict[str, Any] = {"run": run, "form": form, "crumbs": _crumbs(access, run)}
    if form is not None:
        wanted = form.comparison
        page, pairs = browsed_pairs(wanted, request.GET.get("page", 1))
        context |= {
            "wanted": wanted,
            "levels": outcomes_by_level(wanted),
            "page": page,
            "pairs": pairs,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "is_same": wanted.first == wanted.second,
        }
    return render(request, "annotation/machine/benchmark_pairs.html", context)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def benchmark_pairs_csv(request: HttpRequest, access: Access, evaluation_id: UUID) -> HttpResponseBase:
    """Send the pairs that the address asks for as CSV."""
    run = run_of(access.project, evaluation_id)
    if (form := _form(request, run)) is None:
        raise Missing("evaluation_scores_missing", _("This benchmark kept nothing of single pairs."))
    return csv_answer(f"benchmark-pairs-{run.public_id}.csv", COLUMNS, browsed_rows(form.comparison))


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def benchmark_caption(
    request: HttpRequest, access: Access, evaluation_id: UUID, version_id: UUID
) -> HttpResponse:
    """Show the images that each encoder finds first for a caption."""
    run = run_of(access.project, evaluation_id)
    pair = evaluation_nearest.pair_of(run, version_id)
    most = _most(request)
    context = {
        "run": run,
        "pair": pair,
        "most": most,
        "by_encoder": evaluation_nearest.nearest_images(run, encoders_of(run), pair, most=most),
        "crumbs": _crumbs(access, run),
    }
    return render(request, "annotation/machine/benchmark_caption.html", context)


@require_safe
@project_view(Role.HEAD, Role.RESEARCHER)
def benchmark_image(
    request: HttpRequest, access: Access, evaluation_id: UUID, image_id: UUID
) -> HttpResponse:
    """Show the captions that each encoder finds first for an image."""
    run = run_of(access.project, evaluation_id)
    image = evaluation_nearest.image_in(run, image_id)
    most = _most(request)
    context = {
        "run": run,
        "image": image,
        "most": most,
        "by_encoder": evaluation_nearest.nearest_captions(run, encoders_of(run), image, most=most),
        "crumbs": _crumbs(access, run),
    }
    return render(request, "annotation/machine/benchmark_image.html", context)


def _most(request: HttpRequest) -> int:
    try:
        return max(1, min(int(request.GET.get("most", "")), evaluation_nearest.MOST))
    except ValueError:
        return evaluation_nearest.FIRST
