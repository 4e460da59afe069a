"""The annotation app."""

from importlib import import_module

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Images, candidate captions, judgments, edits, review, agreement, difficulty."""

    name = "annotation"

    def ready(self) -> None:
        """Make the kinds of job known that this app asks for; the module needs the models to be there."""
        import_module("annotation.job_kinds")
