"""Setting up webhooks: made with a secret that is shown once, changed, switched on and off, tried out."""

import ipaddress
from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from polyannot.kernel.addresses import may_be_visited, plain_address
from polyannot.kernel.errors import Conflict, Invalid, Missing
from polyannot.kernel.fetching import FetchRefused, checked_parts
from polyannot.kernel.sealing import seal, unseal
from polyannot.kernel.text import one_line
from projects.history import append_event
from projects.models import DeliveryState, HookKind, OffReason, Project, Webhook, WebhookDelivery
from projects.models.webhooks import TEST_KIND
from projects.signing import new_secret
from projects.telling import call, write

# Webhooks of a project that are on.
MOST_WEBHOOKS = 20


def make_webhook(
    *, project: Project, name: str, url: str, kinds: Collection[str], actor: User
) -> tuple[Webhook, str]:
    """Let an address be told of these kinds of events; return the webhook, switched on, with its secret.

    Raises Invalid for no name, no or unknown kinds, or an address that may not be visited; Conflict for more than
    MOST_WEBHOOKS that are on.
    """
    wanted = _checked(name, url, kinds)
    secret = new_secret()
    with transaction.atomic():
        _refuse_many(project)
        webhook = Webhook.objects.create(
            project=project,
            name=one_line(name),
            url=url,
            kinds=wanted,
            secret_sealed=seal(secret),
            made_by=actor,
        )
        append_event(actor=actor, act="webhook_made", row=webhook, fields=["url", "kinds"])
    return webhook, secret


def change_webhook(
    *, webhook: Webhook, name: str, url: str, kinds: Collection[str], actor: User
) -> list[str]:
    """Give a webhook another name, address or kinds of events; return which of them changed.

    What waits goes to the new address. Raises Invalid as `make_webhook` does.
    """
    wanted = {"name": one_line(name), "url": url, "kinds": _checked(name, url, kinds)}
    with transaction.atomic():
        row = _locked(webhook)
        changed = [field for field, value in wanted.items() if getattr(row, field) != value]
        if changed:
            Webhook.objects.filter(pk=row.pk).update(**wanted)
            append_event(actor=actor, act="webhook_changed", row=row, fields=changed)
    webhook.refresh_from_db()
    return changed


def _checked(name: str, url: str, kinds: Collection[str]) -> list[str]:
    """Return the kinds in their order; the name of a host is looked up only when something is sent."""
    if not one_line(name):
        raise Invalid("webhook_name_needed", _("Give the webhook a name, so that you know it again."))
    wanted = [kind for kind in HookKind.values if kind in kinds]
    if not wanted or set(wanted) != set(kinds):
        raise Invalid("webhook_kinds", _("Choose at least one of the events."))
    host = checked_parts(url).hostname or ""
    try:
        address = plain_address(host)
    except ValueError:
        return wanted
    allowed: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network] = settings.FETCH_ALLOWED_NETWORKS
    if not may_be_visited(address, list(allowed)):
        raise FetchRefused(
            "address_refused",
            _("The address leads into a private network; who runs this server can allow that network."),
        )
    return wanted


def _refuse_many(project: Project) -> None:
    # Locked, so that two who set up the last one at the same time do not both get it.
    Project.objects.select_for_update(no_key=True, of=("self",)).get(pk=project.pk)
    if project.webhooks.filter(off_reason="").count() >= MOST_WEBHOOKS:
        raise Conflict("webhooks_many", _("Many webhooks are on here already; switch some off first."))


def renew_secret(*, webhook: Webhook, actor: User) -> str:
    """Give a webhook a new secret and return it; whatever is sent from now on is signed with the new one alone."""
    secret = new_secret()
    with transaction.atomic():
        Webhook.objects.filter(pk=_locked(webhook).pk).update(secret_sealed=seal(secret))
        append_event(actor=actor, act="webhook_secret_renewed", row=webhook, fields=["secret_sealed"])
    return secret


def reseal_secrets() -> int:
    """Encrypt every secret with the first key of the settings, so that an older one can go; return how many.

    What no key opens is left as it is.
    """
    count = 0
    with transaction.atomic():
        for webhook in Webhook.objects.select_for_update(no_key=True, of=("self",)):
            if (secret := unseal(webhook.secret_sealed)) is not None:
                Webhook.objects.filter(pk=webhook.pk).update(secret_sealed=seal(secret))
                count += 1
    return count


def switch_on(*, webhook: Webhook, actor: User) -> None:
    """Tell the address again; what waited is sent, what happened meanwhile is not. Raises Conflict if it is on."""
    with transaction.atomic():
        _refuse_many(webhook.project)
        changed = Webhook.objects.filter(pk=webhook.pk).exclude(off_reason="")
        if not changed.update(off_reason=OffReason.NONE, off_at=None, on_since=timezone.now()):
            raise Conflict("webhook_is_on", _("The webhook was on already; nothing was changed."))
        append_event(actor=actor, act="webhook_switched_on", row=webhook, fields=["off_reason"])
        transaction.on_commit(lambda: call([webhook.pk]))


def switch_off(*, webhook: Webhook, actor: User) -> None:
    """Tell the address nothing more; what waits is kept. Raises Conflict if it is off."""
    with transaction.atomic():
        changed = Webhook.objects.filter(pk=webhook.pk, off_reason="")
        if not changed.update(off_reason=OffReason.PERSON, off_at=timezone.now()):
            raise Conflict("webhook_is_off", _("The webhook was off already; nothing was changed."))
        append_event(actor=actor, act="webhook_switched_off", row=webhook, fields=["off_reason"])


def delete_webhook(*, webhook: Webhook, actor: User) -> int:
    """Delete a webhook with its list of deliveries; return how many of them waited and are never sent.

    What is on its way this moment still arrives. That the webhook was there stays in the history. Raises Missing where
    it is gone already.
    """
    with transaction.atomic():
        # Whoever writes a delivery holds the row as it is: no delivery is left behind, and no act fails for this one.
        row = Webhook.objects.select_for_update(of=("self",)).filter(pk=webhook.pk).first()
        if row is None:
            raise _gone()
        waiting = row.deliveries.filter(state=DeliveryState.WAITING).count()
        append_event(actor=actor, act="webhook_deleted", row=row)
        row.delete()
    return waiting


def send_test(*, webhook: Webhook, actor: User) -> WebhookDelivery:
    """Send the address a message that tells of nothing. Raises Conflict while it is off."""
    with transaction.atomic():
        _refuse_off(webhook)
        path = f"/api/v1/projects/{webhook.project.slug}/webhooks/{webhook.public_id}/"
        write([webhook], TEST_KIND, webhook.project, {"path": path, "id": webhook.public_id})
        made = webhook.deliveries.latest("pk")
        append_event(actor=actor, act="webhook_tested", row=webhook)
    return made


def send_again(*, delivery: WebhookDelivery, actor: User) -> None:
    """Send a delivery again that was taken or given up, under the same id, with all its tries.

    Raises Conflict while it waits, or while the webhook is off.
    """
    webhook = delivery.webhook
    with transaction.atomic():
        _refuse_off(webhook)
        ended = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.WAITING)
        if not ended.update(state=DeliveryState.WAITING, ended_at=None, tries=0, due_at=timezone.now()):
            raise Conflict("delivery_waits", _("It waits to be sent already."))
        append_event(actor=actor, act="webhook_sent_again", row=delivery, project=webhook.project)
        transaction.on_commit(lambda: call([webhook.pk]))


def _locked(webhook: Webhook) -> Webhook:
    row = Webhook.objects.select_for_update(no_key=True, of=("self",)).filter(pk=webhook.pk).first()
    if row is None:
        raise _gone()
    return row


def _gone() -> Missing:
    return Missing("webhook_missing", _("This webhook was deleted in the meantime."))


def _refuse_off(webhook: Webhook) -> None:
    if not _locked(webhook).is_on:
        raise Conflict("webhook_is_off", _("The webhook is off; switch it on first."))
