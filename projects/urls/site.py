"""Addresses of the site admin."""

from django.urls import path

from projects.views import site, tokens

urlpatterns = [
    path("", site.site, name="site"),
    path("accounts/", site.site_accounts, name="site-accounts"),
    path("accounts/<uuid:user_id>/password", site.site_account_password, name="site-account-password"),
    path("accounts/<uuid:user_id>/close", site.site_account_close, name="site-account-close"),
    path("accounts/<uuid:user_id>/open", site.site_account_open, name="site-account-open"),
    path("accounts/<uuid:user_id>/erase", site.site_account_erase, name="site-account-erase"),
    path("tokens/", tokens.site_tokens, name="site-tokens"),
    path("tokens/<uuid:token_id>/revoke", tokens.site_token_revoke, name="site-token-revoke"),
    path("jobs/", site.site_jobs, name="site-jobs"),
    path("health/", site.site_health, name="site-health"),
]
