"""Taking adjudicated pairs as known answers by a seeded draw, through the API."""

import secrets
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.access import label_schema_of
from annotation.api.v1.deciding import SEED_LIMIT, DecisionView
from annotation.api.v1.rules import SETS_RULES, KnownAnswerOut, with_answers
from annotation.forms.known_answers import DRAWN_AT_ONCE
from annotation.models import KnownAnswer, KnownUse
from annotation.rules.known_answers import draw_known_answers
from projects.api.once import kept, once


class DrawIn(serializers.Serializer[Any]):
    """How many pairs are taken of the final labels of a set, of each label in turn."""

    schema = serializers.UUIDField()
    use = serializers.ChoiceField(choices=KnownUse.choices)
    n = serializers.IntegerField(min_value=1, max_value=DRAWN_AT_ONCE)
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT - 1, required=False)


class DrawnOut(serializers.Serializer[Any]):
    """The pairs that were taken, fewer where fewer are left, and the seed of the draw."""

    seed = serializers.IntegerField()
    known_answers = KnownAnswerOut(many=True)


class KnownAnswersDraw(DecisionView):
    """Drawing known answers."""

    read_rule = write_rule = SETS_RULES
    serializer_class = DrawIn

    @kept
    @extend_schema(operation_id="known_answers_draw", request=DrawIn, responses={201: DrawnOut})
    def post(self, request: Request, project_slug: str) -> Response:
        """Keep adjudicated pairs with their final labels; the notes on these become the explanations."""
        given = self.sent()
        return once(request, lambda: self._drawn(dict(given)))

    def _drawn(self, values: dict[str, Any]) -> Response:
        schema = label_schema_of(self.access, values.pop("schema"))
        seed = values.pop("seed", secrets.randbelow(SEED_LIMIT))
        drawn = draw_known_answers(schema=schema, actor=self.person, seed=seed, **values)
        found = with_answers(KnownAnswer.objects.filter(pk__in=[row.pk for row in drawn])).order_by("pk")
        return Response(DrawnOut({"seed": seed, "known_answers": found}).data, status=201)
