"""Sets of pairs that a researcher gives a row in Table 1, declared before launch or added with a logged deviation."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from annotation.models import DifficultyLevel
from studies.models.studies import Deviation, Study


class PairSet(models.Model):
    """A set by conditions that all have to hold: a difficulty, a band of similarity, a list of caption keys.

    An empty condition does not ask for anything; one at least is given. `at_least` belongs to the band, `below` does
    not. Without `deviation` the set was declared before launch. A trigger keeps the sets of a launched study.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="pair_sets")
    name = models.CharField(_("name"), max_length=60)
    difficulty = models.CharField(_("difficulty"), max_length=6, choices=DifficultyLevel.choices, blank=True)
    at_least = models.FloatField(_("similarity at least"), null=True, blank=True)
    below = models.FloatField(_("similarity below"), null=True, blank=True)
    captions = models.JSONField(_("only these captions"), default=list, blank=True)
    deviation = models.ForeignKey(
        Deviation, on_delete=models.PROTECT, null=True, blank=True, related_name="pair_sets"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("study", Lower("name"), name="pair_set_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="pair_set_has_a_name"),
            models.CheckConstraint(
                condition=Q(difficulty="") | Q(difficulty__in=DifficultyLevel.values),
                name="pair_set_difficulty_known",
            ),
            models.CheckConstraint(
                condition=~Q(difficulty="")
                | Q(at_least__isnull=False)
                | Q(below__isnull=False)
                | ~Q(captions=[]),
                name="pair_set_asks_for_something",
            ),
        ]

    def __str__(self) -> str:
        return self.name
