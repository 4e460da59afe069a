"""Webhooks: addresses of one's own that are told, instead of asking again and again."""

from collections.abc import Iterator, Sequence

from polyannot_client.place import Place
from polyannot_client.rows import Delivery, Webhook, reader

as_webhook = reader(Webhook)
as_delivery = reader(Delivery)


class Webhooks(Place):
    """The webhooks of a project, for tokens of admins."""

    def webhooks(self) -> Iterator[Webhook]:
        """Yield the webhooks, newest first, without their secrets."""
        return self.pages("webhooks/", as_webhook)

    def make_webhook(self, name: str, url: str, kinds: Sequence[str]) -> Webhook:
        """Let an address be told of these kinds of events, such as `job.done`; keep the `secret` of the answer."""
        return as_webhook(self.post("webhooks/", {"name": name, "url": url, "kinds": list(kinds)}))

    def switch_webhook(self, webhook: Webhook, *, on: bool) -> Webhook:
        """Switch it on or off; what waits is kept meanwhile."""
        return as_webhook(self.post(f"webhooks/{webhook.id}/{'on' if on else 'off'}/"))

    def renew_webhook_secret(self, webhook: Webhook) -> Webhook:
        """Give it a new secret at once; keep the `secret` of the answer."""
        return as_webhook(self.post(f"webhooks/{webhook.id}/secret/"))

    def test_webhook(self, webhook: Webhook) -> Delivery:
        """Send it a message that tells of nothing."""
        return as_delivery(self.post(f"webhooks/{webhook.id}/test/"))

    def delete_webhook(self, webhook: Webhook) -> int:
        """Delete it; return how many messages waited and are never sent."""
        return int(self.post(f"webhooks/{webhook.id}/delete/")["n_waiting"])

    def deliveries(self, webhook: Webhook) -> Iterator[Delivery]:
        """Yield what it was told, newest first."""
        return self.pages(f"webhooks/{webhook.id}/deliveries/", as_delivery)
