"""The doors of the API: a token says who asks and for which project; the rest is the same as for the pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.models import User
from polyannot.kernel.errors import Denied, Missing
from projects.access import Access, project_access
from projects.api.limits import TokenThrottle
from projects.api.paging import ByCursor
from projects.models import ApiToken, Scope
from projects.tokens import token_with

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KEYWORD = "bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer SECRET`; a cookie of the pages opens nothing here."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the person and the token; raises AuthenticationFailed for one that does not work."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != KEYWORD.encode():
            return None
        secret = words[1].decode("latin-1") if len(words) == 2 else ""
        token = token_with(secret) if secret else None
        if token is None:
            raise AuthenticationFailed(_("This token does not work: it is unknown, revoked or past its end."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return what a stranger is asked for."""
        return "Bearer"


class ApiView(GenericAPIView[Any]):
    """A view for any token; `query` is the serializer of what may stand in the address behind the question mark."""

    authentication_classes = (TokenAuthentication,)
    throttle_classes = (TokenThrottle,)
    pagination_class = ByCursor

    read_scope: ClassVar[str] = Scope.READ
    write_scope: ClassVar[str] = Scope.WRITE
    # Whom the sweep over all addresses expects to be let in, by reading and by writing.
    read_rule: ClassVar[tuple[str, ...]] = ("signed-in",)
    write_rule: ClassVar[tuple[str, ...]] = ("signed-in",)
    query: ClassVar[type[Serializer[Any]] | None] = None
    # A view names its order by `oldest_first`; a sort field is none of the contract.
    oldest_first: ClassVar[bool] = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, saying whom it is for."""
        view = super().as_view(**initkwargs)
        view.access_rule = cls.read_rule  # type: ignore[attr-defined]
        view.write_rule = cls.write_rule  # type: ignore[attr-defined]
        return view

    @property
    def token(self) -> ApiToken:
        """Return the token that was sent."""
        if not isinstance(self.request.auth, ApiToken):
            raise NotAuthenticated
        return self.request.auth

    @property
    def person(self) -> User:
        """Return whose token it is."""
        return self.token.user

    def check_permissions(self, request: Request) -> None:
        """Hold the request to the scope of its token."""
        scope = self.read_scope if request.method in SAFE else self.write_scope
        if scope not in self.token.scopes:
            raise Denied("scope_needed", _("This token lacks the scope %(scope)s.") % {"scope": scope})

    def asked(self) -> dict[str, Any]:
        """Return the checked filters of the address; raises ValidationError."""
        assert self.query is not None
        given = self.query(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def paged(self, rows: QuerySet[Any]) -> Response:
        """Answer with the page of the rows that the address asks for."""
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    def sent(self) -> Any:
        """Return the checked body of the request; raises ValidationError."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class ProjectApiView(ApiView):
    """A view inside the project of the address; its rules are roles, any member may where there are none."""

    read_rule: ClassVar[tuple[str, ...]] = ()
    write_rule: ClassVar[tuple[str, ...]] = ()
    access: Access

    def check_permissions(self, request: Request) -> None:
        """Let in a member with a fitting role, by a token of this very project with the scope."""
        token = self.token
        slug = self.kwargs["project_slug"]
        if token.project is None or token.project.slug != slug:
            raise Missing("project_missing", _("There is no such project, or this token is not for it."))
        rule = self.read_rule if request.method in SAFE else self.write_rule
        self.access = project_access(token.user, slug, *rule)
        super().check_permissions(request)
