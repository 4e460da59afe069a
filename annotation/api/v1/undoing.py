"""Taking back what cleanings and searches for leakage took out of the pools, through the API."""

from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import cleaning_of, leak_of, leakage_of
from annotation.api.v1.cleanings import CleanedCaptionOut, LeakOut
from annotation.api.v1.fixing import UndoneOut
from annotation.captions.cleaning_undoing import undo_cleaning, undo_item
from annotation.machine.corpora.leakage import dismiss_leak, undo_leakage
from polyannot.kernel.errors import Missing
from projects.api.door import ProjectApiView
from projects.models import Role


class UndoView(ProjectApiView):
    """What all acts that take something back have in common."""

    read_rule: ClassVar[tuple[str, ...]] = (Role.HEAD, Role.ADMIN)
    write_rule: ClassVar[tuple[str, ...]] = (Role.HEAD, Role.ADMIN)


class CleaningUndo(UndoView):
    """Taking a whole cleaning back."""

    serializer_class = UndoneOut

    @extend_schema(operation_id="cleanings_undo", request=None, responses=UndoneOut)
    def post(self, request: Request, project_slug: str, cleaning_id: UUID) -> Response:
        """Put captions back and texts as they were, but for those that people work with by now."""
        undone = undo_cleaning(cleaning=cleaning_of(self.access, cleaning_id), actor=self.person)
        return Response(UndoneOut(undone).data)


class CleanedCaptionUndo(UndoView):
    """Taking back what a cleaning did to one caption."""

    serializer_class = CleanedCaptionOut

    @extend_schema(operation_id="cleanings_captions_undo", request=None, responses=CleanedCaptionOut)
    def post(self, request: Request, project_slug: str, cleaning_id: UUID, caption_id: UUID) -> Response:
        """Put the caption back; later cleanings leave it as it is."""
        items = cleaning_of(self.access, cleaning_id).items.filter(caption__public_id=caption_id)
        item = items.select_related("caption", "version__image", "made", "twin").first()
        if item is None:
            raise Missing("caption_missing", _("The cleaning has not touched this caption."))
        return Response(CleanedCaptionOut(undo_item(item=item, actor=self.person)).data)


class LeakageUndo(UndoView):
    """Putting a whole search for leakage aside."""

    serializer_class = UndoneOut

    @extend_schema(operation_id="leakage_undo", request=None, responses=UndoneOut)
    def post(self, request: Request, project_slug: str, leakage_id: UUID) -> Response:
        """Put its captions back into the pools; no image is flagged by it any more."""
        undone = undo_leakage(cleaning=leakage_of(self.access, leakage_id), actor=self.person)
        return Response(UndoneOut(undone).data)


class LeakDismiss(UndoView):
    """Saying that a pair is not one picture."""

    serializer_class = LeakOut

    @extend_schema(operation_id="leakage_pairs_dismiss", request=None, responses=LeakOut)
    def post(self, request: Request, project_slug: str, leak_id: UUID) -> Response:
        """Put the pair aside; captions that had left the pool for it alone are in it again."""
        dismissed = dismiss_leak(leak=leak_of(self.access, leak_id), actor=self.person)
        return Response(LeakOut(leak_of(self.access, dismissed.public_id)).data)
