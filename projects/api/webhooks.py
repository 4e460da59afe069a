"""Webhooks through the API: set up, changed, switched on and off, tried out, and what each was told."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects import webhooks as acts
from projects.access import delivery_of, webhook_of
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import DeliveryState, HookKind, Role, Webhook, WebhookDelivery


class WebhookOut(serializers.Serializer[Webhook]):
    """A webhook; `off_reason` is empty while it is on."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=HookKind.choices))
    is_on = serializers.BooleanField()
    off_reason = serializers.CharField(
        allow_blank=True, help_text="person, failing (for too long) or gone (it answered 410)."
    )
    off_at = serializers.DateTimeField(allow_null=True)
    made_at = serializers.DateTimeField()


class WebhookWithSecret(WebhookOut):
    """A webhook with its secret: shown here and never again."""

    secret = serializers.CharField(allow_null=True)


class WebhookIn(serializers.Serializer[Any]):
    """An address and what it is told of."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=2000, help_text="http or https; no private network.")
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=HookKind.choices), min_length=1, max_length=20
    )


class DeliveryOut(serializers.Serializer[WebhookDelivery]):
    """One message: `message_id` is in its header, `body` is what was signed, `answer_status` the last answer."""

    id = serializers.UUIDField(source="public_id")
    message_id = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    tries = serializers.IntegerField()
    answer_status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    body = serializers.CharField()
    made_at = serializers.DateTimeField()
    tried_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class WebhookView(ProjectApiView):
    """What all addresses of webhooks have in common: they are for admins."""

    serializer_class: type[serializers.Serializer[Any]] = WebhookOut
    read_rule = write_rule = (Role.ADMIN,)

    def given(self) -> dict[str, Any]:
        """Return the checked body of a request that makes or changes one; raises ValidationError."""
        given = WebhookIn(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)


class WebhookList(WebhookView):
    """The webhooks of the project, newest first."""

    @extend_schema(operation_id="webhooks_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the webhooks."""
        page = self.paginate_queryset(Webhook.objects.filter(project=self.access.project))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @kept
    @extend_schema(operation_id="webhooks_create", request=WebhookIn, responses={201: WebhookWithSecret})
    def post(self, request: Request, project_slug: str) -> Response:
        """Let an address be told; the answer holds the secret that its messages are signed with."""
        values = self.given()

        def made() -> Response:
            webhook, secret = acts.make_webhook(project=self.access.project, actor=self.person, **values)
            return Response({**WebhookOut(webhook).data, "secret": secret}, status=201)

        return once(request, made, secret_fields=("secret",))


class WebhookDetail(WebhookView):
    """One webhook."""

    @extend_schema(operation_id="webhooks_retrieve")
    def get(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Return the webhook."""
        return Response(self.get_serializer(webhook_of(self.access, webhook_id)).data)

    @extend_schema(operation_id="webhooks_change", request=WebhookIn, responses=WebhookOut)
    def post(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Give it another name, address or other events."""
        webhook = webhook_of(self.access, webhook_id)
        acts.change_webhook(webhook=webhook, actor=self.person, **self.given())
        return Response(self.get_serializer(webhook).data)


class WebhookOn(WebhookView):
    """Telling an address again."""

    @extend_schema(operation_id="webhooks_on", request=None, responses=WebhookOut)
    def post(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Switch it on."""
        webhook = webhook_of(self.access, webhook_id)
        acts.switch_on(webhook=webhook, actor=self.person)
        webhook.refresh_from_db()
        return Response(self.get_serializer(webhook).data)


class WebhookOff(WebhookView):
    """Telling an address nothing more."""

    @extend_schema(operation_id="webhooks_off", request=None, responses=WebhookOut)
    def post(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Switch it off."""
        webhook = webhook_of(self.access, webhook_id)
        acts.switch_off(webhook=webhook, actor=self.person)
        webhook.refresh_from_db()
        return Response(self.get_serializer(webhook).data)


class DeletedOut(serializers.Serializer[Any]):
    """What went with a webhook."""

    n_waiting = serializers.IntegerField(help_text="Messages that waited and are never sent.")


class WebhookDelete(WebhookView):
    """Deleting a webhook."""

    serializer_class = DeletedOut

    @extend_schema(operation_id="webhooks_delete", request=None, responses=DeletedOut)
    def post(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Delete it with its deliveries; the history keeps that it was there."""
        waiting = acts.delete_webhook(webhook=webhook_of(self.access, webhook_id), actor=self.person)
        return Response({"n_waiting": waiting})


class WebhookSecret(WebhookView):
    """Another secret."""

    @kept
    @extend_schema(operation_id="webhooks_secret", request=None, responses=WebhookWithSecret)
    def post(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Replace the secret at once; the answer holds the new one."""
        webhook = webhook_of(self.access, webhook_id)

        def renewed() -> Response:
            secret = acts.renew_secret(webhook=webhook, actor=self.person)
            return Response({**WebhookOut(webhook).data, "secret": secret})

        return once(request, renewed, secret_fields=("secret",))


class WebhookTest(WebhookView):
    """Trying an address out."""

    serializer_class = DeliveryOut

    @kept
    @extend_schema(operation_id="webhooks_test", request=None, responses={202: DeliveryOut})
    def post(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """Send a message that tells of nothing; the list of deliveries has the answer."""
        webhook = webhook_of(self.access, webhook_id)
        return once(
            request,
            lambda: Response(
                DeliveryOut(acts.send_test(webhook=webhook, actor=self.person)).data, status=202
            ),
        )


class DeliveryList(WebhookView):
    """What a webhook was told, newest first."""

    serializer_class = DeliveryOut

    @extend_schema(operation_id="webhooks_deliveries_list")
    def get(self, request: Request, project_slug: str, webhook_id: UUID) -> Response:
        """List the deliveries; ended ones for 90 days."""
        page = self.paginate_queryset(webhook_of(self.access, webhook_id).deliveries.all())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class DeliveryAgain(WebhookView):
    """Sending something again."""

    serializer_class = DeliveryOut

    @extend_schema(operation_id="webhooks_deliveries_again", request=None, responses={202: DeliveryOut})
    def post(self, request: Request, project_slug: str, webhook_id: UUID, delivery_id: UUID) -> Response:
        """Send it again, under the same id."""
        delivery = delivery_of(self.access, webhook_id, delivery_id)
        acts.send_again(delivery=delivery, actor=self.person)
        delivery.refresh_from_db()
        return Response(self.get_serializer(delivery).data, status=202)
