"""`manage.py import_images PROJECT FOLDER`: bring a folder of pictures, with its tables, into a project."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.importing.requesting import IMPORT, TRIAL, GivenFile, files_of_folder, request_import
from annotation.importing.running import ImportRunner
from annotation.importing.trial_running import TrialRunner
from polyannot.kernel.errors import DomainError
from projects.models import Project
from projects.outlook import figures_of
from projects.running import register_runner, run_job

SHOWN_FAILURES = 20


class Command(BaseCommand):
    """Import here and now; workers that are up join in."""

    help = "Import a folder of pictures into a project, with tables of images and captions beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the project's address, the folder and the tables."""
        parser.add_argument("project", help="the short name in the project's web address")
        parser.add_argument("folder", type=Path, nargs="?", help="a folder of pictures, or one archive")
        parser.add_argument("--csv", type=Path, help="table of images: file,key,title,author,...")
        parser.add_argument("--captions", type=Path, help="image_key,caption_key,text,..., or COCO .json")
        parser.add_argument("--addresses", type=Path, help="list of web addresses of images: key,url,...")
        parser.add_argument(
            "--trial", action="store_true", help="say what would happen, and bring nothing in"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Store, import, and say what came of it. Raises CommandError where nothing could be imported."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project with the address {options['project']!r}.")
        tables = [_table(options[name]) for name in ("csv", "captions", "addresses")]
        try:
            job = request_import(
                project=project,
                actor=None,
                images=_images(options["folder"]),
                metadata=tables[0],
                captions=tables[1],
                addresses=tables[2],
                is_trial=options["trial"],
            )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        register_runner(IMPORT, ImportRunner())
        register_runner(TRIAL, TrialRunner())
        run_job(job.pk)
        job.refresh_from_db()
        if job.error:
            raise CommandError(job.error)
        for what, counts in figures_of(job):
            self.stdout.write(f"{what}: " + ", ".join(f"{n} {word}" for word, n in counts))
        for failure in job.failures.all()[:SHOWN_FAILURES]:
            self.stdout.write(f"  {failure.item}: {failure.reason}")
        if (more := job.failures.count() - SHOWN_FAILURES) > 0:
            self.stdout.write(f"  and {more} more, listed on the page of the job")


def _images(folder: Path | None) -> list[GivenFile]:
    if folder is None:
        return []
    return [GivenFile(folder.name, folder)] if folder.is_file() else files_of_folder(folder)


def _table(path: Path | None) -> GivenFile | None:
    if path is not None and not path.is_file():
        raise CommandError(f"There is no file {path}.")
    return GivenFile(path.name, path) if path is not None else None
