"""The kernel as an installed app, so that its management commands are found."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Shared floor of all apps; it has no models."""

    name = "polyannot.kernel"
    label = "kernel"
