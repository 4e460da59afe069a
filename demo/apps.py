"""The demo app; it has no models and its command refuses to run outside a demonstration."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demonstration project."""

    name = "demo"
