"""The annotation app."""

from importlib import import_module

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Images, candidate captions, judgments, edits, review, agreement, difficulty."""

    name = "annotation"

    def ready(self) -> None:
        """Make the kinds of job and the counts of the navigation known; the modules need the models to be there."""
        import_module("annotation.job_kinds")
        import_module("annotation.waiting")
