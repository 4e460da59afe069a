"""Find-and-fix over many captions through the API: drafted, chosen from, applied by its count, confirmed, undone."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import caption_fix_of
from annotation.api.v1.captions import LONGEST_FILTER, filter_asked
from annotation.api.v1.deciding import SEED_LIMIT
from annotation.api.v1.fixes import FixDetailOut, FixOut, FixView, OneFix
from annotation.captions.fix_undoing import Undone, confirm_fix, undo_fix
from annotation.captions.fixing import (
    LONGEST_PATTERN,
    apply_fix,
    discard_fix,
    draft_fix,
    fixes_of,
    leave_out,
)
from annotation.models import CaptionVersion, EditKind
from projects.api.once import kept, once
from projects.models import Role

MOST_NAMED = 5000


class FixIn(serializers.Serializer[Any]):
    """What to find, literally, and what to put in its place, in the captions of a filter."""

    pattern = serializers.CharField(max_length=LONGEST_PATTERN)
    replacement = serializers.CharField(max_length=LONGEST_PATTERN, default="", allow_blank=True)
    is_whole_word = serializers.BooleanField(default=True)
    is_case_sensitive = serializers.BooleanField(default=True)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=EditKind.choices), allow_empty=False, max_length=len(EditKind)
    )
    scope = serializers.CharField(
        max_length=LONGEST_FILTER,
        default="",
        allow_blank=True,
        help_text="As in captions/?search=; empty for all captions.",
    )
    accepts = serializers.BooleanField(
        default=False, help_text="The new texts stand at once, for head annotators; else they are proposed."
    )


class FixesAndNew(FixView):
    """The fixes of the project and one's own drafts, newest first, and drafting one."""

    serializer_class = FixOut

    @extend_schema(operation_id="caption_fixes_list")
    def get(self, request: Request, project_slug: str) -> Response:
        """List the fixes."""
        return self.paged(fixes_of(self.access).select_related("job"))

    @kept
    @extend_schema(operation_id="caption_fixes_create", request=FixIn, responses={201: FixDetailOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Keep a find-and-fix to look at; no caption is changed."""
        given = FixIn(data=request.data)
        given.is_valid(raise_exception=True)
        return once(request, lambda: self._drafted(dict(given.validated_data)))

    def _drafted(self, values: dict[str, Any]) -> Response:
        scope = filter_asked(self.access, values.pop("scope"), "scope").query
        fix = draft_fix(access=self.access, scope=scope, **values)
        return Response(FixDetailOut(fix, context=self.get_serializer_context()).data, status=201)


class LeaveOutIn(serializers.Serializer[Any]):
    """Versions that stay as they are, and versions that are ticked again."""

    leave_out = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=MOST_NAMED)
    put_back = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=MOST_NAMED)


class FixLeaveOut(OneFix):
    """Choosing what a draft leaves as it is."""

    @extend_schema(operation_id="caption_fixes_leave_out", request=LeaveOutIn, responses=FixDetailOut)
    def post(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """Leave versions of a draft of one's own out, or put them back; the same again changes nothing."""
        fix = caption_fix_of(self.access, fix_id)
        given = LeaveOutIn(data=request.data)
        given.is_valid(raise_exception=True)
        out, back = (self._named(given.validated_data[name]) for name in ("leave_out", "put_back"))
        leave_out(fix=fix, actor=self.person, shown=out | back, ticked=back - out)
        return self.told(fix_id)

    def _named(self, public_ids: list[UUID]) -> set[int]:
        named = CaptionVersion.objects.filter(project=self.access.project, public_id__in=public_ids)
        return set(named.values_list("pk", flat=True))


class CountIn(serializers.Serializer[Any]):
    """The count of captions that was read: refused where there are more or fewer now."""

    n_named = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT - 1)


class FixApply(OneFix):
    """Applying a draft."""

    @extend_schema(operation_id="caption_fixes_apply", request=CountIn, responses=FixDetailOut)
    def post(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """Change the ticked captions, now or by a job where they are many: `state` is running until it is done."""
        fix = caption_fix_of(self.access, fix_id)
        given = CountIn(data=request.data)
        given.is_valid(raise_exception=True)
        apply_fix(fix=fix, access=self.access, **given.validated_data)
        return self.told(fix_id)


class FixDiscard(OneFix):
    """Putting a draft away."""

    @extend_schema(operation_id="caption_fixes_discard", request=None, responses=FixDetailOut)
    def post(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """Put it away; no caption was changed by it."""
        discard_fix(fix=caption_fix_of(self.access, fix_id), actor=self.person)
        return self.told(fix_id)


class ConfirmIn(CountIn):
    """Whether the new texts are accepted or rejected, and how many wait."""

    accept = serializers.BooleanField()


class FixConfirm(OneFix):
    """Deciding on all new texts of somebody else's fix."""

    read_rule = write_rule = (Role.HEAD,)

    @extend_schema(operation_id="caption_fixes_confirm", request=ConfirmIn, responses=FixDetailOut)
    def post(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """Accept or reject the new texts that nobody has decided on."""
        fix = caption_fix_of(self.access, fix_id)
        given = ConfirmIn(data=request.data)
        given.is_valid(raise_exception=True)
        confirm_fix(fix=fix, reviewer=self.person, **given.validated_data)
        return self.told(fix_id)


class UndoneOut(serializers.Serializer[Undone]):
    """New texts that were taken back, and those that somebody works with by now."""

    n_undone = serializers.IntegerField()
    n_kept = serializers.IntegerField()


class FixUndo(FixView):
    """Taking a fix back."""

    serializer_class = UndoneOut

    @extend_schema(operation_id="caption_fixes_undo", request=None, responses=UndoneOut)
    def post(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """Take back every new text that nobody has judged, decided on, built on or released."""
        return Response(UndoneOut(undo_fix(fix=caption_fix_of(self.access, fix_id), access=self.access)).data)
