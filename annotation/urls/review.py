"""Addresses of review, adjudication and agreement."""

from django.urls import path

from annotation.views import agreement

urlpatterns = [
    path("agreement/", agreement.agreement, name="agreement"),
    path("agreement/compute/", agreement.agreement_compute, name="agreement-compute"),
    path("agreement/jobs/<uuid:job_id>/", agreement.agreement_progress, name="agreement-progress"),
    path("agreement/pairs/", agreement.agreement_pairs, name="agreement-pairs"),
    path("agreement/reports/<uuid:report_id>/ratings.csv", agreement.agreement_csv, name="agreement-csv"),
    path("agreement/reports/<uuid:report_id>/report.json", agreement.agreement_json, name="agreement-json"),
]
