"""Addresses of images, captions, batches, judgments and agreement in the API."""

from django.urls import path

from annotation.api.v1 import agreement, batches, captions, corpora, founding, images, judgments

PROJECT = "projects/<slug:project_slug>/"

urlpatterns = [
    path("projects/", founding.ProjectsAndNew.as_view(), name="api-projects"),
    path(f"{PROJECT}images/", images.ImageList.as_view(), name="api-images"),
    path(f"{PROJECT}images/<uuid:image_id>/", images.ImageDetail.as_view(), name="api-image"),
    path(f"{PROJECT}images/<uuid:image_id>/file/", images.ImageFile.as_view(), name="api-image-file"),
    path(f"{PROJECT}imports/", images.ImportNew.as_view(), name="api-imports"),
    path(f"{PROJECT}captions/", captions.CaptionList.as_view(), name="api-captions"),
    path(f"{PROJECT}captions/<uuid:caption_id>/", captions.CaptionDetail.as_view(), name="api-caption"),
    path(f"{PROJECT}corpora/", corpora.CorpusList.as_view(), name="api-corpora"),
    path(f"{PROJECT}searches/", corpora.SearchList.as_view(), name="api-searches"),
    path(f"{PROJECT}searches/<uuid:job_id>/", corpora.SearchDetail.as_view(), name="api-search"),
    path(f"{PROJECT}batches/", batches.BatchList.as_view(), name="api-batches"),
    path(f"{PROJECT}batches/<uuid:batch_id>/", batches.BatchDetail.as_view(), name="api-batch"),
    path(f"{PROJECT}batches/<uuid:batch_id>/close/", batches.BatchClose.as_view(), name="api-batch-close"),
    path(f"{PROJECT}batches/<uuid:batch_id>/reopen/", batches.BatchReopen.as_view(), name="api-batch-reopen"),
    path(f"{PROJECT}judgments/", judgments.JudgmentList.as_view(), name="api-judgments"),
    path(f"{PROJECT}judgments/export/", judgments.JudgmentExport.as_view(), name="api-judgments-export"),
    path(f"{PROJECT}agreement/", agreement.ReportList.as_view(), name="api-agreement"),
    path(
        f"{PROJECT}agreement/<uuid:agreement_id>/", agreement.ReportOne.as_view(), name="api-agreement-report"
    ),
]
