"""Webhooks of a project: set up with the secret shown once, watched, tried out, switched on and off."""

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
from django.views.decorators.http import require_http_methods, require_POST

from polyannot.kernel.errors import DomainError
from projects import webhooks as acts
from projects.access import Access, delivery_of, webhook_of
from projects.forms import WebhookForm
from projects.http import project_view
from projects.models import DeliveryState, HookKind, Role, Webhook

DELIVERIES_A_PAGE = 25


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.ADMIN)
def webhooks(request: HttpRequest, access: Access) -> HttpResponse:
    """List the webhooks of the project and make one; its secret is on this answer only."""
    form = WebhookForm(request.POST or None)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = acts.make_webhook(project=access.project, actor=access.user, **form.cleaned_data)
            context = {"made": made, "secret": secret}
            form = WebhookForm()
        except DomainError as error:
            form.add_error(None, str(error.message))
    found = list(Webhook.objects.filter(project=access.project))
    context |= {"form": form, "webhooks": [{"row": row, "kinds": _names(row)} for row in found]}
    return render(request, "projects/webhooks.html", context, status=422 if form.errors else 200)


def _names(webhook: Webhook) -> list[str]:
    """Return what the webhook is told of, in the order of the kinds."""
    return [kind for kind in HookKind.values if kind in webhook.kinds]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@project_view(Role.ADMIN)
def webhook(request: HttpRequest, access: Access, webhook_id: UUID) -> HttpResponse:
    """Show one webhook with what it was told, and change it."""
    row = webhook_of(access, webhook_id)
    form = WebhookForm(request.POST or None, initial={"name": row.name, "url": row.url, "kinds": row.kinds})
    if request.method == "POST" and form.is_valid():
        try:
            changed = acts.change_webhook(webhook=row, actor=access.user, **form.cleaned_data)
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect("webhook", access.project.slug, row.public_id)
        except DomainError as error:
            form.add_error(None, str(error.message))
    return _page(request, row, form)


def _page(request: HttpRequest, row: Webhook, form: WebhookForm, secret: str = "") -> HttpResponse:
    paginator = Paginator(row.deliveries.all(), DELIVERIES_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "crumbs": [{"label": _("Webhooks"), "url": reverse("webhooks", args=[row.project.slug])}],
        "webhook": row,
        "form": form,
        "secret": secret,
        "page": page,
        "n_waiting": row.deliveries.filter(state=DeliveryState.WAITING).count(),
        "page_range": paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
    }
    return render(request, "projects/webhook.html", context, status=422 if form.errors else 200)


@require_POST
@project_view(Role.ADMIN)
def webhook_on(request: HttpRequest, access: Access, webhook_id: UUID) -> HttpResponse:
    """Tell the address again."""
    row = webhook_of(access, webhook_id)
    acts.switch_on(webhook=row, actor=access.user)
    messages.success(request, _("On: what waited is sent now."))
    return redirect("webhook", access.project.slug, row.public_id)


@require_POST
@project_view(Role.ADMIN)
def webhook_off(request: HttpRequest, access: Access, webhook_id: UUID) -> HttpResponse:
    """Tell the address nothing more."""
    row = webhook_of(access, webhook_id)
    acts.switch_off(webhook=row, actor=access.user)
    messages.success(request, _("Off: nothing more is sent. What waits is kept."))
    return redirect("webhook", access.project.slug, row.public_id)


@require_POST
@project_view(Role.ADMIN)
def webhook_delete(request: HttpRequest, access: Access, webhook_id: UUID) -> HttpResponse:
    """Delete it with what waits."""
    row = webhook_of(access, webhook_id)
    waiting = acts.delete_webhook(webhook=row, actor=access.user)
    told = _("“%(name)s” is deleted; nothing waited to be sent.")
    if waiting:
        told = ngettext(
            "“%(name)s” is deleted; %(n)d message that waited is not sent.",
            "“%(name)s” is deleted; %(n)d messages that waited are not sent.",
            waiting,
        )
    messages.success(request, told % {"name": row.name, "n": waiting})
    return redirect("webhooks", access.project.slug)


@require_POST
@project_view(Role.ADMIN)
def webhook_test(request: HttpRequest, access: Access, webhook_id: UUID) -> HttpResponse:
    """Send the address a message that tells of nothing."""
    row = webhook_of(access, webhook_id)
    acts.send_test(webhook=row, actor=access.user)
    messages.success(request, _("A test is on its way; the answer shows below."))
    return redirect("webhook", access.project.slug, row.public_id)


@never_cache
@require_POST
@project_view(Role.ADMIN)
def webhook_secret(request: HttpRequest, access: Access, webhook_id: UUID) -> HttpResponse:
    """Give the webhook a new secret; it is on this answer only."""
    row = webhook_of(access, webhook_id)
    secret = acts.renew_secret(webhook=row, actor=access.user)
    form = WebhookForm(initial={"name": row.name, "url": row.url, "kinds": row.kinds})
    return _page(request, row, form, secret)


@require_POST
@project_view(Role.ADMIN)
def webhook_again(request: HttpRequest, access: Access, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Send a delivery again."""
    acts.send_again(delivery=delivery_of(access, webhook_id, delivery_id), actor=access.user)
    messages.success(request, _("It is sent again, under the same id."))
    return redirect("webhook", access.project.slug, webhook_id)
