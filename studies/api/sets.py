"""The rows of Table 1 and the pairs of a study through the API."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import DifficultyLevel
from polyannot.kernel.errors import Missing
from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role
from studies.access import study_of
from studies.drafting.contents import draft_choice
from studies.drafting.declaring import LONGEST_NAME, add_sets, remove_set
from studies.drafting.set_forms import MOST_LISTED, SetForm
from studies.drafting.tabling import rules_of, table_sets
from studies.models import PairRole, Study
from studies.showing import drafted_pairs, frozen_pairs

LONGEST_REASON = 400
ORIGINS = [("design", "design"), ("declared", "declared"), ("added", "added")]


class TableRowOut(serializers.Serializer[Any]):
    """A row of Table 1: of the design, declared before launch, or added after it and so exploratory."""

    name = serializers.CharField()
    origin = serializers.ChoiceField(choices=ORIGINS)
    rule = serializers.CharField(allow_blank=True, help_text="In words; empty for rows of the design.")
    n_pairs = serializers.IntegerField()


class TableOut(serializers.Serializer[Any]):
    """All rows of Table 1 in their order; of a draft, as they would be if it were launched now."""

    sets = TableRowOut(many=True)


class SetIn(serializers.Serializer[Any]):
    """A set by conditions that all have to hold; `at_least` is in the band, `below` is not."""

    name = serializers.CharField(max_length=LONGEST_NAME, required=False, allow_blank=True)
    difficulty = serializers.ChoiceField(choices=DifficultyLevel.choices, required=False, allow_null=True)
    at_least = serializers.FloatField(required=False, allow_null=True)
    below = serializers.FloatField(required=False, allow_null=True)
    captions = serializers.CharField(
        max_length=MOST_LISTED,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="A caption key a line; with a label after a comma or tab in each line, every label becomes a set.",
    )
    why = serializers.CharField(
        max_length=LONGEST_REASON,
        required=False,
        allow_blank=True,
        help_text="After launch: why it was not declared; logged as a deviation.",
    )


class SetName(serializers.Serializer[Any]):
    """A set by its name."""

    name = serializers.CharField(max_length=LONGEST_NAME)


class StudySets(ProjectApiView):
    """The rows of a study's Table 1."""

    serializer_class = TableOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_sets")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the rows."""
        return Response(told_table(self._study(study_id)))

    @kept
    @extend_schema(operation_id="studies_sets_create", request=SetIn, responses={201: TableOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Add a set, or one for each label of a list: declared in a draft, exploratory afterwards."""
        study = self._study(study_id)
        given = SetIn(data=request.data)
        given.is_valid(raise_exception=True)
        values = {name: value for name, value in given.validated_data.items() if value is not None}
        form = SetForm(values, is_draft=study.is_draft)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(told) for told in errors] for name, errors in form.errors.items()}
            )
        why = form.cleaned_data.get("why", "")

        def added() -> Response:
            add_sets(study=study, asked=form.asked(), why=why, actor=self.person)
            return Response(told_table(study), status=201)

        return once(request, added)

    def _study(self, study_id: UUID) -> Study:
        study = study_of(self.access, study_id)
        if study.is_graded:
            raise Missing("sets_missing", _("A study of paraphrases has no Table 1."))
        return study


class StudySetRemove(ProjectApiView):
    """Taking a set back."""

    serializer_class = TableOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_sets_remove", request=SetName, responses=TableOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Take a declared set out of a draft."""
        study = study_of(self.access, study_id)
        given = SetName(data=request.data)
        given.is_valid(raise_exception=True)
        remove_set(study=study, actor=self.person, **given.validated_data)
        return Response(told_table(study))


def told_table(study: Study) -> dict[str, Any]:
    """Return the rows of Table 1 as `TableOut` has them."""
    rules = {rule.name: rule.explain() for rule in rules_of(study)}
    rows = table_sets(study, draft_choice(study) if study.is_draft else None)
    return {
        "sets": [
            {
                "name": row.name,
                "origin": row.origin,
                "rule": rules.get(row.name, ""),
                "n_pairs": len(row.pairs),
            }
            for row in rows
        ]
    }


class StudyPairOut(serializers.Serializer[Any]):
    """A pair as participants are shown it; `cosine` is the similarity that ranked it, null where it is unknown."""

    role = serializers.ChoiceField(choices=PairRole.choices)
    number = serializers.IntegerField(
        help_text="Its place within its role, hardest first; figures name it so."
    )
    image = serializers.UUIDField()
    image_key = serializers.CharField()
    caption_key = serializers.CharField()
    text = serializers.CharField()
    original = serializers.CharField(allow_blank=True, help_text="What a paraphrase is shown beside.")
    difficulty = serializers.ChoiceField(choices=DifficultyLevel.choices, allow_null=True)
    cosine = serializers.FloatField(allow_null=True)


class StudyPairsOut(serializers.Serializer[Any]):
    """The pairs of a study: those that a draft would show if it were launched now, or those that were frozen."""

    is_frozen = serializers.BooleanField()
    problems = serializers.ListField(child=serializers.CharField())
    pairs = StudyPairOut(many=True)


class StudyPairs(ProjectApiView):
    """The pairs of a study."""

    serializer_class = StudyPairsOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_pairs")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return targets, distractors and controls."""
        study = study_of(self.access, study_id)
        choice = draft_choice(study) if study.is_draft else None
        groups = drafted_pairs(study, choice) if choice else frozen_pairs(study)
        return Response(
            {
                "is_frozen": choice is None,
                "problems": [str(problem) for problem in choice.problems] if choice else [],
                "pairs": [
                    {
                        "role": group.role,
                        "number": pair.number,
                        "image": pair.image_id,
                        "image_key": pair.image_key,
                        "caption_key": pair.caption_key,
                        "text": pair.text,
                        "original": pair.original,
                        "difficulty": pair.level or None,
                        "cosine": pair.cosine,
                    }
                    for group in groups
                    for pair in group.pairs
                ],
            }
        )
