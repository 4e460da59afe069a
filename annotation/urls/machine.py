"""Addresses of what models make of a project: similarities, difficulty, the diverse captions."""

from django.urls import path

from annotation.views import benchmark, choices, difficulty, similarity

urlpatterns = [
    path("difficulty/", difficulty.difficulty, name="difficulty"),
    path("difficulty/run/", difficulty.run_difficulty, name="difficulty-run"),
    path("difficulty/calibrate/", difficulty.run_calibration, name="difficulty-calibrate"),
    path("difficulty/similarities/", similarity.similarities, name="difficulty-similarities"),
    path("difficulty/similarities/run/", similarity.run_similarities, name="difficulty-similarities-run"),
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
    path("choices/", choices.choices, name="choices"),
    path("choices/run/", choices.run_choices, name="choices-run"),
]
