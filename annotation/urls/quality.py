"""Addresses of quality over time: trends, whether feedback helped, control charts, generic captions."""

from django.urls import path

from annotation.quality.reports import DRIFT, FEEDBACK
from annotation.views import agreement, genericness, quality

urlpatterns = [
    path(
        "agreement/reports/<uuid:report_id>/trend.csv",
        agreement.agreement_trend_csv,
        name="agreement-trend-csv",
    ),
    path("agreement/feedback/", quality.feedback_helped, name="quality-feedback"),
    path(
        "agreement/feedback/compute/",
        quality.quality_compute,
        {"kind": FEEDBACK},
        name="quality-feedback-compute",
    ),
    path(
        "agreement/feedback/changes.csv", quality.quality_csv, {"kind": FEEDBACK}, name="quality-feedback-csv"
    ),
    path("agreement/drift/", quality.drift, name="drift"),
    path("agreement/drift/compute/", quality.quality_compute, {"kind": DRIFT}, name="drift-compute"),
    path("agreement/drift/blocks.csv", quality.quality_csv, {"kind": DRIFT}, name="drift-csv"),
    path("agreement/drift/judgments/", quality.drift_judgments, name="drift-judgments"),
    path("genericness/", genericness.genericness, name="genericness"),
    path("genericness/suggest/", genericness.genericness_suggest, name="genericness-suggest"),
    path("genericness/open/", genericness.genericness_open, name="genericness-open"),
    path("genericness/suspect/", genericness.genericness_suspect, name="genericness-suspect"),
    path(
        "genericness/checks/<uuid:check_id>/decide/",
        genericness.genericness_decide,
        name="genericness-decide",
    ),
    path("genericness/checks/<uuid:check_id>/undo/", genericness.genericness_undo, name="genericness-undo"),
    path("fits/", genericness.fits_next, name="fits-next"),
    path("fits/questions/<uuid:fits_question_id>/", genericness.fits_answer, name="fits-answer"),
    path("my-charts/", quality.own_charts, name="my-charts"),
]
