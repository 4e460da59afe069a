"""Every row of studies is fetched here: by a role in the project, or by the secret of a participant's link."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.models import Image
from polyannot.kernel.errors import Missing
from projects.access import Access
from studies.models import (
    Card,
    PairReport,
    Participant,
    Preregistration,
    Study,
    StudyFigure,
    StudyResult,
)
from studies.models.results import FIGURES_FORMAT
from studies.taking.keys import hashed


def studies_of(access: Access) -> QuerySet[Study]:
    """Return the studies of the project, the newest first."""
    return Study.objects.filter(project=access.project).select_related("project", "encoder").order_by("-pk")


def study_of(access: Access, public_id: UUID) -> Study:
    """Return a study of the project; raises Missing."""
    if (study := studies_of(access).filter(public_id=public_id).first()) is None:
        raise Missing("study_missing", _("There is no such study in this project."))
    return study


def declared_of(study: Study) -> Preregistration:
    """Return what a study declared at its launch; raises Missing before."""
    declared = Preregistration.objects.filter(study=study).first()
    if declared is None:
        raise Missing("preregistration_missing", _("Nothing is declared before the study is launched."))
    return declared


def latest_result(study: Study) -> StudyResult | None:
    """Return the figures computed last; those of an earlier format are as good as none."""
    results = StudyResult.objects.filter(study=study, figures__format=FIGURES_FORMAT)
    return results.select_related("job").order_by("-pk").first()


def drawings_of(result: StudyResult) -> QuerySet[StudyFigure]:
    """Return the drawings of a result as a page shows them, without the bytes of PDF and PNG."""
    return result.drawings.order_by("pk").defer("pdf", "png", "csv")


def reports_of(study: Study) -> QuerySet[PairReport]:
    """Return what participants reported about pairs, the newest first; it does not say who."""
    return PairReport.objects.filter(card__study=study).select_related(
        "card__pair__version", "card__pair__image", "card__pair__original"
    )


def open_study(slug: str, *secrets: str) -> Study:
    """Return the study behind a participants' address; a draft is missing to all but its test runs. Raises Missing."""
    study = Study.objects.select_related("project").filter(slug=slug).first()
    if study is None or (study.is_draft and not _is_tried_with(study, secrets)):
        raise Missing("survey_missing", _("There is no such study. Check the address that you were given."))
    return study


def _is_tried_with(study: Study, secrets: Iterable[str]) -> bool:
    marks = [hashed(secret) for secret in secrets if secret]
    return Participant.objects.filter(study=study, is_test=True, secret_hash__in=marks).exists()


def participant_of(study: Study, secret: str) -> Participant | None:
    """Return whose link holds this secret in this study."""
    if not secret:
        return None
    return Participant.objects.filter(study=study, secret_hash=hashed(secret)).first()


def card_of(participant: Participant, card_id: UUID) -> Card:
    """Return one of the participant's own cards; raises Missing for all others."""
    card = (
        Card.objects.select_related("pair__image").filter(participant=participant, public_id=card_id).first()
    )
    if card is None:
        raise Missing("card_missing", _("This pair is not part of your study."))
    return card


def picture_for(participant: Participant, card_id: UUID) -> Image:
    """Return the image of one of the participant's own cards; raises Missing for all others."""
    return card_of(participant, card_id).pair.image
