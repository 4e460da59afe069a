"""What models make of a project through the API: votes of difficulty and the diverse captions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.machine.difficulty.choices_showing import current_choices
from annotation.machine.difficulty.showing import RunOverview, overview, run_of, runs_of
from annotation.models import (
    CaptionChoice,
    Difficulty,
    DifficultyLevel,
    DifficultyRun,
    DifficultyVote,
    ImageChoice,
)
from annotation.models.machine import ChoiceMethod, DistanceSpace
from projects.api.door import ProjectApiView
from projects.models import Role

SEES_MODELS = (Role.HEAD, Role.RESEARCHER)


class VoteRunOut(serializers.Serializer[DifficultyRun]):
    """One vote of models on the good pairs; it bears the id of its job."""

    id = serializers.UUIDField(source="job.public_id")
    easy_min_votes = serializers.IntegerField(help_text="From so many votes on a pair is easy.")
    hard_max_votes = serializers.IntegerField(help_text="Up to so many votes a pair is hard.")
    n_pairs = serializers.IntegerField()
    made_at = serializers.DateTimeField()


class LevelOut(serializers.Serializer[Any]):
    """How many pairs came to one level."""

    level = serializers.ChoiceField(choices=DifficultyLevel.choices)
    n = serializers.IntegerField()


class VoterOut(serializers.Serializer[Any]):
    """A model that voted: yes from the cosine `threshold` on."""

    encoder = serializers.CharField(source="threshold.encoder.name")
    threshold = serializers.FloatField(source="threshold.cosine")
    is_tie_breaker = serializers.BooleanField()
    n_votes = serializers.IntegerField()
    n_yes = serializers.IntegerField()


class VoteRunDetailOut(serializers.Serializer[RunOverview]):
    """One vote with its levels and voters, and how much has changed since."""

    id = serializers.UUIDField(source="run.job.public_id")
    easy_min_votes = serializers.IntegerField(source="run.easy_min_votes")
    hard_max_votes = serializers.IntegerField(source="run.hard_max_votes")
    made_at = serializers.DateTimeField(source="run.made_at")
    n_pairs = serializers.IntegerField()
    levels = LevelOut(many=True)
    voters = VoterOut(many=True)
    n_new = serializers.IntegerField(help_text="Good pairs that nobody voted on.")
    n_gone = serializers.IntegerField(help_text="Pairs voted on that are no longer good.")


class VoteRunList(ProjectApiView):
    """The votes of the project, newest first."""

    serializer_class = VoteRunOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="difficulty_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the votes."""
        return self.paged(runs_of(self.access.project).annotate(n_pairs=Count("difficulties")))


class VoteRunDetail(ProjectApiView):
    """One vote."""

    serializer_class = VoteRunDetailOut
    read_rule = SEES_MODELS

    @extend_schema(operation_id="difficulty_retrieve")
    def get(self, request: Request, project_slug: str, vote_id: UUID) -> Response:
        """Return the vote."""
        run = run_of(self.access.project, vote_id)
        assert run is not None
        return Response(self.get_serializer(overview(run)).data)


class VoteOut(serializers.Serializer[DifficultyVote]):
    """One model's vote on a pair: yes where its cosine reaches its threshold."""

    encoder = serializers.CharField(source="threshold.encoder.name")
    cosine = serializers.FloatField()
    threshold = serializers.FloatField(source="threshold.cosine")
    is_yes = serializers.BooleanField()
    is_tie_breaker = serializers.BooleanField()


class VotedPairOut(serializers.Serializer[Difficulty]):
    """What a vote made of one pair."""

    image = serializers.UUIDField(source="version.image.public_id")
    caption = serializers.UUIDField(source="version.caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    level = serializers.ChoiceField(choices=DifficultyLevel.choices)
    yes_votes = serializers.IntegerField()
    n_votes = serializers.IntegerField()
    votes = VoteOut(many=True)


class VotedPairQuery(serializers.Serializer[Any]):
    """Which pairs."""

    level = serializers.ChoiceField(choices=DifficultyLevel.choices, required=False)


class VotedPairList(ProjectApiView):
    """The pairs of a vote in the order they were voted on."""

    serializer_class = VotedPairOut
    read_rule = SEES_MODELS
    query = VotedPairQuery
    oldest_first = True

    @extend_schema(operation_id="difficulty_pairs_list", parameters=[VotedPairQuery])
    def get(self, request: Request, project_slug: str, vote_id: UUID) -> Response:
        """List the pairs with the votes on them."""
        run = run_of(self.access.project, vote_id)
        found = Difficulty.objects.filter(run=run, **self.asked())
        page = self.paginate_queryset(found.select_related("version__image", "version__caption"))
        return self.get_paginated_response(self.get_serializer(with_votes(page or []), many=True).data)


def with_votes(pairs: Sequence[Any]) -> Sequence[Any]:
    """Give each pair of a page its `votes`, the tie-breaker last, else by the names of the models."""
    votes = DifficultyVote.objects.filter(
        run__in={pair.run_id for pair in pairs}, version__in=[pair.version_id for pair in pairs]
    )
    by_version: dict[int, list[DifficultyVote]] = {}
    for vote in votes.select_related("threshold__encoder").order_by(
        "is_tie_breaker", "threshold__encoder__name", "pk"
    ):
        by_version.setdefault(vote.version_id, []).append(vote)
    for pair in pairs:
        pair.votes = by_version.get(pair.version_id, [])
    return pairs


class ChosenOut(serializers.Serializer[CaptionChoice]):
    """A chosen caption, and the cluster that it stands for; null where nothing was clustered."""

    caption = serializers.UUIDField(source="version.caption.public_id")
    version = serializers.UUIDField(source="version.public_id")
    text = serializers.CharField(source="version.text")
    position = serializers.IntegerField()
    cluster = serializers.IntegerField(allow_null=True)


class ChoiceOut(serializers.Serializer[ImageChoice]):
    """The diverse captions of one image of its `n_good`; `is_complete` is false where there were too few."""

    image = serializers.UUIDField(source="image.public_id")
    image_key = serializers.CharField(source="image.key")
    job = serializers.UUIDField(source="job.public_id")
    encoder = serializers.CharField(source="encoder.name")
    method = serializers.ChoiceField(choices=ChoiceMethod.choices)
    space = serializers.ChoiceField(choices=DistanceSpace.choices)
    seed = serializers.IntegerField()
    n_good = serializers.IntegerField()
    is_complete = serializers.BooleanField()
    mean_similarity = serializers.FloatField(
        allow_null=True, help_text="Mean cosine of two chosen captions; null where there are no two."
    )
    random_mean_similarity = serializers.FloatField(
        allow_null=True, help_text="The same of captions drawn at random from the good ones."
    )
    captions = ChosenOut(many=True)
    made_at = serializers.DateTimeField()


class ChoiceQuery(serializers.Serializer[Any]):
    """Which images."""

    image = serializers.UUIDField(required=False)
    is_complete = serializers.BooleanField(required=False, allow_null=True, default=None)


class ChoiceList(ProjectApiView):
    """The current choice of each active image, the one made last first."""

    serializer_class = ChoiceOut
    read_rule = SEES_MODELS
    query = ChoiceQuery

    @extend_schema(operation_id="choices_list", parameters=[ChoiceQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the choices."""
        places = {"image": "image__public_id", "is_complete": "is_complete"}
        wanted = {places[name]: value for name, value in self.asked().items() if value is not None}
        found = current_choices(self.access.project).filter(**wanted)
        return self.paged(found.prefetch_related("captions__version__caption"))
