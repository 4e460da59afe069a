"""The design of a study through the API: told as one value that can be posted again, to any project; and its plan."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import DifficultyLevel
from polyannot.kernel.errors import Conflict
from projects.api.door import ProjectApiView
from projects.models import Role, Scope
from studies.access import study_of
from studies.api.plans import PlanOut, told_plan
from studies.drafting.building import DRAFT_FIELDS, LONGEST_LAPSE, MOST_PARTICIPANTS, MOST_TEXT
from studies.drafting.declaring import LONGEST_NAME, MOST_SETS, AskedSet
from studies.drafting.travelling import (
    DesignInvalid,
    GivenDesign,
    NamedEncoder,
    fields_of,
    take_design,
    tried_study,
)
from studies.drafting.wording import current_text, fill, markdown_of, shown, values_of
from studies.forms import HIGHEST_FEE, LONGEST_MEDIAN
from studies.models import PairSet, Study, StudyKind, TextKind

LONGEST_TITLE = 160
MOST_CAPTIONS = 100_000
LONGEST_KEY = 200


class StudyEncoder(serializers.Serializer[Any]):
    """A model by its name; with `weights_sha256` that very one, else the newest of this name."""

    name = serializers.CharField(max_length=200)
    weights_sha256 = serializers.CharField(max_length=64, required=False, allow_blank=True)


class DesignSettings(serializers.ModelSerializer[Study]):
    """What the study builder asks for; a study of paraphrases lacks what only pairs of image and caption have.

    `encoder` is the model whose similarity ranks the pairs. A share is 0 to 1; `null` is no rule.
    """

    encoder = StudyEncoder(allow_null=True, required=False)

    class Meta:
        model = Study
        fields = [name for name in DRAFT_FIELDS if name != "title"]
        extra_kwargs = {
            "target_participants": {"min_value": 1, "max_value": MOST_PARTICIPANTS},
            "lapse_minutes": {"min_value": 1, "max_value": LONGEST_LAPSE},
            "platform_fee": {"min_value": 0, "max_value": HIGHEST_FEE},
            "min_seconds_median": {"min_value": 0, "max_value": LONGEST_MEDIAN},
        }

    def to_representation(self, study: Study) -> dict[str, Any]:
        """Return the fields that this kind of study has."""
        told = super().to_representation(study)
        encoder = study.encoder
        told["encoder"] = encoder and {"name": encoder.name, "weights_sha256": encoder.weights_hash}
        return {name: told[name] for name in fields_of(study) if name in told}


class DesignTexts(serializers.Serializer[Any]):
    """The texts that participants read, in Markdown with placeholders such as {title} and {minutes}."""

    consent = serializers.CharField(max_length=MOST_TEXT, required=False)
    instructions = serializers.CharField(max_length=MOST_TEXT, required=False)
    debriefing = serializers.CharField(max_length=MOST_TEXT, required=False)


class DesignSet(serializers.Serializer[PairSet]):
    """A set with a row in Table 1: all conditions have to hold; `at_least` is in the band, `below` is not."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    difficulty = serializers.ChoiceField(choices=DifficultyLevel.choices, required=False, allow_null=True)
    at_least = serializers.FloatField(required=False, allow_null=True)
    below = serializers.FloatField(required=False, allow_null=True)
    captions = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_KEY),
        required=False,
        max_length=MOST_CAPTIONS,
        help_text="Keys of captions; empty for no such condition.",
    )

    def to_representation(self, row: PairSet) -> dict[str, Any]:
        """Return the set; a difficulty that is not asked for is null."""
        told = super().to_representation(row)
        return {**told, "difficulty": row.difficulty or None}


class DesignOut(serializers.Serializer[Study]):
    """The whole design of a study, in the form in which `studies/` takes it for a new one."""

    kind = serializers.ChoiceField(choices=StudyKind.choices)
    title = serializers.CharField()
    settings = DesignSettings(source="*")
    texts = serializers.SerializerMethodField()
    sets = DesignSet(source="pair_sets", many=True)

    @extend_schema_field(DesignTexts)
    def get_texts(self, study: Study) -> dict[str, str]:
        """Return the newest version of each text that there is."""
        told = {kind: markdown_of(study, kind).strip() for kind in TextKind.values}
        return {kind: text for kind, text in told.items() if text}


class DesignIn(serializers.Serializer[Any]):
    """What a draft shall have; what is left out stays, sets that are given take the place of all declared ones."""

    title = serializers.CharField(max_length=LONGEST_TITLE, required=False)
    settings = DesignSettings(required=False)
    texts = DesignTexts(required=False)
    sets = serializers.ListField(child=DesignSet(), required=False, max_length=MOST_SETS)


class SettingsIn(serializers.Serializer[Any]):
    """Settings that are not saved."""

    settings = DesignSettings(required=False)


def given_design(values: Mapping[str, Any]) -> GivenDesign:
    """Return what the checked body of a request gives of a design."""
    settings = dict(values.get("settings", {}))
    if "title" in values:
        settings["title"] = values["title"]
    if settings.get("encoder") is not None:
        settings["encoder"] = NamedEncoder(**settings["encoder"])
    sets = values.get("sets")
    return GivenDesign(
        settings,
        dict(values.get("texts", {})),
        None if sets is None else [_asked(row) for row in sets],
    )


def _asked(row: Mapping[str, Any]) -> AskedSet:
    return AskedSet(
        name=row["name"],
        difficulty=row.get("difficulty") or "",
        at_least=row.get("at_least"),
        below=row.get("below"),
        captions="\n".join(row.get("captions", [])),
    )


@contextmanager
def refusals_by_field() -> Iterator[None]:
    """Let settings that were refused be answered each under its own name."""
    try:
        yield
    except DesignInvalid as refusal:
        raise serializers.ValidationError({"settings": refusal.fields}) from refusal


class StudyDesignView(ProjectApiView):
    """The design of a study."""

    serializer_class = DesignOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_design")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the design: of a draft as it stands, of a launched study with the sets added since."""
        return Response(self.get_serializer(study_of(self.access, study_id)).data)

    @extend_schema(operation_id="studies_design_change", request=DesignIn, responses=DesignOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Change a draft; refused once it is launched. Nothing is kept where a part is refused."""
        study = study_of(self.access, study_id)
        given = DesignIn(data=request.data)
        given.is_valid(raise_exception=True)
        with refusals_by_field():
            take_design(study=study, given=given_design(given.validated_data), actor=self.person)
        return Response(self.get_serializer(study_of(self.access, study_id)).data)


class ReadTextOut(serializers.Serializer[Any]):
    """A text: its newest version as it was written, and as participants read it."""

    kind = serializers.ChoiceField(choices=TextKind.choices)
    number = serializers.IntegerField(help_text="The version, from 1; 0 where there is none.")
    markdown = serializers.CharField(allow_blank=True)
    filled = serializers.CharField(
        allow_blank=True, help_text="Markdown with the study's facts in the place of its placeholders."
    )
    html = serializers.CharField(allow_blank=True)


class ReadTextsOut(serializers.Serializer[Any]):
    """The texts of a study in the order in which participants meet them."""

    texts = ReadTextOut(many=True)


class StudyTexts(ProjectApiView):
    """The texts as participants read them."""

    serializer_class = ReadTextsOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_texts")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the texts; a draft's are changed with its design."""
        study = study_of(self.access, study_id)
        return Response({"texts": [_as_read(study, kind) for kind in TextKind.values]})


def _as_read(study: Study, kind: str) -> dict[str, Any]:
    text = current_text(study, kind)
    markdown = text.markdown if text else ""
    return {
        "kind": kind,
        "number": text.number if text else 0,
        "markdown": markdown,
        "filled": fill(markdown, values_of(study)),
        "html": str(shown(markdown, study)),
    }


class StudyPlanView(ProjectApiView):
    """What a draft's numbers will be able to say, what they cost, and what is missing before launch."""

    serializer_class = PlanOut
    read_rule = write_rule = (Role.RESEARCHER,)
    # Trying other numbers changes nothing.
    write_scope = Scope.READ

    @extend_schema(operation_id="studies_plan")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the plan of the draft as it stands."""
        study = self._draft(study_id)
        return Response(told_plan(study, self.person))

    @extend_schema(operation_id="studies_plan_try", request=SettingsIn, responses=PlanOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the plan that the draft would have with other settings; nothing is saved."""
        study = self._draft(study_id)
        given = SettingsIn(data=request.data)
        given.is_valid(raise_exception=True)
        with refusals_by_field():
            tried = tried_study(study, given_design(given.validated_data).fields)
        return Response(told_plan(tried, self.person))

    def _draft(self, study_id: UUID) -> Study:
        study = study_of(self.access, study_id)
        if not study.is_draft:
            raise Conflict("study_frozen", _("The study is launched; its plan is in the pre-registration."))
        return study
