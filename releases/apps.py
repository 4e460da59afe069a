"""The releases app."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Frozen, checksummed snapshots of a project."""

    name = "releases"
