"""Which sets of pairs have a row in a study's Table 1, with their pairs: of a draft as it stands, and once frozen."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from annotation.models import CaptionVersion
from studies.design.rows import PairFacts
from studies.design.sets import SetRule, TableSet, chosen_set, standard_sets, standing_sets
from studies.drafting.candidates import DraftChoice
from studies.models import PairRole, PairSet, Study, StudyDesign, StudyPair


def rule_of(row: PairSet) -> SetRule:
    """Return a stored set as the pure modules take it."""
    return SetRule(
        name=row.name,
        difficulty=row.difficulty,
        at_least=row.at_least,
        below=row.below,
        captions=frozenset(row.captions),
        is_declared=row.deviation_id is None,
    )


def rules_of(study: Study) -> list[SetRule]:
    """Return the researcher's own sets, in the order in which they were made."""
    return [rule_of(row) for row in study.pair_sets.order_by("pk")]


def facts_of(targets: Sequence[StudyPair]) -> list[PairFacts]:
    """Return what was known at launch of laid-out pairs."""
    return [PairFacts(pair.pk, pair.difficulty, pair.cosine, pair.version.caption.key) for pair in targets]


def drafted_facts(choice: DraftChoice) -> list[PairFacts]:
    """Return what is known of the pairs that a draft would show, by caption version."""
    keys = dict(CaptionVersion.objects.filter(pk__in=choice.pairs).values_list("pk", "caption__key"))
    known = choice.candidates
    return [
        PairFacts(pair, known[pair].difficulty, known[pair].similarity, keys[pair]) for pair in choice.pairs
    ]


def frozen_targets(study: Study) -> list[StudyPair]:
    """Return the laid-out targets, hardest first."""
    pairs = study.pairs.filter(role=PairRole.TARGET).select_related("version__caption")
    return list(pairs.order_by("position"))


def chosen_sets(
    study: Study, facts: Sequence[PairFacts], *, block_of: Mapping[int, int | None] | None = None
) -> list[TableSet]:
    """Return the rows beside all pairs and each difficulty: those of the design, then the researcher's own.

    `block_of` gives the block of each pair of a design of blocks, once they are laid out.
    """
    blocks: dict[int, list[int]] = {}
    if study.design == StudyDesign.BLOCKS:
        for pair, block in (block_of or {}).items():
            if block is not None:
                blocks.setdefault(block, []).append(pair)
    of_design = standard_sets(
        facts,
        cards=study.pairs_per_participant,
        seed=study.seed,
        blocks=[blocks[number] for number in sorted(blocks)],
    )
    own = [chosen_set(rule, facts) for rule in rules_of(study)]
    return [TableSet(name, pairs) for name, pairs in of_design.items()] + own


def table_sets(study: Study, choice: DraftChoice | None) -> list[TableSet]:
    """Return every row of Table 1; `choice` is a draft's, None once the pairs are frozen."""
    if choice is not None:
        facts = drafted_facts(choice)
        chosen = chosen_sets(study, facts)
    else:
        targets = frozen_targets(study)
        facts = facts_of(targets)
        chosen = chosen_sets(study, facts, block_of={pair.pk: pair.block for pair in targets})
    return [TableSet(name, pairs) for name, pairs in standing_sets(facts).items()] + chosen


def set_problems(study: Study, choice: DraftChoice) -> list[str]:
    """Name the declared sets that would be empty: a row of Table 1 needs pairs."""
    rules = rules_of(study)
    facts = drafted_facts(choice) if rules else []
    return [
        _("The set “%(name)s” takes none of the pairs that would be shown.") % {"name": rule.name}
        for rule in rules
        if not chosen_set(rule, facts).pairs
    ]
