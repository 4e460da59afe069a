"""Addresses of review, adjudication and agreement."""

from django.urls import path

from annotation.views import adjudicating, agreement, questions, reviewing

ITEM = "review/items/<uuid:item_id>/"
ROUND = "review/rounds/<uuid:round_id>/"

urlpatterns = [
    path("review/", reviewing.review_home, name="review-home"),
    path("review/open/", reviewing.review_open, name="review-open"),
    path(ROUND, reviewing.review_round, name="review-round"),
    path(f"{ROUND}images/<uuid:image_id>/", reviewing.review_image, name="review-image"),
    path(f"{ITEM}accept/", reviewing.review_accept, name="review-accept"),
    path(f"{ITEM}return/", reviewing.review_return, name="review-return"),
    path(f"{ITEM}fix/", reviewing.review_fix, name="review-fix"),
    path(f"{ITEM}reopen/", reviewing.review_reopen, name="review-reopen"),
    path("review/edits/<uuid:version_id>/", reviewing.review_edit, name="review-edit"),
    path("review/reports/<uuid:report_id>/", reviewing.pair_report_decide, name="pair-report-decide"),
    path("review/questions/", questions.questions, name="questions"),
    path("review/questions/<uuid:question_id>/", questions.question, name="question"),
    path(
        "review/questions/<uuid:question_id>/precedent/",
        questions.question_precedent,
        name="question-precedent",
    ),
    path("adjudicate/", adjudicating.adjudicate_next, name="adjudicate"),
    path("adjudicate/<uuid:version_id>/", adjudicating.adjudicate_pair, name="adjudicate-pair"),
    path("adjudicate/<uuid:version_id>/decide/", adjudicating.adjudicate_decide, name="adjudicate-decide"),
    path("adjudicate/edits/<uuid:version_id>/", adjudicating.adjudicate_edit, name="adjudicate-edit"),
    path("agreement/", agreement.agreement, name="agreement"),
    path("agreement/compute/", agreement.agreement_compute, name="agreement-compute"),
    path("agreement/jobs/<uuid:job_id>/", agreement.agreement_progress, name="agreement-progress"),
    path("agreement/pairs/", agreement.agreement_pairs, name="agreement-pairs"),
    path("agreement/reports/<uuid:report_id>/ratings.csv", agreement.agreement_csv, name="agreement-csv"),
    path("agreement/reports/<uuid:report_id>/report.json", agreement.agreement_json, name="agreement-json"),
]
