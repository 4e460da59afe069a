"""The projects app."""

from importlib import import_module

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects, memberships, jobs, events, stored files."""

    name = "projects"

    def ready(self) -> None:
        """Have workers and the scheduler give signs of life; the module needs the models to be there."""
        import_module("projects.heartbeats")
