"""The releases app."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Frozen, checksummed snapshots of a project."""

    name = "releases"

    def ready(self) -> None:
        """Make the release job known to whoever may ask for it."""
        from projects.models.jobs import JobQueue  # noqa: PLC0415  models load after the apps
        from projects.outlook import register_page  # noqa: PLC0415
        from projects.queue import register_kind  # noqa: PLC0415

        register_kind("release", JobQueue.DEFAULT, "Release")
        register_page("release", "releases")
