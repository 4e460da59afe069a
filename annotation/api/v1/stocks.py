"""Which images are worked on, through the API: choices of images, swaps of reserves, progress to the target."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import sampling_of
from annotation.models import ImageSampling, ImageState, ImageSwap, SampledImage
from annotation.models.machine import DistanceSpace
from annotation.models.sampling import SamplingMethod
from annotation.progress.progress import Progress, progress_of
from annotation.progress.sampling_images import apply_sampling, undo_sampling
from projects.api.door import ProjectApiView
from projects.models import Role

STEERS_IMAGES = (Role.HEAD, Role.ADMIN)
SEES_PROGRESS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)


class SamplingOut(serializers.Serializer[ImageSampling]):
    """A choice of images: the first `n_chosen` in its order are chosen, the next `n_reserve` in reserve."""

    id = serializers.UUIDField(source="public_id")
    job = serializers.UUIDField(source="job.public_id")
    encoder = serializers.CharField(source="encoder.name")
    method = serializers.ChoiceField(choices=SamplingMethod.choices)
    space = serializers.ChoiceField(choices=DistanceSpace.choices)
    seed = serializers.IntegerField()
    n_images = serializers.IntegerField()
    n_chosen = serializers.IntegerField()
    n_reserve = serializers.IntegerField()
    n_set_aside = serializers.IntegerField(source="n_aside")
    n_in_batches = serializers.IntegerField(help_text="Chosen first because people work on them.")
    spreads = serializers.DictField(
        help_text="Nearest distances in the features and on the plane: of the choice, and of random ones."
    )
    is_applied = serializers.BooleanField()
    made_at = serializers.DateTimeField()
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class SamplingList(ProjectApiView):
    """The choices of images of the project, newest first."""

    serializer_class = SamplingOut
    read_rule = STEERS_IMAGES

    @extend_schema(operation_id="samplings_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the choices of images."""
        found = ImageSampling.objects.filter(project=self.access.project)
        return self.paged(found.select_related("job", "encoder"))


class SamplingApply(ProjectApiView):
    """Putting a choice of images into effect."""

    serializer_class = SamplingOut
    read_rule = write_rule = STEERS_IMAGES

    @extend_schema(operation_id="samplings_apply", request=None, responses=SamplingOut)
    def post(self, request: Request, project_slug: str, sampling_id: UUID) -> Response:
        """Give the images the states of the choice; those that people work on stay as they are."""
        apply_sampling(sampling=sampling_of(self.access, sampling_id), actor=self.person)
        return Response(self.get_serializer(sampling_of(self.access, sampling_id)).data)


class SamplingUndo(ProjectApiView):
    """Taking a choice of images back."""

    serializer_class = SamplingOut
    read_rule = write_rule = STEERS_IMAGES

    @extend_schema(operation_id="samplings_undo", request=None, responses=SamplingOut)
    def post(self, request: Request, project_slug: str, sampling_id: UUID) -> Response:
        """Give the images the states that they had before; those in a batch or moved since stay as they are."""
        undo_sampling(sampling=sampling_of(self.access, sampling_id), actor=self.person)
        return Response(self.get_serializer(sampling_of(self.access, sampling_id)).data)


class SampledOut(serializers.Serializer[SampledImage]):
    """An image at its rank, from 1; without a plane it has no place on it."""

    rank = serializers.IntegerField()
    image = serializers.UUIDField(source="image.public_id")
    image_key = serializers.CharField(source="image.key")
    x = serializers.FloatField(allow_null=True)
    y = serializers.FloatField(allow_null=True)
    state_before = serializers.CharField(
        allow_blank=True, help_text="Empty where the choice left the image as it was."
    )
    state_after = serializers.CharField(allow_blank=True)


class SampledQuery(serializers.Serializer[Any]):
    """Which images."""

    became = serializers.ChoiceField(
        choices=ImageState.choices, required=False, help_text="The state that the choice gave them."
    )


class SampledList(ProjectApiView):
    """The images of a choice by rank."""

    serializer_class = SampledOut
    read_rule = STEERS_IMAGES
    query = SampledQuery
    oldest_first = True

    @extend_schema(operation_id="samplings_images_list", parameters=[SampledQuery])
    def get(self, request: Request, project_slug: str, sampling_id: UUID) -> Response:
        """List the images."""
        found = SampledImage.objects.filter(sampling=sampling_of(self.access, sampling_id))
        if became := self.asked().get("became"):
            found = found.filter(state_after=became)
        return self.paged(found.select_related("image"))


class SwapOut(serializers.Serializer[ImageSwap]):
    """An image that was taken out and the reserve in its place; the swaps of one act share `act`."""

    act = serializers.UUIDField(source="act_id")
    taken_out = serializers.UUIDField(source="taken_out.public_id")
    brought_in = serializers.UUIDField(source="brought_in.public_id")
    why = serializers.CharField()
    made_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)


class SwapQuery(serializers.Serializer[Any]):
    """Which swaps."""

    act = serializers.UUIDField(required=False)
    image = serializers.UUIDField(required=False, help_text="The image that was taken out.")


class SwapList(ProjectApiView):
    """The swaps of the project, newest first, those taken back among them."""

    serializer_class = SwapOut
    read_rule = STEERS_IMAGES
    query = SwapQuery

    @extend_schema(operation_id="swaps_list", parameters=[SwapQuery])
    def get(self, request: Request, project_slug: str) -> Response:
        """List the swaps."""
        places = {"act": "act_id", "image": "taken_out__public_id"}
        wanted = {places[name]: value for name, value in self.asked().items()}
        found: QuerySet[ImageSwap] = ImageSwap.objects.filter(project=self.access.project, **wanted)
        return self.paged(found.select_related("taken_out", "brought_in"))


class FlowOut(serializers.Serializer[Any]):
    """How many captions came so far; those cleaned away or dropped are in no later stage."""

    imported = serializers.IntegerField()
    after_cleaning = serializers.IntegerField(source="cleaned")
    in_pool = serializers.IntegerField()
    shown = serializers.IntegerField()
    judged = serializers.IntegerField()
    good = serializers.IntegerField()
    released = serializers.IntegerField()


class StatesOut(serializers.Serializer[Any]):
    """The captions in the pools of active images by state; the states add up to `in_pool`."""

    in_pool = serializers.IntegerField()
    never_shown = serializers.IntegerField()
    shown = serializers.IntegerField()
    waiting = serializers.IntegerField()
    undecided = serializers.IntegerField()
    bad = serializers.IntegerField()
    good = serializers.IntegerField()


class ForecastOut(serializers.Serializer[Any]):
    """What the present pace leads to: the share of complete images that reach the target, with Wilson's interval."""

    finished = serializers.IntegerField(help_text="Parts of images that annotators finished in `days`.")
    days = serializers.FloatField()
    left = serializers.IntegerField()
    days_left = serializers.FloatField()
    n_complete = serializers.IntegerField()
    n_reached = serializers.IntegerField()
    share = serializers.SerializerMethodField()
    low = serializers.FloatField(source="share.low")
    high = serializers.FloatField(source="share.high")
    n_expected = serializers.IntegerField()
    n_expected_low = serializers.IntegerField()
    n_expected_high = serializers.IntegerField()

    def get_share(self, forecast: Any) -> float:
        """Return the share, in [0, 1]."""
        return float(forecast.n_reached / forecast.n_complete)


class CountOut(serializers.Serializer[Any]):
    """So many images have so many good captions; the last count is the target or more."""

    good_captions = serializers.IntegerField()
    images = serializers.IntegerField()


class ProgressOut(serializers.Serializer[Progress]):
    """How far the project is; `n_due` images changed and are not counted anew yet."""

    good_target = serializers.SerializerMethodField()
    n_images = serializers.IntegerField()
    n_reserve = serializers.IntegerField()
    n_reached = serializers.IntegerField()
    n_done = serializers.IntegerField(help_text="Images that need nobody any more.")
    n_cannot = serializers.IntegerField(help_text="Images that cannot reach the target any more.")
    n_due = serializers.IntegerField()
    images_by_good_captions = serializers.SerializerMethodField()
    captions = FlowOut(source="flow")
    captions_in_pools = StatesOut(source="states")
    forecast = ForecastOut(allow_null=True, help_text="Null while too little was finished lately.")

    def get_good_target(self, progress: Progress) -> int:
        """Return how many good captions each image is to get."""
        return int(self.context["view"].access.project.good_target)

    @extend_schema_field(CountOut(many=True))
    def get_images_by_good_captions(self, progress: Progress) -> list[dict[str, int]]:
        """Return the distribution."""
        return [{"good_captions": number, "images": n} for number, n in progress.distribution]


class ProgressNow(ProjectApiView):
    """Progress to the target."""

    serializer_class = ProgressOut
    read_rule = SEES_PROGRESS

    @extend_schema(operation_id="progress")
    def get(self, request: Request, project_slug: str) -> Response:
        """Return the progress."""
        return Response(self.get_serializer(progress_of(self.access.project)).data)
