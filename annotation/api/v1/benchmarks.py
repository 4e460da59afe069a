"""Benchmarks of encoders and alignments of models through the API: runs and every figure with its n and interval."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.difficulty import SEES_MODELS
from annotation.machine.aligning.showing import (
    COLUMNS,
    alignment_of,
    figure_rows,
    finished_alignments,
    variant_of,
)
from annotation.machine.evaluation.showing import RunOverview, overview, run_of, runs_of, voters_of
from annotation.models import AlignmentRun, EvaluatedCaptions, EvaluationFigure, EvaluationRun
from projects.api.door import ProjectApiView


class BenchmarkOut(serializers.Serializer[EvaluationRun]):
    """A finished benchmark; `difficulty` is the vote whose levels it uses."""

    id = serializers.UUIDField(source="public_id")
    job = serializers.UUIDField(source="job.public_id")
    captions = serializers.ChoiceField(choices=EvaluatedCaptions.choices)
    difficulty = serializers.UUIDField(source="difficulty_run.job.public_id", allow_null=True, default=None)
    seed = serializers.IntegerField()
    made_at = serializers.DateTimeField()


class BenchmarkDetailOut(serializers.Serializer[RunOverview]):
    """A finished benchmark and how much took part."""

    id = serializers.UUIDField(source="run.public_id")
    job = serializers.UUIDField(source="run.job.public_id")
    captions = serializers.ChoiceField(source="run.captions", choices=EvaluatedCaptions.choices)
    difficulty = serializers.UUIDField(
        source="run.difficulty_run.job.public_id", allow_null=True, default=None
    )
    seed = serializers.IntegerField(source="run.seed")
    made_at = serializers.DateTimeField(source="run.made_at")
    n_images = serializers.IntegerField()
    n_captions = serializers.IntegerField(help_text="Good captions.")
    n_negatives = serializers.IntegerField(help_text="Captions that people found bad for their image.")
    n_without_level = serializers.IntegerField(help_text="Good captions that the vote does not know.")


class BenchmarkList(ProjectApiView):
    """The finished benchmarks, newest first."""

    serializer_class = BenchmarkOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="benchmarks_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the benchmarks."""
        return self.paged(runs_of(self.access.project).select_related("job", "difficulty_run__job"))


class BenchmarkDetail(ProjectApiView):
    """One benchmark."""

    serializer_class = BenchmarkDetailOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="benchmarks_retrieve")
    def get(self, request: Request, project_slug: str, evaluation_id: UUID) -> Response:
        """Return the benchmark."""
        run = run_of(self.access.project, evaluation_id)
        return Response(self.get_serializer(overview(run)).data)


class FigureOut(serializers.Serializer[EvaluationFigure]):
    """One figure of one encoder; shares are 0 to 1, ranks from 1, `value` is null where it is undefined."""

    encoder = serializers.CharField(source="encoder.name")
    weights_sha256 = serializers.CharField(source="encoder.weights_hash")
    has_voted = serializers.SerializerMethodField()
    direction = serializers.CharField(allow_blank=True, help_text="i2t, t2i, or empty for figures of pairs.")
    level = serializers.CharField(allow_blank=True, help_text="Level of difficulty; empty for all pairs.")
    leaves_out_own = serializers.BooleanField(
        help_text="Whether the levels are those of the vote without this encoder."
    )
    figure = serializers.CharField(source="name")
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="The queries, ranks or positive pairs that it is made of.")
    n_other = serializers.IntegerField(allow_null=True, help_text="The gallery, or the negatives.")

    def get_has_voted(self, figure: EvaluationFigure) -> bool:
        """Say whether the encoder took part in the vote that made the levels."""
        return figure.encoder_id in self.context["view"].voters


class FigureQuery(serializers.Serializer[Any]):
    """Which figures."""

    encoder = serializers.CharField(required=False, max_length=200)
    figure = serializers.CharField(required=False, max_length=40)


class FigureList(ProjectApiView):
    """Every figure of a benchmark in the order it was computed."""

    serializer_class = FigureOut
    read_rule = SEES_MODELS
    query = FigureQuery
    oldest_first = True

    @extend_schema(operation_id="benchmarks_figures_list", parameters=[FigureQuery])
    def get(self, request: Request, project_slug: str, evaluation_id: UUID) -> Response:
        """List the figures."""
        run = run_of(self.access.project, evaluation_id)
        places = {"encoder": "encoder__name", "figure": "name"}
        wanted = {places[name]: value for name, value in self.asked().items()}
        self.voters = voters_of(run)
        return self.paged(run.figures.filter(**wanted).select_related("encoder"))


class AlignmentOut(serializers.Serializer[AlignmentRun]):
    """A model that was aligned with the project's own captions."""

    id = serializers.UUIDField(source="public_id")
    job = serializers.UUIDField(source="job.public_id")
    encoder = serializers.CharField(source="encoder_name", help_text="The name under which jobs ask for it.")
    base = serializers.CharField(source="config.base")
    variant = serializers.SerializerMethodField()
    sha256 = serializers.CharField(source="weights.sha256", help_text="Of the weights.")
    seed = serializers.IntegerField(source="config.recipe.seed")
    made_at = serializers.DateTimeField()

    def get_variant(self, run: AlignmentRun) -> str:
        """Return in words what was trained."""
        return variant_of(run.config)


class AlignmentFigureOut(serializers.Serializer[Any]):
    """One figure before or after the training, in percent, on images that it never saw."""

    part = serializers.CharField(help_text="before or after.")
    direction = serializers.CharField(
        allow_blank=True, help_text="t2i, i2t, or empty for overlaps of rankings."
    )
    figure = serializers.CharField()
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()


class AlignmentDetailOut(AlignmentOut):
    """An aligned model with its figures before and after."""

    figures = serializers.SerializerMethodField()

    @extend_schema_field(AlignmentFigureOut(many=True))
    def get_figures(self, run: AlignmentRun) -> list[dict[str, object]]:
        """Return the figures."""
        return [dict(zip(COLUMNS[2:-1], row[2:-1], strict=True)) for row in figure_rows(run)]


class AlignmentList(ProjectApiView):
    """The finished alignments, newest first."""

    serializer_class = AlignmentOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="alignments_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the alignments."""
        return self.paged(finished_alignments(self.access.project).select_related("job", "weights"))


class AlignmentDetail(ProjectApiView):
    """One alignment."""

    serializer_class = AlignmentDetailOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="alignments_retrieve")
    def get(self, request: Request, project_slug: str, alignment_id: UUID) -> Response:
        """Return the alignment."""
        return Response(self.get_serializer(alignment_of(self.access.project, alignment_id)).data)
