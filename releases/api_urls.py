"""Addresses of releases in the API."""

from django.urls import path

from releases import api, api_takedowns

RELEASES = "projects/<slug:project_slug>/releases/"
RELEASE = f"{RELEASES}<uuid:release_id>/"

urlpatterns = [
    path(RELEASES, api.ReleaseList.as_view(), name="api-releases"),
    path(f"{RELEASES}preflight/", api.ReleasePreflight.as_view(), name="api-release-preflight"),
    path(RELEASE, api.ReleaseDetail.as_view(), name="api-release"),
    path(f"{RELEASE}download/", api.ReleaseFileDownload.as_view(), name="api-release-download"),
    path(f"{RELEASE}changes/<uuid:other_id>/", api.ReleaseComparison.as_view(), name="api-release-changes"),
    path(f"{RELEASE}withdraw/", api_takedowns.ReleaseWithdraw.as_view(), name="api-release-withdraw"),
    path(f"{RELEASES}taken-down/images/", api_takedowns.TakeDownImage.as_view(), name="api-take-down-image"),
    path(
        f"{RELEASES}taken-down/captions/",
        api_takedowns.TakeDownCaption.as_view(),
        name="api-take-down-caption",
    ),
]
