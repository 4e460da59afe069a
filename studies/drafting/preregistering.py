"""The pre-registration: what was declared before the first answer, as JSON and as Markdown."""

import hashlib
import json
from typing import Any

from django.utils import timezone

from studies.design import planning
from studies.design.cards import REPEAT_GAP, StudyPlan
from studies.design.exclusion import ExclusionRule
from studies.design.grades import HIGHEST, UNRELATED_AT_MOST
from studies.design.sets import chosen_set
from studies.drafting.approving import fingerprint_of, is_approved
from studies.drafting.candidates import DraftChoice
from studies.drafting.plans import declared_rules, replacement_of
from studies.drafting.tabling import facts_of, frozen_targets, rules_of
from studies.drafting.wording import fill, markdown_of, values_of
from studies.models import PairRole, Preregistration, Study, StudyKind, StudyPair, TextKind
from studies.results.analysis import REPLICATES

FORMAT = "polyannot-preregistration/1"

RULE_SENTENCES = {
    "distractors": "Distractors answered good: at most {limit:g}.",
    "controls": "Positive controls answered bad: at most {limit:g}.",
    "speed": "Median time for a pair: at least {seconds:g} s.",
    "completeness": "Cards answered: at least {percent:g}%.",
}
GRADED_SENTENCES = {
    "distractors": f"Unrelated pairs graded above {UNRELATED_AT_MOST}: at most {{limit:g}}.",
    "controls": f"Identical pairs graded below {HIGHEST}: at most {{limit:g}}.",
}


def rule_sentence(rule: ExclusionRule) -> str:
    """Return the rule in one English sentence, as declarations and exports print it."""
    sentences = RULE_SENTENCES | (GRADED_SENTENCES if rule.is_graded else {})
    return sentences[rule.kind].format(limit=rule.limit, seconds=rule.limit / 1000, percent=100 * rule.limit)


def freeze(study: Study, plan: StudyPlan, choice: DraftChoice) -> Preregistration:
    """Write the pre-registration of a study whose pairs are laid out; call it inside the launch."""
    document = document_of(study, plan, choice)
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return Preregistration.objects.create(
        study=study,
        document=document,
        markdown=as_markdown(document),
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def document_of(study: Study, plan: StudyPlan, choice: DraftChoice) -> dict[str, Any]:
    """Return everything that was declared, as plain values."""
    return {
        "format": FORMAT,
        "title": study.title,
        "study": str(study.public_id),
        "declared_at": timezone.now().isoformat(timespec="seconds"),
        "is_demo": study.is_demo,
        "is_approved_by_second_person": is_approved(study, fingerprint_of(study, choice), launcher=None),
        "kind": study.kind,
        "design": _design(study, plan, choice),
        "replacement": {
            name: getattr(replacement_of(study), name) for name in ("excluded", "withdrawn", "lapsed")
        },
        "exclusion": [
            {"kind": rule.kind, "limit": rule.limit, "sentence": rule_sentence(rule)}
            for rule in declared_rules(study)
        ],
        "analysis": _analysis_of_grades(study) if study.is_graded else _analysis(study),
        "sets": _own_sets(study),
        "precision": [
            {
                "share": planned.share,
                "n": planned.n,
                "low": planned.interval.low,
                "high": planned.interval.high,
                "expected_minimum": planned.expected_minimum,
            }
            for planned in planning.planned_intervals_of(plan, is_graded=study.is_graded)
        ],
        "texts": {kind: fill(markdown_of(study, kind), values_of(study)) for kind in TextKind.values},
        "pairs": [
            _pair(pair)
            for pair in study.pairs.select_related("image", "version__caption", "original__caption")
        ],
    }


def _design(study: Study, plan: StudyPlan, choice: DraftChoice) -> dict[str, Any]:
    encoder, pairs = study.encoder, choice.pair_choice
    return {
        "kind": plan.kind,
        "participants": plan.participants,
        "pairs": len(plan.pairs),
        "pairs_by_difficulty": dict(pairs.chosen) if pairs else {},
        "ties_at_the_cut": dict(pairs.ties) if pairs else {},
        "similarity_range": list(pairs.similarity_range) if pairs else [],
        "encoder": {"name": encoder.name, "weights_hash": encoder.weights_hash} if encoder else None,
        "pairs_each": plan.cards,
        "distractors": len(plan.distractors),
        "distractors_each": plan.distractors_each,
        "controls": len(plan.controls),
        "controls_each": plan.controls_each,
        "repeats_each": plan.repeats,
        "repeat_gap": REPEAT_GAP,
        "answers_per_pair": plan.target,
        "seed": plan.seed,
    }


def _analysis(study: Study) -> dict[str, Any]:
    left_out = study.primary_leaves_out_excluded
    return {
        "primary": "without excluded people" if left_out else "all eligible people",
        "beside_it": "all eligible people" if left_out else "without excluded people",
        "share_of_a_pair": "good answers / answers, Wilson 95% interval, and simultaneous (Sidak)",
        "mean": "over pairs, each counting the same; percentile bootstrap over participants",
        "replicates": REPLICATES,
        "minimum": "the lowest share with its own n; never resampled; beside its expectation under equal shares",
        "pairs_without_answers": "left out of mean and minimum, and counted",
        "sets": "all pairs; each difficulty where there are several; the least similar pairs, as many as one person "
        "sees; equal subsets of as many, by the blocks or by the seed",
        "agreement": "raw agreement, Krippendorff's alpha (nominal), AC1, specific agreement, beside the share of good "
        "answers; percentile bootstrap over participants, and over participants and pairs",
        "attention": "distractors called good, pooled and by participant; d' with the log-linear correction",
        "similarity": "Spearman's rank correlation of share good with similarity, over the range of the pairs alone",
        "stopped_early": "left out" if study.replaces_lapsed else "their answers are kept",
        "seed": study.seed,
    }


def _analysis_of_grades(study: Study) -> dict[str, Any]:
    left_out = study.primary_leaves_out_excluded
    return {
        "primary": "without excluded people" if left_out else "all eligible people",
        "beside_it": "all eligible people" if left_out else "without excluded people",
        "perfect": f"a paraphrase that {study.graders_per_pair} people or more graded, all of them {HIGHEST}",
        "share_perfect": "perfect / paraphrases graded by that many, Wilson 95% interval; the others are counted",
        "mean_grade": "over all grades of paraphrases; percentile bootstrap over participants",
        "replicates": REPLICATES,
        "agreement": "raw agreement, Krippendorff's alpha (ordinal), Gwet's AC2 (quadratic weights); percentile "
        "bootstrap over participants, and over participants and paraphrases",
        "attention": f"unrelated pairs graded above {UNRELATED_AT_MOST}, identical pairs graded below {HIGHEST}",
        "stopped_early": "left out" if study.replaces_lapsed else "their answers are kept",
        "seed": study.seed,
    }


def _own_sets(study: Study) -> list[dict[str, Any]]:
    """The researcher's own rows of Table 1, with the numbers of their pairs."""
    targets = frozen_targets(study)
    facts, number_of = facts_of(targets), {pair.pk: pair.position for pair in targets}
    return [
        {
            "name": rule.name,
            "rule": rule.explain(),
            "pairs": [number_of[pair] for pair in chosen_set(rule, facts).pairs],
        }
        for rule in rules_of(study)
    ]


def _pair(pair: StudyPair) -> dict[str, Any]:
    return {
        "role": pair.role,
        "position": pair.position,
        "block": pair.block,
        "image": pair.image.key,
        "caption": pair.version.caption.key,
        "text": pair.version.text,
        **(
            {"original": pair.original.caption.key, "original_text": pair.original.text}
            if pair.original is not None
            else {}
        ),
        "difficulty": pair.difficulty,
        "cosine": pair.cosine,
    }


def as_markdown(document: dict[str, Any]) -> str:
    """Return the pre-registration for readers; pairs are counted here and listed in the JSON."""
    design, analysis = document["design"], document["analysis"]
    rules = [f"- {rule['sentence']}" for rule in document["exclusion"]] or ["- None."]
    replaced = [name for name, is_replaced in document["replacement"].items() if is_replaced]
    lines = [
        f"# Pre-registration: {document['title']}",
        "",
        f"Declared {document['declared_at']}; study {document['study']}.",
        *(["", "Demonstration data."] if document["is_demo"] else []),
        *(["", "Read and approved by a second person."] if document["is_approved_by_second_person"] else []),
        "",
        "## Design",
        "",
        (
            f"- {design['participants']} participants, {design['pairs_each']} of {design['pairs']} pairs each "
            f"({design['kind']}): {design['answers_per_pair']} answers for each pair at least."
        ),
        *(_graded_lines(design) if document["kind"] == StudyKind.PARAPHRASES else _fit_lines(design)),
        f"- Replaced by new participants: {', '.join(replaced) or 'nobody'}.",
        f"- Seed {design['seed']}.",
        "",
        "## Exclusion from the analysis",
        "",
        *rules,
        "",
        "Rules never decide about pay.",
        "",
        "## Analysis",
        "",
        *analysis_lines(analysis),
        *(
            f"- Set “{each['name']}”: {each['rule']}; {len(each['pairs'])} pairs."
            for each in document["sets"]
        ),
        "",
        "## Texts",
        "",
        *(f"### {kind.capitalize()}\n\n{_lowered(text)}\n" for kind, text in document["texts"].items()),
        "## Pairs",
        "",
        *(f"- {role}: {_count(document, role)}" for role in PairRole.values),
        "",
        "All pairs are listed in the JSON form of this document.",
        "",
    ]
    return "\n".join(lines)


def _fit_lines(design: dict[str, Any]) -> list[str]:
    encoder = design["encoder"]
    chosen = ", ".join(f"{count} {level}" for level, count in design["pairs_by_difficulty"].items())
    return [
        (
            f"- Pairs: {chosen}; lowest similarity first by {encoder['name'] if encoder else 'no model'}"
            f" (weights {encoder['weights_hash'][:12] if encoder else '-'})."
        ),
        (
            f"- {design['distractors_each']} of {design['distractors']} distractors and {design['controls_each']} "
            f"of {design['controls']} positive controls each; {design['repeats_each']} pairs shown twice."
        ),
    ]


def _graded_lines(design: dict[str, Any]) -> list[str]:
    return [
        f"- Paraphrases beside their originals, drawn by the seed, graded 0 to {HIGHEST}.",
        (
            f"- {design['distractors_each']} of {design['distractors']} unrelated and {design['controls_each']} "
            f"of {design['controls']} identical pairs each; {design['repeats_each']} pairs shown twice."
        ),
    ]


# How the document calls each part of the analysis that it declares.
ANALYSIS_WORDS = {
    "share_of_a_pair": "Share good of a pair",
    "perfect": "Perfect",
    "share_perfect": "Share perfect",
    "mean_grade": "Mean grade",
    "mean": "Mean",
    "minimum": "Minimum",
    "pairs_without_answers": "Pairs without answers",
    "sets": "Sets of pairs",
    "agreement": "Agreement",
    "attention": "Attention",
    "similarity": "Similarity",
    "stopped_early": "People who stop early",
}


def analysis_lines(analysis: dict[str, Any]) -> list[str]:
    """Return the declared analysis as lines of Markdown."""
    told = {name: str(analysis[name]) for name in ANALYSIS_WORDS if name in analysis}
    for name in ("mean", "mean_grade"):
        if name in told:
            told[name] += f", {analysis['replicates']} resamples"
    return [
        f"- Primary figures: {analysis['primary']}; beside them: {analysis['beside_it']}.",
        *(f"- {ANALYSIS_WORDS[name]}: {text}." for name, text in told.items()),
    ]


def _lowered(markdown: str) -> str:
    """Put a text's headings below those of the document."""
    return "\n".join(f"###{line}" if line.startswith("#") else line for line in markdown.splitlines())


def _count(document: dict[str, Any], role: str) -> int:
    return sum(pair["role"] == role for pair in document["pairs"])
