"""Find-and-fix over many captions, as the API shows it: its counts, its preview, what became of each caption."""

from collections import Counter
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import caption_fix_of
from annotation.captions.fix_undoing import undecided_texts
from annotation.captions.fixing import text_fix, versions_found
from annotation.models import CaptionFix, CaptionVersion, EditKind, FixItem, FixOutcome, FixReason, FixState
from polyannot.kernel.errors import Conflict
from projects.api.door import ProjectApiView
from projects.models import Role, Scope

FIXES = (Role.HEAD, Role.RESEARCHER)


class FixView(ProjectApiView):
    """What all addresses of find-and-fix have in common: their acts change texts, so they need the scope review."""

    read_rule: ClassVar[tuple[str, ...]] = FIXES
    write_rule: ClassVar[tuple[str, ...]] = FIXES
    write_scope = Scope.REVIEW


class FixOut(serializers.Serializer[CaptionFix]):
    """A find-and-fix; the texts that it made are proposed, or accepted where `accepts` says so."""

    id = serializers.UUIDField(source="public_id")
    pattern = serializers.CharField()
    replacement = serializers.CharField(allow_blank=True)
    is_whole_word = serializers.BooleanField()
    is_case_sensitive = serializers.BooleanField()
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=EditKind.choices))
    scope = serializers.CharField(allow_blank=True, help_text="The filter whose captions it is about.")
    accepts = serializers.BooleanField()
    state = serializers.ChoiceField(choices=FixState.choices)
    n_named = serializers.IntegerField(allow_null=True, help_text="The count that the act named.")
    job = serializers.UUIDField(source="job.public_id", allow_null=True, default=None)
    made_at = serializers.DateTimeField()
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class DraftCountsOut(serializers.Serializer[Any]):
    """How many captions a draft finds, and how many it would change: the count that applying has to name."""

    n_found = serializers.IntegerField()
    n_ticked = serializers.IntegerField()


class FixDetailOut(FixOut):
    """A find-and-fix with its counts: of the captions that a draft finds, of what became of each once it is applied."""

    draft = serializers.SerializerMethodField(help_text="Null once it is no draft.")
    outcomes = serializers.SerializerMethodField()
    n_undecided = serializers.SerializerMethodField()

    @extend_schema_field(DraftCountsOut(allow_null=True))
    def get_draft(self, fix: CaptionFix) -> dict[str, int] | None:
        """Return the counts of a draft."""
        if fix.state != FixState.DRAFT:
            return None
        found = {pk for pk, _text in versions_found(self.context["view"].access, fix)}
        left_out = set(fix.items.values_list("version_id", flat=True))
        return {"n_found": len(found), "n_ticked": len(found - left_out)}

    def get_outcomes(self, fix: CaptionFix) -> dict[str, int]:
        """Return how many captions had which outcome."""
        return dict(Counter(fix.items.order_by().values_list("outcome", flat=True)))

    def get_n_undecided(self, fix: CaptionFix) -> int:
        """Return how many new texts wait for a second person: the count that confirming has to name."""
        return undecided_texts(fix).count() if fix.state == FixState.APPLIED else 0


class OneFix(FixView):
    """One find-and-fix; a draft only for who made it."""

    serializer_class = FixDetailOut

    def told(self, fix_id: UUID) -> Response:
        """Answer with the fix as it is now."""
        return Response(self.get_serializer(caption_fix_of(self.access, fix_id)).data)


class FixDetail(OneFix):
    """Looking at one."""

    @extend_schema(operation_id="caption_fixes_retrieve")
    def get(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """Return the fix with its counts."""
        return self.told(fix_id)


class FixChangeOut(serializers.Serializer[CaptionVersion]):
    """A caption that a draft finds: its text, and what it would become where it is ticked."""

    version = serializers.UUIDField(source="public_id")
    caption = serializers.UUIDField(source="caption.public_id")
    image = serializers.UUIDField(source="image.public_id")
    text = serializers.CharField()
    becomes = serializers.SerializerMethodField()
    is_ticked = serializers.SerializerMethodField()

    def get_becomes(self, version: CaptionVersion) -> str:
        """Return the new text."""
        return str(self.context["rule"].applied(version.text))

    def get_is_ticked(self, version: CaptionVersion) -> bool:
        """Say whether it would be changed."""
        return version.pk not in self.context["left_out"]


class FixPreview(FixView):
    """What a draft would do."""

    serializer_class = FixChangeOut
    oldest_first = True
    fix: CaptionFix

    def get_serializer_context(self) -> Any:
        """Add what the fix does to a text and which versions are left out."""
        context = dict(super().get_serializer_context())
        if not hasattr(self, "fix"):
            return context
        left_out = set(self.fix.items.values_list("version_id", flat=True))
        return context | {"rule": text_fix(self.fix), "left_out": left_out}

    @extend_schema(operation_id="caption_fixes_preview_list")
    def get(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """List the captions that a draft finds; refused once it is applied or put away."""
        self.fix = caption_fix_of(self.access, fix_id)
        if self.fix.state != FixState.DRAFT:
            raise Conflict("fix_no_draft", _("This was applied or put away; there is nothing to preview."))
        found = [pk for pk, _text in versions_found(self.access, self.fix)]
        return self.paged(CaptionVersion.objects.filter(pk__in=found).select_related("caption", "image"))


class FixItemOut(serializers.Serializer[FixItem]):
    """What became of one caption: `made` is the text that it got, `reason` why it has none or kept it."""

    caption = serializers.UUIDField(source="version.caption.public_id")
    image = serializers.UUIDField(source="version.image.public_id")
    version = serializers.UUIDField(source="version.public_id")
    text = serializers.CharField(source="version.text")
    made = serializers.UUIDField(source="made.public_id", allow_null=True, default=None)
    made_text = serializers.CharField(source="made.text", allow_null=True, default=None)
    outcome = serializers.ChoiceField(choices=FixOutcome.choices)
    reason = serializers.ChoiceField(choices=FixReason.choices, allow_blank=True)


class FixItemQuery(serializers.Serializer[Any]):
    """Which captions."""

    outcome = serializers.ChoiceField(choices=FixOutcome.choices, required=False)


class FixItemList(FixView):
    """What became of each caption."""

    serializer_class = FixItemOut
    query = FixItemQuery
    oldest_first = True

    @extend_schema(operation_id="caption_fixes_items_list", parameters=[FixItemQuery])
    def get(self, request: Request, project_slug: str, fix_id: UUID) -> Response:
        """List the captions with their outcomes; of a draft those that are left out."""
        found: QuerySet[FixItem] = caption_fix_of(self.access, fix_id).items.filter(**self.asked())
        return self.paged(found.select_related("version__caption", "version__image", "made"))
