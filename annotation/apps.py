"""The annotation app."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Images, candidate captions, judgments, edits, review, agreement, difficulty."""

    name = "annotation"
