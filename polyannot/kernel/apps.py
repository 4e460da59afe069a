"""The kernel as an installed app, so that its management commands are found."""

from django.apps import AppConfig

# Loaded with the first app, so that tasks and those who ask for them mean the same broker. Not loaded with the
# package: the keepers of the embedded servers are part of it and stay small.
from polyannot.celery import app as celery_app

__all__ = ["KernelConfig", "celery_app"]


class KernelConfig(AppConfig):
    """Shared floor of all apps; it has no models."""

    name = "polyannot.kernel"
    label = "kernel"
