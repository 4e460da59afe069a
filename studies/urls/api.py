"""Addresses of studies in the API."""

from django.urls import path

from studies import api

STUDIES = "projects/<slug:project_slug>/studies/"

urlpatterns = [
    path(STUDIES, api.StudyList.as_view(), name="api-studies"),
    path(f"{STUDIES}<uuid:study_id>/", api.StudyDetail.as_view(), name="api-study"),
    path(f"{STUDIES}<uuid:study_id>/figures/", api.StudyFigures.as_view(), name="api-study-figures"),
    path(f"{STUDIES}<uuid:study_id>/launch/", api.StudyLaunch.as_view(), name="api-study-launch"),
    path(f"{STUDIES}<uuid:study_id>/pause/", api.StudyPause.as_view(), name="api-study-pause"),
    path(f"{STUDIES}<uuid:study_id>/resume/", api.StudyResume.as_view(), name="api-study-resume"),
    path(f"{STUDIES}<uuid:study_id>/close/", api.StudyClose.as_view(), name="api-study-close"),
]
