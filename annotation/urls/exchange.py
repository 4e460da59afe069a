"""Addresses of judgments going out and coming in."""

from django.urls import path

from annotation.views import exporting, judgment_import

IMPORT = "judgments/import/<uuid:job_id>/"

urlpatterns = [
    path("judgments/export/", exporting.judgments_export, name="judgments-export"),
    path("judgments/export/file", exporting.judgments_export_file, name="judgments-export-file"),
    path("judgments/import/", judgment_import.judgments_import, name="judgments-import"),
    path(IMPORT, judgment_import.judgments_import_detail, name="judgments-import-detail"),
    path(f"{IMPORT}progress", judgment_import.judgments_import_progress, name="judgments-import-progress"),
    path(f"{IMPORT}for-good", judgment_import.judgments_import_for_good, name="judgments-import-for-good"),
]
