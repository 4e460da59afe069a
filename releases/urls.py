"""Addresses of releases."""

from django.urls import path

from releases import takedowns, views

urlpatterns = [
    path("", views.releases, name="releases"),
    path("new/", views.release_new, name="release-new"),
    path("preflight/<slug:code>/", views.release_finding, name="release-finding"),
    path("taken-down/", takedowns.takedowns, name="release-takedowns"),
    path("taken-down/add", takedowns.take_down, name="release-take-down"),
    path("<uuid:release_id>/", views.release_detail, name="release-detail"),
    path("<uuid:release_id>/download", views.release_download, name="release-download"),
    path("<uuid:release_id>/withdraw", takedowns.release_withdraw, name="release-withdraw"),
    path("<uuid:release_id>/changes/<uuid:other_id>.json", views.release_changes, name="release-changes"),
]
