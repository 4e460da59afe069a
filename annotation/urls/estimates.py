"""Addresses of estimated labels."""

from django.urls import path

from annotation.views import estimating

RUN = "agreement/estimates/<uuid:estimate_run_id>/"

urlpatterns = [
    path("agreement/estimates/", estimating.estimates, name="agreement-estimates"),
    path("agreement/estimates/compute/", estimating.estimates_compute, name="agreement-estimates-compute"),
    path(
        "agreement/estimates/jobs/<uuid:job_id>/",
        estimating.estimates_progress,
        name="agreement-estimates-progress",
    ),
    path(f"{RUN}estimates.csv", estimating.estimates_csv, name="agreement-estimates-csv"),
    path(f"{RUN}estimates.json", estimating.estimates_json, name="agreement-estimates-json"),
]
