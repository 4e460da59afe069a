"""The studies app."""

from importlib import import_module

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Studies: design, participants, answers, results."""

    name = "studies"

    def ready(self) -> None:
        """Make the kinds of job known that this app asks for; the module needs the models to be there."""
        import_module("studies.job_kinds")
