"""Addresses of studies for researchers."""

from django.urls import path

from studies.views import builder, lifecycle, monitor, recruiting, results, sets

urlpatterns = [
    path("", builder.studies, name="studies"),
    path("new/", builder.study_new, name="study-new"),
    path("<uuid:study_id>/", monitor.study_monitor, name="study"),
    path("<uuid:study_id>/edit/", builder.study_edit, name="study-edit"),
    path("<uuid:study_id>/plan/", builder.study_plan, name="study-plan"),
    path("<uuid:study_id>/texts/", builder.study_texts, name="study-texts"),
    path("<uuid:study_id>/texts/<slug:kind>/", builder.study_text, name="study-text"),
    path("<uuid:study_id>/pairs/", monitor.study_pairs, name="study-pairs"),
    path("<uuid:study_id>/sets/", sets.study_sets, name="study-sets"),
    path("<uuid:study_id>/sets/remove/", sets.study_set_remove, name="study-set-remove"),
    path("<uuid:study_id>/copy/", lifecycle.study_copy, name="study-copy"),
    path("<uuid:study_id>/launch/", lifecycle.study_launch, name="study-launch"),
    path("<uuid:study_id>/pause/", lifecycle.study_pause, name="study-pause"),
    path("<uuid:study_id>/resume/", lifecycle.study_resume, name="study-resume"),
    path("<uuid:study_id>/close/", lifecycle.study_close, name="study-close"),
    path("<uuid:study_id>/extend/", lifecycle.study_extend, name="study-extend"),
    path("<uuid:study_id>/deviations/", lifecycle.study_deviation, name="study-deviation"),
    path("<uuid:study_id>/pilot/", lifecycle.study_pilot, name="study-pilot"),
    path("<uuid:study_id>/pilot/delete/", lifecycle.study_pilot_delete, name="study-pilot-delete"),
    path("policy/", lifecycle.study_policy, name="study-policy"),
    path("<uuid:study_id>/approve/", lifecycle.study_approve, name="study-approve"),
    path("<uuid:study_id>/tests/delete/", lifecycle.study_tests_delete, name="study-tests-delete"),
    path("<uuid:study_id>/tests/link/", lifecycle.study_test_link, name="study-test-link"),
    path("<uuid:study_id>/try/", lifecycle.study_try, name="study-try"),
    path("<uuid:study_id>/recruiting/", recruiting.study_recruiting, name="study-recruiting"),
    path(
        "<uuid:study_id>/recruiting/platform-ids/", recruiting.study_platform_ids, name="study-platform-ids"
    ),
    path(
        "<uuid:study_id>/recruiting/platform-ids/erase/",
        recruiting.study_platform_erase,
        name="study-platform-erase",
    ),
    path("<uuid:study_id>/recruiting/links/", recruiting.study_links, name="study-links"),
    path("<uuid:study_id>/recruiting/links/make/", recruiting.study_links_make, name="study-links-make"),
    path(
        "<uuid:study_id>/recruiting/links/call-back/",
        recruiting.study_links_call_back,
        name="study-links-call-back",
    ),
    path("<uuid:study_id>/recruiting/submissions/", recruiting.study_submissions, name="study-submissions"),
    path("<uuid:study_id>/preregistration/", monitor.study_declared, name="study-declared"),
    path(
        "<uuid:study_id>/preregistration.<str:form>", monitor.study_declared_file, name="study-declared-file"
    ),
    path("<uuid:study_id>/results/", results.study_results, name="study-results"),
    path("<uuid:study_id>/results/compute/", results.study_compute, name="study-compute"),
    path("<uuid:study_id>/results/pairs.csv", results.study_pairs_csv, name="study-pairs-csv"),
    path("<uuid:study_id>/results/perfect.csv", results.study_perfect_csv, name="study-perfect-csv"),
    path("<uuid:study_id>/results/figures.json", results.study_figures_json, name="study-figures-json"),
    path("<uuid:study_id>/results/public.zip", results.study_public_archive, name="study-public-archive"),
    path("<uuid:study_id>/results/answers.zip", results.study_answers_archive, name="study-answers-archive"),
    path(
        "<uuid:study_id>/results/figures/<slug:figure>.<slug:form>",
        results.study_figure,
        name="study-figure",
    ),
]
