"""The studies app."""

from importlib import import_module

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Studies: design, participants, answers, results."""

    name = "studies"

    def ready(self) -> None:
        """Make known which kinds of job this app asks for, and its grades; the modules need the models to be there."""
        import_module("studies.job_kinds")
        import_module("studies.results.telling_grades")
