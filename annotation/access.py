"""Every row of annotation that a person sees or touches is fetched here, inside their access to the project."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import (
    AgreementReport,
    Assignment,
    Batch,
    Caption,
    CaptionFix,
    CaptionVersion,
    Cleaning,
    FixState,
    GenericnessCheck,
    GenericnessQuestion,
    Guideline,
    Image,
    ImageSampling,
    JudgmentImport,
    KnownAnswer,
    LabelEstimateRun,
    LabelSchema,
    Leak,
    OnboardingRun,
    PairReport,
    Precedent,
    QualityReport,
    Question,
    ReviewItem,
    ReviewRound,
    SavedFilter,
    VersionState,
)
from polyannot.kernel.errors import Missing
from projects.access import Access
from projects.models import Role


def _missing(what: str) -> Missing:
    return Missing("row_missing", what)


def batch_of(access: Access, public_id: UUID) -> Batch:
    """Return a batch of the project; raises Missing."""
    row = Batch.objects.select_related("project", "guideline", "schema").filter(
        project=access.project, public_id=public_id
    )
    if (batch := row.first()) is None:
        raise _missing(_("There is no such batch in this project."))
    return batch


def image_of(access: Access, public_id: UUID) -> Image:
    """Return an image of the project; raises Missing."""
    if (image := Image.objects.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such image in this project."))
    return image


def sampling_of(access: Access, public_id: UUID) -> ImageSampling:
    """Return a choice of images of the project; raises Missing."""
    rows = ImageSampling.objects.select_related("job", "encoder", "applied_by", "undone_by")
    if (row := rows.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such choice of images in this project."))
    return row


def assignment_of(access: Access, public_id: UUID) -> Assignment:
    """Return the person's own assignment; other people's are missing to them. Raises Missing."""
    row = Assignment.objects.select_related("batch__project", "image").filter(
        project=access.project, public_id=public_id, annotator=access.user
    )
    if (assignment := row.first()) is None:
        raise _missing(_("This image is not in your hands."))
    return assignment


def slot_of(batch: Batch, public_id: UUID) -> Assignment:
    """Return a slot of the batch in whoever's hands it is now: one that the person may have held. Raises Missing."""
    if (slot := Assignment.objects.filter(batch=batch, public_id=public_id).first()) is None:
        raise _missing(_("There is no such image in this batch."))
    return slot


def visible_versions(access: Access) -> QuerySet[CaptionVersion]:
    """Return the versions that the person may see: base and accepted ones, their own edits, all for reviewers."""
    versions = CaptionVersion.objects.filter(project=access.project)
    if access.may_act_as(Role.HEAD):
        return versions
    return versions.filter(Q(state__in=[VersionState.BASE, VersionState.ACCEPTED]) | Q(author=access.user))


def version_of(access: Access, public_id: UUID) -> CaptionVersion:
    """Return a version that the person may see; raises Missing."""
    if (version := visible_versions(access).filter(public_id=public_id).first()) is None:
        raise _missing(_("There is no such caption in this project."))
    return version


def guideline_of(access: Access, number: int) -> Guideline:
    """Return one version of the project's guidelines; raises Missing."""
    if (row := Guideline.objects.filter(project=access.project, number=number).first()) is None:
        raise _missing(_("There is no such version of the guidelines in this project."))
    return row


def review_round_of(access: Access, public_id: UUID) -> ReviewRound:
    """Return a review round of the project; raises Missing."""
    if (row := ReviewRound.objects.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such review round in this project."))
    return row


def review_item_of(access: Access, public_id: UUID) -> ReviewItem:
    """Return an item under review: any for head annotators, for others those of their own judgments. Raises Missing."""
    rows = ReviewItem.objects.select_related("judgment__version", "round").filter(
        project=access.project, public_id=public_id
    )
    if not access.may_act_as(Role.HEAD):
        rows = rows.filter(judgment__annotator=access.user)
    if (item := rows.first()) is None:
        raise _missing(_("There is no such item under review."))
    return item


def pair_report_of(access: Access, public_id: UUID) -> PairReport:
    """Return a report of a pair; raises Missing."""
    if (row := PairReport.objects.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such report in this project."))
    return row


def agreement_report_of(access: Access, public_id: UUID) -> AgreementReport:
    """Return an agreement report of the project; raises Missing."""
    if (row := AgreementReport.objects.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such report in this project."))
    return row


def caption_of(access: Access, public_id: UUID) -> Caption:
    """Return a caption of the project; raises Missing."""
    row = Caption.objects.select_related("image").filter(project=access.project, public_id=public_id)
    if (caption := row.first()) is None:
        raise _missing(_("There is no such caption in this project."))
    return caption


def saved_filter_of(access: Access, public_id: UUID) -> SavedFilter:
    """Return a filter that the person saved; shared ones are used by their query. Raises Missing."""
    rows = SavedFilter.objects.filter(owner=access.user, project=access.project)
    if (row := rows.filter(public_id=public_id).first()) is None:
        raise _missing(_("There is no filter of yours like this in this project."))
    return row


def caption_fix_of(access: Access, public_id: UUID) -> CaptionFix:
    """Return a find-and-fix of the project, a draft only to who made it; raises Missing."""
    rows = CaptionFix.objects.select_related("made_by", "undone_by", "job", "project").filter(
        ~Q(state=FixState.DRAFT) | Q(made_by=access.user), project=access.project
    )
    if (row := rows.filter(public_id=public_id).first()) is None:
        raise _missing(_("There is no such find-and-fix in this project."))
    return row


def cleaning_of(access: Access, public_id: UUID) -> Cleaning:
    """Return a cleaning of the project by the id of its job; raises Missing."""
    return _cleaning(access, public_id, "cleaning", _("There is no such cleaning in this project."))


def leakage_of(access: Access, public_id: UUID) -> Cleaning:
    """Return a finished search for leakage of the project by the id of its job; raises Missing."""
    return _cleaning(access, public_id, "leakage", _("There is no such search for leakage in this project."))


def _cleaning(access: Access, public_id: UUID, kind: str, missing: str) -> Cleaning:
    rows = Cleaning.objects.select_related("job__asked_by", "project", "undone_by")
    named = rows.filter(project=access.project, job__public_id=public_id, job__kind=kind)
    if (row := named.first()) is None:
        raise _missing(missing)
    return row


def leak_of(access: Access, public_id: UUID) -> Leak:
    """Return a pair of a search for leakage of the project; raises Missing."""
    rows = Leak.objects.select_related("cleaning__job", "image", "picture")
    if (row := rows.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such pair in this project."))
    return row


def label_schema_of(access: Access, public_id: UUID) -> LabelSchema:
    """Return a set of labels of the project; raises Missing."""
    if (row := LabelSchema.objects.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such set of labels in this project."))
    return row


def question_of(access: Access, public_id: UUID) -> Question:
    """Return a question of the project, for head annotators; raises Missing."""
    rows = Question.objects.select_related("version", "image", "asker", "answered_by", "batch").filter(
        project=access.project, public_id=public_id
    )
    if (row := rows.first()) is None:
        raise _missing(_("There is no such question in this project."))
    return row


def own_question_of(access: Access, public_id: UUID) -> Question:
    """Return a question that the person asked; raises Missing for those of others."""
    own = Question.objects.filter(project=access.project, public_id=public_id, asker=access.user)
    if (row := own.first()) is None:
        raise _missing(_("You have asked no such question."))
    return row


def precedent_of(access: Access, public_id: UUID) -> Precedent:
    """Return a precedent of the project; raises Missing."""
    if (row := Precedent.objects.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such precedent in this project."))
    return row


def onboarding_run_of(access: Access, public_id: UUID) -> OnboardingRun:
    """Return the person's own onboarding attempt; other people's are missing to them. Raises Missing."""
    rows = OnboardingRun.objects.filter(project=access.project, person=access.user)
    if (row := rows.filter(public_id=public_id).first()) is None:
        raise _missing(_("There is no such onboarding of yours in this project."))
    return row


def known_answer_of(access: Access, public_id: UUID, *, run: OnboardingRun | None = None) -> KnownAnswer:
    """Return a known answer: any for head annotators, for others those that their attempt asks. Raises Missing."""
    rows = KnownAnswer.objects.select_related("version__image", "version__caption", "schema")
    rows = rows.filter(project=access.project, public_id=public_id)
    if run is not None:
        rows = rows.filter(pk__in=[*run.training_ids, *run.qualification_ids])
    elif not access.may_act_as(Role.HEAD):
        rows = rows.none()
    if (row := rows.first()) is None:
        raise _missing(_("There is no such known answer in this project."))
    return row


def quality_report_of(access: Access, public_id: str) -> QualityReport:
    """Return a report on quality over time; raises Missing, also for an id that is none."""
    try:
        named = UUID(public_id)
    except ValueError as error:
        raise _missing(_("There is no such report in this project.")) from error
    if (row := QualityReport.objects.filter(project=access.project, public_id=named).first()) is None:
        raise _missing(_("There is no such report in this project."))
    return row


def genericness_check_of(access: Access, public_id: UUID) -> GenericnessCheck:
    """Return a check of a suspected caption; raises Missing."""
    rows = GenericnessCheck.objects.select_related("caption", "version", "image")
    if (row := rows.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such check in this project."))
    return row


def genericness_question_of(access: Access, public_id: UUID) -> GenericnessQuestion:
    """Return a question on a caption and an image that is not its own; raises Missing."""
    rows = GenericnessQuestion.objects.select_related("check_row__version", "image")
    if (row := rows.filter(project=access.project, public_id=public_id).first()) is None:
        raise _missing(_("There is no such question in this project."))
    return row


def label_estimate_run_of(access: Access, public_id: UUID) -> LabelEstimateRun:
    """Return a run of estimated labels of the project; raises Missing."""
    rows = LabelEstimateRun.objects.select_related("schema").filter(project=access.project)
    if (row := rows.filter(public_id=public_id).first()) is None:
        raise _missing(_("There are no such estimates in this project."))
    return row


def judgment_import_of(access: Access, public_id: UUID) -> JudgmentImport:
    """Return what an import of judgments came to, by the id of its job; raises Missing."""
    rows = JudgmentImport.objects.select_related("job").filter(project=access.project)
    if (row := rows.filter(job__public_id=public_id).first()) is None:
        raise _missing(_("There is no such import in this project, or it is not done yet."))
    return row
