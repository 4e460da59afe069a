"""Addresses of releases in the API."""

from django.urls import path

from releases import api

RELEASES = "projects/<slug:project_slug>/releases/"
RELEASE = f"{RELEASES}<uuid:release_id>/"

urlpatterns = [
    path(RELEASES, api.ReleaseList.as_view(), name="api-releases"),
    path(f"{RELEASES}preflight/", api.ReleasePreflight.as_view(), name="api-release-preflight"),
    path(RELEASE, api.ReleaseDetail.as_view(), name="api-release"),
    path(f"{RELEASE}download/", api.ReleaseFileDownload.as_view(), name="api-release-download"),
    path(f"{RELEASE}changes/<uuid:other_id>/", api.ReleaseComparison.as_view(), name="api-release-changes"),
]
