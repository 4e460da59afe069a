"""The studies app."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Studies: design, participants, answers, results."""

    name = "studies"
