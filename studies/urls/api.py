"""Addresses of studies in the API."""

from django.urls import path

from studies import api

STUDIES = "projects/<slug:project_slug>/studies/"

urlpatterns = [
    path(STUDIES, api.StudyList.as_view(), name="api-studies"),
    path(f"{STUDIES}<uuid:study_id>/", api.StudyDetail.as_view(), name="api-study"),
    path(f"{STUDIES}<uuid:study_id>/figures/", api.StudyFigures.as_view(), name="api-study-figures"),
]
