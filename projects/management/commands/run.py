"""`manage.py run KIND PROJECT`: ask for a job from the command line; workers do it."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polyannot.kernel.errors import DomainError
from projects.models import Job, Project
from projects.models.jobs import JobState
from projects.queue import KINDS, enqueue

LOOK_SECONDS = 0.5


def parameter(text: str) -> tuple[str, Any]:
    """Return name and value of KEY=VALUE; a value that is JSON (a number, a list, true) is taken as such."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(text)
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


class Command(BaseCommand):
    """Ask for a job and, with --wait, follow it to its end."""

    help = "Ask for a job of a project; the workers that serve its queue do it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the kind, the project's address and the parameters."""
        parser.add_argument("kind", choices=sorted(KINDS), help="what to do")
        parser.add_argument("project", help="the project's short name in web addresses")
        parser.add_argument(
            "--param",
            action="append",
            default=[],
            type=parameter,
            metavar="NAME=VALUE",
            help="a parameter of the job; may be given several times",
        )
        parser.add_argument("--seed", type=int, default=0, help="for every random choice of the job")
        parser.add_argument("--wait", action="store_true", help="follow the job to its end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Ask, say the job's id, and perhaps wait. Raises CommandError for what cannot be asked and for a failure."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        try:
            job = enqueue(
                kind=options["kind"],
                project=project,
                parameters=dict(options["param"]),
                asked_by=None,
                seed=options["seed"],
            )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"{job.kind} {job.public_id}")
        if options["wait"]:
            self._follow(job)

    def _follow(self, job: Job) -> None:
        said = ""
        while True:
            job.refresh_from_db()
            line = f"{job.state}: {job.items_done} of {job.items_total}"
            if line != said:
                self.stdout.write(line)
                said = line
            if not job.is_active:
                break
            time.sleep(LOOK_SECONDS)
        for failure in job.failures.all():
            self.stderr.write(f"left out: {failure}")
        if job.state != JobState.DONE:
            raise CommandError(job.error or f"The job was {job.state}.")
        self.stdout.write(json.dumps(job.result, indent=2))
