"""`manage.py run_job KIND PROJECT`: the former name of `run`."""

from projects.management.commands.run import Command

__all__ = ["Command"]
