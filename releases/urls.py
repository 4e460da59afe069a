"""Addresses of releases."""

from django.urls import path

from releases import views

urlpatterns = [
    path("", views.releases, name="releases"),
    path("new/", views.release_new, name="release-new"),
    path("<uuid:release_id>/", views.release_detail, name="release-detail"),
    path("<uuid:release_id>/download", views.release_download, name="release-download"),
]
