"""Addresses of a project's jobs, people, settings and history."""

from django.urls import path

from projects.views import history, jobs, people, settings, tokens, webhooks

urlpatterns = [
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:job_id>/", jobs.job_detail, name="job-detail"),
    path("jobs/<uuid:job_id>/progress", jobs.job_progress, name="job-progress"),
    path("jobs/<uuid:job_id>/left-out.csv", jobs.job_failures, name="job-failures"),
    path("jobs/<uuid:job_id>/cancel", jobs.job_cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry", jobs.job_retry, name="job-retry"),
    path("people/", people.people, name="people"),
    path("people/<uuid:user_id>/role", people.people_role, name="people-role"),
    path("people/<uuid:user_id>/end", people.people_end, name="people-end"),
    path("settings/", settings.settings, name="settings"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke", tokens.token_revoke, name="token-revoke"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<uuid:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<uuid:webhook_id>/on", webhooks.webhook_on, name="webhook-on"),
    path("webhooks/<uuid:webhook_id>/off", webhooks.webhook_off, name="webhook-off"),
    path("webhooks/<uuid:webhook_id>/delete", webhooks.webhook_delete, name="webhook-delete"),
    path("webhooks/<uuid:webhook_id>/test", webhooks.webhook_test, name="webhook-test"),
    path("webhooks/<uuid:webhook_id>/secret", webhooks.webhook_secret, name="webhook-secret"),
    path(
        "webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/again",
        webhooks.webhook_again,
        name="webhook-again",
    ),
    path("history/", history.history, name="history"),
    path("history.csv", history.history_csv, name="history-csv"),
]
