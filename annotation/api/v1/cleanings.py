"""Cleanings of captions and searches for leakage through the API: what each did to which caption, and why."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import cleaning_of, leakage_of
from annotation.captions.cleaning_showing import cleanings_of, step_rows, text_after
from annotation.machine.corpora.leakage_showing import leakages_of
from annotation.models import Cleaning, CleaningItem, CleaningOutcome, Leak, LeakCheck
from projects.api.door import ProjectApiView
from projects.models import Role

SEES_CLEANINGS = (Role.HEAD, Role.RESEARCHER, Role.ADMIN)


class CleaningOut(serializers.Serializer[Cleaning]):
    """A cleaning: it looked at `n_given` captions, `n_cleaned` of them of the sources that were to be cleaned."""

    id = serializers.UUIDField(source="job.public_id")
    sources = serializers.ListField(child=serializers.CharField())
    parameters = serializers.DictField(source="job.parameters")
    n_given = serializers.IntegerField()
    n_cleaned = serializers.IntegerField()
    made_at = serializers.DateTimeField(source="job.ended_at", allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class StepOut(serializers.Serializer[Any]):
    """One step: how many captions came to it, and what it did to how many."""

    step = serializers.CharField()
    n_came = serializers.IntegerField()
    n_changed = serializers.IntegerField()
    n_dropped = serializers.IntegerField()
    n_held = serializers.IntegerField(help_text="Left as they are because people work with them.")
    n_undone = serializers.IntegerField()


class CleaningDetailOut(CleaningOut):
    """A cleaning with its steps in their order."""

    steps = serializers.SerializerMethodField()

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, cleaning: Cleaning) -> Any:
        """Return the steps."""
        return StepOut(step_rows(cleaning), many=True).data


class CleaningList(ProjectApiView):
    """The cleanings of the project, newest first."""

    serializer_class = CleaningOut
    read_rule = SEES_CLEANINGS

    @extend_schema(operation_id="cleanings_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the cleanings."""
        return self.paged(cleanings_of(self.access.project))


class CleaningDetail(ProjectApiView):
    """One cleaning."""

    serializer_class = CleaningDetailOut
    read_rule = SEES_CLEANINGS

    @extend_schema(operation_id="cleanings_retrieve")
    def get(self, request: Request, project_slug: str, cleaning_id: UUID) -> Response:
        """Return the cleaning."""
        return Response(self.get_serializer(cleaning_of(self.access, cleaning_id)).data)


class CleanedCaptionOut(serializers.Serializer[CleaningItem]):
    """What a cleaning did to one caption, or would have done to one that is `held`."""

    caption = serializers.UUIDField(source="caption.public_id")
    caption_key = serializers.CharField(source="caption.key")
    image = serializers.UUIDField(source="version.image.public_id")
    outcome = serializers.ChoiceField(choices=CleaningOutcome.choices)
    step = serializers.CharField(allow_blank=True, help_text="The step that dropped it.")
    reason = serializers.CharField(allow_blank=True)
    repaired_by = serializers.ListField(source="changed_by", child=serializers.CharField())
    held_because = serializers.CharField(source="hold", allow_blank=True)
    text_before = serializers.CharField(source="version.text")
    text_after = serializers.SerializerMethodField()
    says_the_same = serializers.UUIDField(
        source="twin.public_id", allow_null=True, default=None, help_text="The version that was kept instead."
    )

    def get_text_after(self, item: CleaningItem) -> str:
        """Return the repaired text; the text before where nothing was repaired."""
        return text_after(item) or item.version.text


class CleanedCaptionQuery(serializers.Serializer[Any]):
    """Which captions."""

    outcome = serializers.ChoiceField(choices=CleaningOutcome.choices, required=False)


class CleanedCaptionList(ProjectApiView):
    """The captions that a cleaning touched, in the order it came to them."""

    serializer_class = CleanedCaptionOut
    read_rule = SEES_CLEANINGS
    query = CleanedCaptionQuery
    oldest_first = True

    @extend_schema(operation_id="cleanings_captions_list", parameters=[CleanedCaptionQuery])
    def get(self, request: Request, project_slug: str, cleaning_id: UUID) -> Response:
        """List the captions."""
        found = cleaning_of(self.access, cleaning_id).items.filter(**self.asked())
        return self.paged(found.select_related("caption", "version__image", "made", "twin"))


class LeakageOut(serializers.Serializer[Cleaning]):
    """A finished search for the project's images in a corpus."""

    id = serializers.UUIDField(source="job.public_id")
    corpus = serializers.SerializerMethodField()
    n_images = serializers.IntegerField(help_text="Images of the project that were found, put aside or not.")
    made_at = serializers.DateTimeField(source="job.ended_at", allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)

    def get_corpus(self, cleaning: Cleaning) -> str:
        """Return the name of the corpus."""
        return str(cleaning.sources[0])


class LeakageList(ProjectApiView):
    """The finished searches for leakage, newest first."""

    serializer_class = LeakageOut
    read_rule = SEES_CLEANINGS

    @extend_schema(operation_id="leakage_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the searches."""
        return self.paged(leakages_of(self.access.project))


class LeakOut(serializers.Serializer[Leak]):
    """An image of the project and a row of the corpus with the same picture."""

    id = serializers.UUIDField(source="public_id")
    image = serializers.UUIDField(source="image.public_id")
    image_key = serializers.CharField(source="image.key")
    row = serializers.CharField(source="row_key")
    caption = serializers.CharField(allow_blank=True, help_text="The caption of the row.")
    url = serializers.CharField(allow_blank=True)
    check_made = serializers.ChoiceField(choices=LeakCheck.choices)
    score = serializers.FloatField(help_text="Differing bits of 128 for perceptual, a cosine for embedding.")
    is_dismissed = serializers.SerializerMethodField()

    def get_is_dismissed(self, leak: Leak) -> bool:
        """Say whether somebody said that it is not one picture."""
        return leak.dismissed_by_id is not None


class LeakList(ProjectApiView):
    """The pairs that a search for leakage found."""

    serializer_class = LeakOut
    read_rule = SEES_CLEANINGS
    oldest_first = True

    @extend_schema(operation_id="leakage_pairs_list")
    def get(self, request: Request, project_slug: str, leakage_id: UUID) -> Response:
        """List the pairs."""
        return self.paged(leakage_of(self.access, leakage_id).leaks.select_related("image"))
