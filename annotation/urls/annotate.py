"""Addresses of the annotators' pages."""

from django.urls import path

from annotation.views import annotating, asking, feedback, guidelines, my_work, precedents, workspace

BATCH = "annotate/<uuid:batch_id>/"

urlpatterns = [
    path("annotate/", annotating.annotate_home, name="annotate-home"),
    path("annotate/my-work/", my_work.my_work, name="my-work"),
    path("annotate/my-work/judgments.csv", my_work.my_work_export, name="my-work-export"),
    path("annotate/my-work/hours.csv", my_work.my_hours, name="my-hours"),
    path("annotate/my-work/record.json", my_work.my_record, name="my-record"),
    path("annotate/feedback/", feedback.feedback, name="feedback"),
    path("annotate/feedback/<uuid:item_id>/", feedback.revise, name="feedback-revise"),
    path(BATCH, workspace.workspace, name="workspace"),
    path(f"{BATCH}images/<uuid:assignment_id>/", workspace.workspace_image, name="workspace-image"),
    path(f"{BATCH}judge/", workspace.judge, name="workspace-judge"),
    path(f"{BATCH}judgments/", workspace.judgments, name="workspace-judgments"),
    path(f"{BATCH}finish/", workspace.finish, name="workspace-finish"),
    path(f"{BATCH}skip/", workspace.skip, name="workspace-skip"),
    path(f"{BATCH}ask/", asking.workspace_ask, name="workspace-ask"),
    path(
        "annotate/questions/<uuid:question_id>/withdraw/", asking.question_withdraw, name="question-withdraw"
    ),
    path(f"{BATCH}report/", workspace.report, name="workspace-report"),
    path(f"{BATCH}ahead/", workspace.ahead, name="workspace-ahead"),
    path("guidelines/", guidelines.guidelines, name="guidelines"),
    path("guidelines/precedents/", precedents.precedents, name="precedents"),
    path(
        "guidelines/precedents/<uuid:precedent_id>/retire/",
        precedents.precedent_retire,
        name="precedent-retire",
    ),
    path("guidelines/versions/<int:number>/", guidelines.guideline_version, name="guideline-version"),
    path("guidelines/publish/", guidelines.guideline_publish, name="guideline-publish"),
]
