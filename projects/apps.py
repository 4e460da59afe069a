"""The projects app."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects, memberships, jobs, events, stored files."""

    name = "projects"
