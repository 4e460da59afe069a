"""Addresses of projects and jobs in the API."""

from django.urls import path

from projects.api import nouns

PROJECT = "projects/<slug:project_slug>/"

urlpatterns = [
    path(PROJECT, nouns.ProjectDetail.as_view(), name="api-project"),
    path(f"{PROJECT}jobs/", nouns.JobList.as_view(), name="api-jobs"),
    path(f"{PROJECT}jobs/<uuid:job_id>/", nouns.JobDetail.as_view(), name="api-job"),
    path(f"{PROJECT}jobs/<uuid:job_id>/left-out/", nouns.JobLeftOut.as_view(), name="api-job-left-out"),
    path(f"{PROJECT}jobs/<uuid:job_id>/cancel/", nouns.JobCancel.as_view(), name="api-job-cancel"),
    path(f"{PROJECT}jobs/<uuid:job_id>/retry/", nouns.JobRetry.as_view(), name="api-job-retry"),
]
