"""Addresses of what models make of a project: similarities, difficulty, the diverse captions."""

from django.urls import path

from annotation.views import (
    alignment,
    benchmark,
    benchmark_pairs,
    choices,
    difficulty,
    drawings,
    polysemy,
    robustness,
    scores,
    similarity,
)

urlpatterns = [
    path("difficulty/", difficulty.difficulty, name="difficulty"),
    path("difficulty/run/", difficulty.run_difficulty, name="difficulty-run"),
    path("difficulty/calibrate/", difficulty.run_calibration, name="difficulty-calibrate"),
    path("difficulty/robustness/", robustness.robustness, name="difficulty-robustness"),
    path("difficulty/robustness/run/", robustness.run_robustness, name="difficulty-robustness-run"),
    path("difficulty/robustness/kappas.csv", robustness.robustness_csv, name="difficulty-robustness-csv"),
    path("difficulty/calibration.csv", difficulty.calibration_csv, name="difficulty-calibration-csv"),
    path("difficulty/similarities/", similarity.similarities, name="difficulty-similarities"),
    path("difficulty/similarities/run/", similarity.run_similarities, name="difficulty-similarities-run"),
    path("difficulty/similarities/embed/", similarity.run_embeddings, name="difficulty-embed"),
    path("difficulty/jobs/<uuid:job_id>/", similarity.machine_job, name="difficulty-job"),
    path("difficulty/benchmark/", benchmark.benchmark, name="difficulty-benchmark"),
    path("difficulty/benchmark/run/", benchmark.run_benchmark, name="difficulty-benchmark-run"),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/figures.csv",
        benchmark.figures_csv,
        name="difficulty-benchmark-csv",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/tables.tex",
        benchmark.tables_tex,
        name="difficulty-benchmark-tex",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/pairs/",
        benchmark_pairs.benchmark_pairs,
        name="difficulty-benchmark-pairs",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/pairs.csv",
        benchmark_pairs.benchmark_pairs_csv,
        name="difficulty-benchmark-pairs-csv",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/captions/<uuid:version_id>/",
        benchmark_pairs.benchmark_caption,
        name="difficulty-benchmark-caption",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/images/<uuid:image_id>/",
        benchmark_pairs.benchmark_image,
        name="difficulty-benchmark-image",
    ),
    path("difficulty/benchmark/<uuid:evaluation_id>/scores/", scores.scores, name="difficulty-scores"),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/scores/import/",
        scores.scores_import,
        name="difficulty-scores-import",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/scores/pairs.csv",
        scores.pairs_to_score,
        name="difficulty-scores-pairs",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/scores/<uuid:scores_id>/compare/",
        scores.scores_compare,
        name="difficulty-scores-compare",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/scores/<uuid:scores_id>/figures.csv",
        scores.scores_csv,
        name="difficulty-scores-csv",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/scores/<uuid:scores_id>/tables.tex",
        scores.scores_tex,
        name="difficulty-scores-tex",
    ),
    path(
        "difficulty/benchmark/<uuid:evaluation_id>/scores/<uuid:scores_id>/<slug:drawing>.<slug:form>",
        scores.score_drawing,
        name="difficulty-score-drawing",
    ),
    path(
        "drawings/<uuid:job_id>/<slug:drawing_name>.<slug:drawing_form>",
        drawings.machine_drawing,
        name="machine-drawing",
    ),
    path("difficulty/alignment/", alignment.alignment, name="difficulty-alignment"),
    path("difficulty/alignment/run/", alignment.run_alignment, name="difficulty-alignment-run"),
    path(
        "difficulty/alignment/<uuid:alignment_id>/figures.csv",
        alignment.alignment_csv,
        name="difficulty-alignment-csv",
    ),
    path("difficulty/polysemy/", polysemy.polysemy, name="polysemy"),
    path("difficulty/polysemy/run/", polysemy.run_polysemy, name="polysemy-run"),
    path("difficulty/polysemy/figures.csv", polysemy.polysemy_csv, name="polysemy-csv"),
    path("choices/", choices.choices, name="choices"),
    path("choices/run/", choices.run_choices, name="choices-run"),
    path("choices/<uuid:image_id>/", choices.choice_of_image, name="choice-of-image"),
    path("choices/<uuid:image_id>/captions.csv", choices.choice_csv, name="choice-csv"),
    path("choices/<uuid:image_id>/captions.svg", choices.choice_svg, name="choice-svg"),
]
