"""Addresses of images, captions, batches, judgments and agreement in the API."""

from django.urls import path

from annotation.api.v1 import (
    agreement,
    batches,
    benchmarks,
    captions,
    cleanings,
    corpora,
    deciding,
    difficulty,
    fixes,
    fixing,
    founding,
    genericness,
    handing_over,
    images,
    imports,
    judgment_imports,
    judgments,
    known_draws,
    label_sets,
    machine_reports,
    onboarding,
    quality,
    review,
    reviewing,
    rules,
    ruling,
    score_imports,
    stocks,
    swapping,
    undoing,
)

PROJECT = "projects/<slug:project_slug>/"
ESTIMATES = f"{PROJECT}label-estimates/<uuid:estimate_run_id>/"
ITEM = f"{PROJECT}review-items/<uuid:item_id>/"
ROUND_IMAGE = f"{PROJECT}review-rounds/<uuid:round_id>/images/<uuid:image_id>/"
IMAGE = f"{PROJECT}images/<uuid:image_id>/"
FIX = f"{PROJECT}caption-fixes/<uuid:fix_id>/"
LABEL_SET = f"{PROJECT}label-sets/<uuid:schema_id>/"
CHECK = f"{PROJECT}genericness/<uuid:check_id>/"
JUDGMENT_IMPORT = f"{PROJECT}judgments/imports/<uuid:import_job_id>/"

urlpatterns = [
    path("projects/", founding.ProjectsAndNew.as_view(), name="api-projects"),
    path(f"{PROJECT}images/", images.ImageList.as_view(), name="api-images"),
    path(f"{PROJECT}images/<uuid:image_id>/", images.ImageDetail.as_view(), name="api-image"),
    path(f"{PROJECT}images/<uuid:image_id>/file/", images.ImageFile.as_view(), name="api-image-file"),
    path(f"{PROJECT}imports/", imports.ImportNew.as_view(), name="api-imports"),
    path(
        f"{PROJECT}imports/<uuid:import_id>/for-good/",
        imports.ImportForGood.as_view(),
        name="api-import-for-good",
    ),
    path(
        f"{PROJECT}imports/<uuid:import_id>/errors/", imports.ImportErrors.as_view(), name="api-import-errors"
    ),
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
    path(
        f"{PROJECT}judgments/imports/",
        judgment_imports.JudgmentImportsAndNew.as_view(),
        name="api-judgment-imports",
    ),
    path(JUDGMENT_IMPORT, judgment_imports.JudgmentImportDetail.as_view(), name="api-judgment-import"),
    path(
        f"{JUDGMENT_IMPORT}for-good/",
        judgment_imports.JudgmentImportForGood.as_view(),
        name="api-judgment-import-for-good",
    ),
    path(f"{PROJECT}agreement/", agreement.ReportList.as_view(), name="api-agreement"),
    path(
        f"{PROJECT}agreement/<uuid:agreement_id>/", agreement.ReportOne.as_view(), name="api-agreement-report"
    ),
    path(f"{PROJECT}guidelines/", deciding.GuidelinesAndNew.as_view(), name="api-guidelines"),
    path(f"{PROJECT}guidelines/<int:number>/", rules.GuidelineDetail.as_view(), name="api-guideline"),
    path(f"{PROJECT}label-sets/", label_sets.LabelSetsAndNew.as_view(), name="api-label-sets"),
    path(f"{PROJECT}label-sets/<uuid:schema_id>/", label_sets.LabelSetChange.as_view(), name="api-label-set"),
    path(f"{PROJECT}known-answers/", deciding.KnownAnswersAndNew.as_view(), name="api-known-answers"),
    path(f"{PROJECT}precedents/", rules.PrecedentList.as_view(), name="api-precedents"),
    path(f"{PROJECT}edits/", review.EditList.as_view(), name="api-edits"),
    path(f"{PROJECT}review-rounds/", deciding.RoundsAndNew.as_view(), name="api-review-rounds"),
    path(
        f"{PROJECT}review-rounds/<uuid:round_id>/items/", review.ItemList.as_view(), name="api-review-items"
    ),
    path(f"{PROJECT}adjudications/", deciding.AdjudicationsAndNew.as_view(), name="api-adjudications"),
    path(f"{PROJECT}questions/", review.QuestionList.as_view(), name="api-questions"),
    path(f"{PROJECT}questions/<uuid:question_id>/", review.QuestionDetail.as_view(), name="api-question"),
    path(f"{PROJECT}difficulty/", difficulty.VoteRunList.as_view(), name="api-difficulty"),
    path(f"{PROJECT}difficulty/<uuid:vote_id>/", difficulty.VoteRunDetail.as_view(), name="api-vote"),
    path(
        f"{PROJECT}difficulty/<uuid:vote_id>/pairs/",
        difficulty.VotedPairList.as_view(),
        name="api-vote-pairs",
    ),
    path(f"{PROJECT}choices/", difficulty.ChoiceList.as_view(), name="api-choices"),
    path(f"{PROJECT}benchmarks/", benchmarks.BenchmarkList.as_view(), name="api-benchmarks"),
    path(
        f"{PROJECT}benchmarks/<uuid:evaluation_id>/",
        benchmarks.BenchmarkDetail.as_view(),
        name="api-benchmark",
    ),
    path(
        f"{PROJECT}benchmarks/<uuid:evaluation_id>/figures/",
        benchmarks.FigureList.as_view(),
        name="api-benchmark-figures",
    ),
    path(f"{PROJECT}alignments/", benchmarks.AlignmentList.as_view(), name="api-alignments"),
    path(
        f"{PROJECT}alignments/<uuid:alignment_id>/",
        benchmarks.AlignmentDetail.as_view(),
        name="api-alignment",
    ),
    path(f"{PROJECT}cleanings/", cleanings.CleaningList.as_view(), name="api-cleanings"),
    path(f"{PROJECT}cleanings/<uuid:cleaning_id>/", cleanings.CleaningDetail.as_view(), name="api-cleaning"),
    path(
        f"{PROJECT}cleanings/<uuid:cleaning_id>/captions/",
        cleanings.CleanedCaptionList.as_view(),
        name="api-cleaning-captions",
    ),
    path(f"{PROJECT}leakage/", cleanings.LeakageList.as_view(), name="api-leakage"),
    path(
        f"{PROJECT}leakage/<uuid:leakage_id>/pairs/", cleanings.LeakList.as_view(), name="api-leakage-pairs"
    ),
    path(f"{PROJECT}progress/", stocks.ProgressNow.as_view(), name="api-progress"),
    path(f"{PROJECT}samplings/", stocks.SamplingList.as_view(), name="api-samplings"),
    path(
        f"{PROJECT}samplings/<uuid:sampling_id>/images/",
        stocks.SampledList.as_view(),
        name="api-sampling-images",
    ),
    path(f"{PROJECT}swaps/", swapping.SwapsAndNew.as_view(), name="api-swaps"),
    path(f"{PROJECT}label-estimates/", quality.EstimateRunList.as_view(), name="api-label-estimates"),
    path(ESTIMATES, quality.EstimateRunDetail.as_view(), name="api-label-estimate-run"),
    path(f"{ESTIMATES}labels/", quality.EstimateList.as_view(), name="api-estimated-labels"),
    path(f"{PROJECT}quality-reports/", quality.QualityReportList.as_view(), name="api-quality-reports"),
    path(
        f"{PROJECT}quality-reports/<uuid:quality_id>/",
        quality.QualityReportDetail.as_view(),
        name="api-quality-report",
    ),
    path(f"{PROJECT}genericness/", genericness.ChecksAndNew.as_view(), name="api-genericness"),
    path(f"{PROJECT}pair-reports/", quality.PairReportList.as_view(), name="api-pair-reports"),
    path(
        f"{PROJECT}machine-reports/", machine_reports.MachineReportList.as_view(), name="api-machine-reports"
    ),
    path(
        f"{PROJECT}machine-reports/<uuid:machine_report_id>/",
        machine_reports.MachineReportDetail.as_view(),
        name="api-machine-report",
    ),
    path(f"{PROJECT}score-sets/", machine_reports.ScoreSetList.as_view(), name="api-score-sets"),
    path(
        f"{PROJECT}score-comparisons/",
        machine_reports.ComparisonList.as_view(),
        name="api-score-comparisons",
    ),
    path(
        f"{PROJECT}score-comparisons/<uuid:comparison_id>/figures/",
        machine_reports.ScoreFigureList.as_view(),
        name="api-score-comparison-figures",
    ),
    path(
        f"{PROJECT}samplings/<uuid:sampling_id>/apply/",
        stocks.SamplingApply.as_view(),
        name="api-sampling-apply",
    ),
    path(
        f"{PROJECT}samplings/<uuid:sampling_id>/undo/",
        stocks.SamplingUndo.as_view(),
        name="api-sampling-undo",
    ),
    path(
        f"{PROJECT}edits/<uuid:version_id>/decide/", deciding.EditDecision.as_view(), name="api-edit-decide"
    ),
    path(
        f"{PROJECT}questions/<uuid:question_id>/answer/",
        deciding.QuestionAnswer.as_view(),
        name="api-question-answer",
    ),
    path(
        f"{PROJECT}pair-reports/<uuid:report_id>/decide/",
        deciding.PairReportDecision.as_view(),
        name="api-pair-report-decide",
    ),
    path(
        f"{PROJECT}known-answers/<uuid:known_id>/retire/",
        deciding.KnownAnswerRetire.as_view(),
        name="api-known-answer-retire",
    ),
    path(ITEM, reviewing.ItemDetail.as_view(), name="api-review-item"),
    path(f"{ITEM}accept/", reviewing.ItemAccept.as_view(), name="api-review-item-accept"),
    path(f"{ITEM}return/", reviewing.ItemReturn.as_view(), name="api-review-item-return"),
    path(f"{ITEM}fix/", reviewing.ItemFix.as_view(), name="api-review-item-fix"),
    path(f"{ITEM}reopen/", reviewing.ItemReopen.as_view(), name="api-review-item-reopen"),
    path(f"{ROUND_IMAGE}accept/", reviewing.ImageAccept.as_view(), name="api-review-image-accept"),
    path(f"{ROUND_IMAGE}reopen/", reviewing.ImageReopen.as_view(), name="api-review-image-reopen"),
    path(
        f"{PROJECT}questions/<uuid:question_id>/precedent/",
        ruling.QuestionPrecedent.as_view(),
        name="api-question-precedent",
    ),
    path(
        f"{PROJECT}precedents/<uuid:precedent_id>/retire/",
        ruling.PrecedentRetire.as_view(),
        name="api-precedent-retire",
    ),
    path(
        f"{PROJECT}captions/<uuid:caption_id>/revert/",
        ruling.CaptionRevert.as_view(),
        name="api-caption-revert",
    ),
    path(f"{PROJECT}swaps/<uuid:act_id>/undo/", swapping.SwapUndo.as_view(), name="api-swap-undo"),
    path(f"{IMAGE}retire/", swapping.ImageRetire.as_view(), name="api-image-retire"),
    path(f"{IMAGE}activate/", swapping.ImageActivate.as_view(), name="api-image-activate"),
    path(f"{IMAGE}reserve/", swapping.ImageReserve.as_view(), name="api-image-reserve"),
    path(f"{PROJECT}caption-fixes/", fixing.FixesAndNew.as_view(), name="api-caption-fixes"),
    path(FIX, fixes.FixDetail.as_view(), name="api-caption-fix"),
    path(f"{FIX}preview/", fixes.FixPreview.as_view(), name="api-caption-fix-preview"),
    path(f"{FIX}items/", fixes.FixItemList.as_view(), name="api-caption-fix-items"),
    path(f"{FIX}leave-out/", fixing.FixLeaveOut.as_view(), name="api-caption-fix-leave-out"),
    path(f"{FIX}apply/", fixing.FixApply.as_view(), name="api-caption-fix-apply"),
    path(f"{FIX}discard/", fixing.FixDiscard.as_view(), name="api-caption-fix-discard"),
    path(f"{FIX}confirm/", fixing.FixConfirm.as_view(), name="api-caption-fix-confirm"),
    path(f"{FIX}undo/", fixing.FixUndo.as_view(), name="api-caption-fix-undo"),
    path(f"{PROJECT}onboarding/", onboarding.Plan.as_view(), name="api-onboarding"),
    path(f"{PROJECT}onboarding/people/", onboarding.Standings.as_view(), name="api-onboarding-people"),
    path(
        f"{PROJECT}onboarding/people/<uuid:person_id>/wave/",
        onboarding.Wave.as_view(),
        name="api-onboarding-wave",
    ),
    path(
        f"{PROJECT}onboarding/wave-experienced/",
        onboarding.WaveExperienced.as_view(),
        name="api-onboarding-wave-experienced",
    ),
    path(f"{LABEL_SET}retire/", label_sets.LabelSetRetire.as_view(), name="api-label-set-retire"),
    path(f"{LABEL_SET}restore/", label_sets.LabelSetRestore.as_view(), name="api-label-set-restore"),
    path(f"{PROJECT}genericness/suspect/", genericness.CheckSuspect.as_view(), name="api-generic-suspect"),
    path(f"{CHECK}decide/", genericness.CheckDecide.as_view(), name="api-generic-decide"),
    path(f"{CHECK}undo/", genericness.CheckUndo.as_view(), name="api-generic-undo"),
    path(
        f"{PROJECT}cleanings/<uuid:cleaning_id>/undo/",
        undoing.CleaningUndo.as_view(),
        name="api-cleaning-undo",
    ),
    path(
        f"{PROJECT}cleanings/<uuid:cleaning_id>/captions/<uuid:caption_id>/undo/",
        undoing.CleanedCaptionUndo.as_view(),
        name="api-cleaning-caption-undo",
    ),
    path(f"{PROJECT}leakage/<uuid:leakage_id>/undo/", undoing.LeakageUndo.as_view(), name="api-leakage-undo"),
    path(
        f"{PROJECT}leakage/pairs/<uuid:leak_id>/dismiss/",
        undoing.LeakDismiss.as_view(),
        name="api-leak-dismiss",
    ),
    path(f"{PROJECT}score-sets/import/", score_imports.ScoreImport.as_view(), name="api-score-import"),
    path(
        f"{PROJECT}batches/<uuid:batch_id>/give-on/", batches.BatchGiveOn.as_view(), name="api-batch-give-on"
    ),
    path(f"{PROJECT}people/<uuid:user_id>/in-hand/", handing_over.HandOver.as_view(), name="api-in-hand"),
    path(
        f"{PROJECT}known-answers/draw/", known_draws.KnownAnswersDraw.as_view(), name="api-known-answers-draw"
    ),
]
