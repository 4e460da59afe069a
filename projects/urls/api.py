"""Addresses of projects and jobs in the API."""

from django.urls import path

from projects.api import health, nouns, people, settings, webhooks

PROJECT = "projects/<slug:project_slug>/"
WEBHOOK = f"{PROJECT}webhooks/<uuid:webhook_id>"

urlpatterns = [
    path("health/", health.Health.as_view(), name="api-health"),
    path(PROJECT, settings.ProjectAndSettings.as_view(), name="api-project"),
    path(f"{PROJECT}jobs/", nouns.JobList.as_view(), name="api-jobs"),
    path(f"{PROJECT}jobs/<uuid:job_id>/", nouns.JobDetail.as_view(), name="api-job"),
    path(f"{PROJECT}jobs/<uuid:job_id>/left-out/", nouns.JobLeftOut.as_view(), name="api-job-left-out"),
    path(f"{PROJECT}job-kinds/", nouns.JobKindList.as_view(), name="api-job-kinds"),
    path(f"{PROJECT}jobs/<uuid:job_id>/log/", nouns.JobLog.as_view(), name="api-job-log"),
    path(f"{PROJECT}jobs/<uuid:job_id>/cancel/", nouns.JobCancel.as_view(), name="api-job-cancel"),
    path(f"{PROJECT}jobs/<uuid:job_id>/retry/", nouns.JobRetry.as_view(), name="api-job-retry"),
    path(f"{PROJECT}people/", people.PeopleAndNew.as_view(), name="api-people"),
    path(f"{PROJECT}people/<uuid:user_id>/role/", people.PersonRole.as_view(), name="api-person-role"),
    path(f"{PROJECT}people/<uuid:user_id>/end/", people.PersonEnd.as_view(), name="api-person-end"),
    path(f"{PROJECT}history/", people.EventList.as_view(), name="api-history"),
    path(f"{PROJECT}tokens/", people.TokenList.as_view(), name="api-tokens"),
    path(f"{PROJECT}webhooks/", webhooks.WebhookList.as_view(), name="api-webhooks"),
    path(f"{WEBHOOK}/", webhooks.WebhookDetail.as_view(), name="api-webhook"),
    path(f"{WEBHOOK}/on/", webhooks.WebhookOn.as_view(), name="api-webhook-on"),
    path(f"{WEBHOOK}/off/", webhooks.WebhookOff.as_view(), name="api-webhook-off"),
    path(f"{WEBHOOK}/delete/", webhooks.WebhookDelete.as_view(), name="api-webhook-delete"),
    path(f"{WEBHOOK}/test/", webhooks.WebhookTest.as_view(), name="api-webhook-test"),
    path(f"{WEBHOOK}/secret/", webhooks.WebhookSecret.as_view(), name="api-webhook-secret"),
    path(f"{WEBHOOK}/deliveries/", webhooks.DeliveryList.as_view(), name="api-webhook-deliveries"),
    path(
        f"{WEBHOOK}/deliveries/<uuid:delivery_id>/again/",
        webhooks.DeliveryAgain.as_view(),
        name="api-webhook-again",
    ),
]
