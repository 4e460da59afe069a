"""Imports of images and captions through the API: asking, trying, bringing in what was tried, what was refused."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.exchange.importing_judgments import KIND
from annotation.forms.images import LARGEST_UPLOAD, given_file
from annotation.importing.requesting import IMPORT, TRIAL, import_for_good, request_import
from annotation.importing.sources import told_place
from projects.access import job_of
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Job, JobFailure, Role

IMPORTS = (Role.HEAD, Role.ADMIN)
TABLES = ("metadata", "captions", "addresses")


class ImportIn(serializers.Serializer[Any]):
    """Files to import; at least one of the four. The columns of tables: docs/algorithms/import.md."""

    images = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        max_length=100,
        help_text="One archive (also an image folder, webdataset or COCO), or pictures.",
    )
    metadata = serializers.FileField(required=False, help_text="The table of images.")
    captions = serializers.FileField(
        required=False, help_text="The table of captions, COCO captions (.json) or a metadata.jsonl."
    )
    addresses = serializers.FileField(
        required=False, help_text="A list of web addresses of images, fetched by a worker."
    )
    trial = serializers.BooleanField(
        default=False, help_text="Say what the import would come to, and bring nothing in."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold the limit on the whole upload."""
        files = [*attrs.get("images", ()), *(attrs.get(name) for name in TABLES)]
        if sum(file.size for file in files if file is not None) > LARGEST_UPLOAD:
            raise serializers.ValidationError("This is more than 4 GiB; send it in parts.")
        return attrs


class ImportNew(ProjectApiView):
    """Importing images, what is known about them, and captions."""

    serializer_class = ImportIn
    parser_classes = [MultiPartParser]
    read_rule = write_rule = IMPORTS

    @kept
    @extend_schema(operation_id="imports_create", responses={202: JobOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Store the files and ask a worker to import them, or to try it; natural keys make a second import harmless."""
        given = self.sent()
        return once(request, lambda: self._asked(given))

    def _asked(self, given: dict[str, Any]) -> Response:
        tables = {name: given_file(given[name]) for name in TABLES if name in given}
        job = request_import(
            project=self.access.project,
            actor=self.person,
            images=[given_file(file) for file in given.get("images", ())],
            metadata=tables.get("metadata"),
            captions=tables.get("captions"),
            addresses=tables.get("addresses"),
            is_trial=given["trial"],
        )
        return asked(job)


class ImportForGood(ProjectApiView):
    """Bringing in what a trial tried."""

    serializer_class = JobOut
    read_rule = write_rule = IMPORTS

    @kept
    @extend_schema(operation_id="imports_for_good", request=None, responses={202: JobOut})
    def post(self, request: Request, project_slug: str, import_id: UUID) -> Response:
        """Ask for the import of the files that the trial looked at."""
        trial = job_of(self.access, import_id, TRIAL)
        return once(request, lambda: self._asked(trial))

    def _asked(self, trial: Job) -> Response:
        return asked(import_for_good(project=self.access.project, actor=self.person, trial=trial))


class RefusedOut(serializers.Serializer[JobFailure]):
    """Something that an import refused: where it stands, and why."""

    file = serializers.SerializerMethodField()
    line = serializers.SerializerMethodField()
    reason = serializers.CharField()

    def get_file(self, failure: JobFailure) -> str:
        """Return the name of the file, or of the picture in an archive."""
        return told_place(failure.item)[0]

    def get_line(self, failure: JobFailure) -> str:
        """Return the line, or what else a row of such a file is told by; empty where it is the whole file."""
        return told_place(failure.item)[1]


class ImportErrors(ProjectApiView):
    """What an import or a trial refused: of images and captions, or of judgments."""

    serializer_class = RefusedOut
    read_rule = IMPORTS
    oldest_first = True

    @extend_schema(operation_id="imports_errors_list")
    def get(self, request: Request, project_slug: str, import_id: UUID) -> Response:
        """List what was refused by file and line."""
        return self.paged(JobFailure.objects.filter(job=job_of(self.access, import_id, IMPORT, TRIAL, KIND)))
