"""Addresses of the rules of the work: labels, known answers, onboarding."""

from django.urls import path

from annotation.views import known_answers, label_schemas, onboarding

SCHEMA = "guidelines/labels/<uuid:schema_id>/"
KNOWN = "guidelines/known/"
ONE_KNOWN = f"{KNOWN}<uuid:known_id>/"
PAIR = f"{KNOWN}pairs/<uuid:version_id>/"

urlpatterns = [
    path("guidelines/labels/", label_schemas.label_schemas, name="label-schemas"),
    path("guidelines/labels/new/", label_schemas.label_schema_new, name="label-schema-new"),
    path(SCHEMA, label_schemas.label_schema, name="label-schema"),
    path(f"{SCHEMA}retire/", label_schemas.label_schema_retire, name="label-schema-retire"),
    path(f"{SCHEMA}restore/", label_schemas.label_schema_restore, name="label-schema-restore"),
    path(KNOWN, known_answers.known_answers, name="known-answers"),
    path(f"{KNOWN}draw/", known_answers.known_answers_draw, name="known-answers-draw"),
    path(ONE_KNOWN, known_answers.known_answer, name="known-answer"),
    path(f"{ONE_KNOWN}retire/", known_answers.known_answer_retire, name="known-answer-retire"),
    path(PAIR, known_answers.known_answer_new, name="known-answer-new"),
    path(f"{PAIR}example/", known_answers.known_answer_example, name="known-answer-example"),
    path("guidelines/onboarding/", onboarding.onboarding_people, name="guideline-onboarding"),
    path(
        "guidelines/onboarding/<uuid:person_id>/wave/",
        onboarding.onboarding_wave,
        name="guideline-onboarding-wave",
    ),
    path(
        "guidelines/onboarding/wave/",
        onboarding.onboarding_wave_experienced,
        name="guideline-onboarding-experienced",
    ),
    path("annotate/onboarding/", onboarding.onboarding, name="onboarding"),
    path("annotate/onboarding/read/", onboarding.onboarding_read, name="onboarding-read"),
    path("annotate/onboarding/begin/", onboarding.onboarding_begin, name="onboarding-begin"),
    path("annotate/onboarding/<uuid:run_id>/answer/", onboarding.onboarding_answer, name="onboarding-answer"),
]
