"""Addresses of the captions as a body of text."""

from django.urls import path

from annotation.views import caption_detail, captions, cleaning, fixes, paraphrases, stale

FIX = "captions/fixes/<uuid:fix_id>/"

urlpatterns = [
    path("captions/", captions.captions, name="captions"),
    path("captions/filters/save", captions.filter_save, name="caption-filter-save"),
    path("captions/filters/<uuid:filter_id>/delete", captions.filter_delete, name="caption-filter-delete"),
    path("captions/stale/", stale.stale, name="captions-stale"),
    path("captions/stale/recompute", stale.recompute, name="captions-stale-recompute"),
    path("captions/fixes/", fixes.fixes, name="caption-fixes"),
    path("captions/fixes/new", fixes.fix_new, name="caption-fix-new"),
    path(FIX, fixes.fix_detail, name="caption-fix"),
    path(f"{FIX}tick", fixes.fix_tick, name="caption-fix-tick"),
    path(f"{FIX}apply", fixes.fix_apply, name="caption-fix-apply"),
    path(f"{FIX}discard", fixes.fix_discard, name="caption-fix-discard"),
    path(f"{FIX}confirm", fixes.fix_confirm, name="caption-fix-confirm"),
    path(f"{FIX}undo", fixes.fix_undo, name="caption-fix-undo"),
    path("captions/cleaning/", cleaning.cleanings, name="captions-cleaning"),
    path("captions/cleaning/run", cleaning.cleaning_run, name="captions-cleaning-run"),
    path("captions/cleaning/<uuid:cleaning_id>/", cleaning.cleaning_report, name="captions-cleaning-report"),
    path(
        "captions/cleaning/<uuid:cleaning_id>/captions.csv",
        cleaning.cleaning_csv,
        name="captions-cleaning-csv",
    ),
    path("captions/cleaning/<uuid:cleaning_id>/undo", cleaning.cleaning_undo, name="captions-cleaning-undo"),
    path(
        "captions/cleaning/<uuid:cleaning_id>/undo/<uuid:caption_id>",
        cleaning.cleaning_undo_caption,
        name="captions-cleaning-undo-caption",
    ),
    path("captions/paraphrases/", paraphrases.paraphrases, name="captions-paraphrases"),
    path("captions/paraphrases/run", paraphrases.paraphrases_run, name="captions-paraphrases-run"),
    path("captions/<uuid:caption_id>/", caption_detail.caption, name="caption"),
    path("captions/<uuid:caption_id>/revert", caption_detail.caption_revert, name="caption-revert"),
    path("captions/versions/<uuid:version_id>/decide", caption_detail.caption_decide, name="caption-decide"),
]
