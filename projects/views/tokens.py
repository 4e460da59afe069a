"""Tokens of one's own: made with the secret shown once, listed, revoked."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from polyannot.kernel.errors import DomainError
from projects.access import Access, token_of
from projects.forms import SiteTokenForm, TokenForm
from projects.http import project_view, site_admin_view
from projects.models import ApiToken, Project
from projects.tokens import make_token, revoke_token


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@project_view()
def tokens(request: HttpRequest, access: Access) -> HttpResponse:
    """List one's tokens for the project and make one; its secret is on this answer only."""
    form = TokenForm(request.POST or None)
    return _page(request, access.user, access.project, form, "projects/tokens.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@site_admin_view
def site_tokens(request: HttpRequest, admin: User) -> HttpResponse:
    """List a site admin's tokens for making projects and make one."""
    return _page(request, admin, None, SiteTokenForm(request.POST or None), "site/tokens.html")


def _page(
    request: HttpRequest, user: User, project: Project | None, form: SiteTokenForm, template: str
) -> HttpResponse:
    context: dict[str, Any] = {"tab": "tokens"}
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = make_token(user=user, project=project, **form.cleaned_data)
            context |= {"made": made, "secret": secret}
            form = type(form)()
        except DomainError as error:
            form.add_error(None, str(error.message))
    newest_first = list(ApiToken.objects.filter(user=user, project=project))
    context |= {
        "form": form,
        "running": [token for token in newest_first if token.is_running],
        "ended": [token for token in newest_first if not token.is_running],
    }
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
@project_view()
def token_revoke(request: HttpRequest, access: Access, token_id: UUID) -> HttpResponse:
    """End one's own token for the project."""
    revoke_token(token=token_of(access.user, access.project, token_id), actor=access.user)
    messages.success(request, _("The token no longer works."))
    return redirect("tokens", access.project.slug)


@require_POST
@site_admin_view
def site_token_revoke(request: HttpRequest, admin: User, token_id: UUID) -> HttpResponse:
    """End one's own token for making projects."""
    revoke_token(token=token_of(admin, None, token_id), actor=admin)
    messages.success(request, _("The token no longer works."))
    return redirect("site-tokens")
