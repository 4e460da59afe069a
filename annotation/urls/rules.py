"""Addresses of the rules of the work: labels, known answers, onboarding."""

from django.urls import path

from annotation.views import label_schemas

SCHEMA = "guidelines/labels/<uuid:schema_id>/"

urlpatterns = [
    path("guidelines/labels/", label_schemas.label_schemas, name="label-schemas"),
    path("guidelines/labels/new/", label_schemas.label_schema_new, name="label-schema-new"),
    path(SCHEMA, label_schemas.label_schema, name="label-schema"),
    path(f"{SCHEMA}retire/", label_schemas.label_schema_retire, name="label-schema-retire"),
    path(f"{SCHEMA}restore/", label_schemas.label_schema_restore, name="label-schema-restore"),
]
