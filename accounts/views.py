"""Sign-in, sign-out, password: Django's own views with our templates."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from accounts.demo import DEMO_ACCOUNTS


class SignIn(LoginView):
    """The door; in a demonstration it shows the accounts that one may try."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demo accounts."""
        context = super().get_context_data(**kwargs)
        if settings.DEMO:
            context["demo_accounts"] = DEMO_ACCOUNTS
        return context


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()


class Password(PasswordChangeView):
    """A new password; other sessions of the account end."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it and say so."""
        messages.success(self.request, _("Your password was changed. Elsewhere you have to sign in anew."))
        return super().form_valid(form)


password = Password.as_view()
sign_in.access_rule = ("public",)  # type: ignore[attr-defined]
sign_out.access_rule = ("public",)  # type: ignore[attr-defined]
password.access_rule = ("signed-in",)  # type: ignore[attr-defined]
