"""Judgments made elsewhere through the API: a file is tried or brought in, and what each import came to."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import judgment_import_of, label_schema_of
from annotation.api.v1.imports import IMPORTS
from annotation.exchange.imported_raters import named_members
from annotation.exchange.importing_judgments import (
    KIND,
    LONGEST_BATCH_NAME,
    MOST_RATERS_NEEDED,
    JudgmentImportSettings,
    repeat_for_good,
    request_judgment_import,
)
from annotation.forms.images import LARGEST_UPLOAD, given_file
from annotation.models import JudgmentFormat, JudgmentImport, LabelMeaning, MeasurementLevel
from projects.access import job_of
from projects.api.door import ProjectApiView
from projects.api.nouns import JobOut, asked
from projects.api.once import kept, once
from projects.models import Job

LONGEST_LIST = 20_000


class FileLabelOut(serializers.Serializer[Any]):
    """A label of the file as the set of labels has it, and how many rows of the file have it."""

    key = serializers.CharField()
    name = serializers.CharField()
    meaning = serializers.ChoiceField(choices=LabelMeaning.choices)
    n = serializers.IntegerField()


class FileRatersOut(serializers.Serializer[Any]):
    """Raters of the file by what account they have: members, accounts of earlier imports, or new ones."""

    members = serializers.IntegerField()
    known = serializers.IntegerField()
    new = serializers.IntegerField()


class JudgmentImportOut(serializers.Serializer[JudgmentImport]):
    """What an import of judgments came to, or would come to where it was tried; raters are counted, not named."""

    id = serializers.UUIDField(source="public_id")
    job = serializers.UUIDField(source="job.public_id")
    format = serializers.ChoiceField(choices=JudgmentFormat.choices)
    is_trial = serializers.BooleanField()
    n_rows = serializers.IntegerField(
        help_text="New, there already, refused, and skips, which are no ratings."
    )
    n_new = serializers.IntegerField()
    n_there = serializers.IntegerField()
    n_refused = serializers.IntegerField(help_text="By file and line with the reason: imports/JOB/errors/.")
    n_skips = serializers.IntegerField()
    n_captions = serializers.IntegerField(help_text="Captions that were or would be made.")
    n_edits = serializers.IntegerField()
    batches = serializers.SerializerMethodField()
    labels = serializers.SerializerMethodField()
    raters = serializers.SerializerMethodField()
    made_at = serializers.DateTimeField()

    def get_batches(self, row: JudgmentImport) -> list[str]:
        """Return the names of the batches that the judgments came into, or would."""
        return [str(name) for name in row.told["batches"]]

    @extend_schema_field(FileLabelOut(many=True))
    def get_labels(self, row: JudgmentImport) -> Any:
        """Return the labels."""
        return row.told["labels"]

    @extend_schema_field(FileRatersOut)
    def get_raters(self, row: JudgmentImport) -> dict[str, int]:
        """Return how many raters have which kind of account."""
        kinds = [rater["account"] for rater in row.told["raters"]]
        return {"members": kinds.count("member"), "known": kinds.count("known"), "new": kinds.count("new")}


class JudgmentImportIn(serializers.Serializer[Any]):
    """A file of judgments, and how it is to be read: docs/algorithms/judgment-formats.md."""

    file = serializers.FileField()
    format = serializers.ChoiceField(choices=JudgmentFormat.choices, default=JudgmentFormat.LONG_CSV.value)
    batch_name = serializers.CharField(
        max_length=LONGEST_BATCH_NAME, help_text="A file with several rounds gives a batch for each."
    )
    schema = serializers.UUIDField(
        required=False, help_text="The set of labels; without one `schema_name` is made from the file."
    )
    schema_name = serializers.CharField(max_length=80, default="", allow_blank=True)
    level = serializers.ChoiceField(
        choices=MeasurementLevel.choices, default=MeasurementLevel.ORDINAL.value, help_text="Of a new set."
    )
    listed_labels = serializers.CharField(
        max_length=LONGEST_LIST,
        default="",
        allow_blank=True,
        help_text="Of a new set, one a line, lowest first, as in: 1 = not at all. Empty: as the file has them.",
    )
    creates_captions = serializers.BooleanField(
        default=False, help_text="Add captions that are missing to images that are there."
    )
    keeps_names = serializers.BooleanField(
        default=True, help_text="Raters are called as in the file; else Rater 1, Rater 2 and so on."
    )
    names_hold = serializers.BooleanField(
        default=True, help_text="The same name in another file is the same person."
    )
    members = serializers.CharField(
        max_length=LONGEST_LIST,
        default="",
        allow_blank=True,
        help_text="Raters who work here, one a line: name in the file = sign-in name.",
    )
    needed = serializers.IntegerField(
        min_value=1, max_value=MOST_RATERS_NEEDED, default=2, help_text="Raters that a verdict waits for."
    )
    label_control = serializers.CharField(
        max_length=80, default="", allow_blank=True, help_text="Label Studio: the control with the label."
    )
    trial = serializers.BooleanField(
        default=False, help_text="Say what the import would come to, and bring nothing in."
    )

    def validate_file(self, file: Any) -> Any:
        """Hold the limit on the upload."""
        if file.size > LARGEST_UPLOAD:
            raise serializers.ValidationError(_("This is more than 4 GiB; send it in parts."))
        return file


class JudgmentImportsAndNew(ProjectApiView):
    """The imports and trials that were done, newest first, and asking for one."""

    serializer_class = JudgmentImportOut
    parser_classes = [MultiPartParser]
    read_rule = write_rule = IMPORTS

    def get_queryset(self) -> QuerySet[JudgmentImport]:
        """Return the imports of the project."""
        return JudgmentImport.objects.filter(project=self.access.project).select_related("job")

    @extend_schema(operation_id="judgment_imports_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the imports."""
        return self.paged(self.get_queryset())

    @kept
    @extend_schema(operation_id="judgment_imports_create", request=JudgmentImportIn, responses={202: JobOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Store the file and ask a worker to import it, or to try it; a second time it changes nothing."""
        given = JudgmentImportIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._asked(dict(given.validated_data)))

    def _asked(self, values: dict[str, Any]) -> Response:
        file, is_trial = given_file(values.pop("file")), values.pop("trial")
        schema = values.pop("schema", None)
        settings = JudgmentImportSettings(
            schema=label_schema_of(self.access, schema) if schema else None,
            members=named_members(self.access.project, values.pop("members")),
            **values,
        )
        job = request_judgment_import(
            project=self.access.project, actor=self.person, file=file, settings=settings, is_trial=is_trial
        )
        return asked(job)


class JudgmentImportDetail(ProjectApiView):
    """One import or trial, by its job."""

    serializer_class = JudgmentImportOut
    read_rule = IMPORTS

    @extend_schema(operation_id="judgment_imports_retrieve")
    def get(self, request: Request, project_slug: str, import_job_id: UUID) -> Response:
        """Return what it came to; missing until its job is done."""
        return Response(self.get_serializer(judgment_import_of(self.access, import_job_id)).data)


class JudgmentImportForGood(ProjectApiView):
    """Bringing in what a trial tried."""

    serializer_class = JobOut
    read_rule = write_rule = IMPORTS

    @kept
    @extend_schema(operation_id="judgment_imports_for_good", request=None, responses={202: JobOut})
    def post(self, request: Request, project_slug: str, import_job_id: UUID) -> Response:
        """Ask for the import with the file and the settings of the trial."""
        trial = job_of(self.access, import_job_id, KIND)
        return once(request, lambda: self._asked(trial))

    def _asked(self, trial: Job) -> Response:
        return asked(repeat_for_good(project=self.access.project, actor=self.person, trial=trial))
