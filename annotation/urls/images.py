"""Addresses of images, imports, batches and the progress of a project."""

from django.urls import path

from annotation.views import (
    batch_opening,
    batches,
    finding,
    handing_over,
    images,
    importing,
    pools,
    progress,
    serving,
    swaps,
)

urlpatterns = [
    path("progress/", progress.project_home, name="project-home"),
    path("images/", images.images, name="images"),
    path("images/rank-pools", images.pools_rank, name="image-pools-rank"),
    path("images/swaps/", swaps.swaps, name="image-swaps"),
    path("images/swaps/swap", swaps.swap, name="image-swap"),
    path("images/swaps/<uuid:act_id>/undo", swaps.swap_undo, name="image-swap-undo"),
    path("images/<uuid:image_id>/", images.image_detail, name="image-detail"),
    path("images/<uuid:image_id>/retire", images.image_retire, name="image-retire"),
    path("images/<uuid:image_id>/activate", images.image_activate, name="image-activate"),
    path("images/<uuid:image_id>/reserve", images.image_reserve, name="image-reserve"),
    path("images/<uuid:image_id>/<str:kind>", serving.image_file, name="image-file"),
    path("find/", finding.find, name="find"),
    path("find/<uuid:image_id>/", finding.find_by_image, name="find-by-image"),
    path("pools/", pools.pools, name="pools"),
    path("pools/search", pools.pools_search, name="pools-search"),
    path("pools/<uuid:job_id>/fill", pools.pools_fill, name="pools-fill"),
    path("import/", importing.import_files, name="import"),
    path("import/<uuid:job_id>/", importing.import_trial, name="import-trial"),
    path("import/<uuid:job_id>/for-good", importing.import_tried, name="import-for-good"),
    path("import/<uuid:job_id>/errors.csv", importing.import_errors, name="import-errors"),
    path("batches/", batches.batches, name="batches"),
    path("batches/<uuid:batch_id>/skipped", batches.batch_skipped, name="batch-skipped"),
    path("batches/<uuid:batch_id>/close", batches.batch_close, name="batch-close"),
    path("batches/<uuid:batch_id>/reopen", batches.batch_reopen, name="batch-reopen"),
    path("batches/<uuid:batch_id>/give-on", batches.batch_give_on, name="batch-give-on"),
    path("batches/handover/<uuid:user_id>/", handing_over.handover, name="handover"),
    path("batches/new", batch_opening.batch_new, name="batch-new"),
]
