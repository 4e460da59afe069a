"""The OpenAPI document: the contract of the API, made from the views."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from projects.api.once import HEADER, LONGEST_KEY

PROBLEM = "application/problem+json"

ONCE = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": LONGEST_KEY},
    OpenApiParameter.HEADER,
    description="Sent again with the same key, the request is answered as before and makes nothing more.",
)


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a token is sent."""

    target_class = "projects.api.door.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the bearer scheme."""
        return {"type": "http", "scheme": "bearer"}


class FieldProblem(serializers.Serializer[Any]):
    """What is wrong with one value."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """An error: `code` is for programs, `detail` for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


class ContractSchema(AutoSchema):
    """Says of every operation what errors look like, and which ones take an Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        """Add the header of requests that make something."""
        given = list(super().get_override_parameters())
        if getattr(getattr(self.view, self.method.lower(), None), "is_kept", False):
            given.append(ONCE)
        return given

    def _is_list_view(self, serializer: Any = None) -> bool:
        return str(self.get_operation_id()).endswith("_list")

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        component = self.resolve_serializer(Problem, "response")
        bodies["default"] = {"content": {PROBLEM: {"schema": component.ref}}, "description": "An error."}
        return bodies
