"""Addresses of judgments going out and coming in."""

from django.urls import path

from annotation.views import exporting

urlpatterns = [
    path("judgments/export/", exporting.judgments_export, name="judgments-export"),
    path("judgments/export/file", exporting.judgments_export_file, name="judgments-export-file"),
]
