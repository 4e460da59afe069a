"""A stored agreement report as a page shows it: names for ids, figures as text with their n and interval."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.agreement.rows import (
    CORRECTED,
    TREATMENT_NAMES,
    WEIGHTED,
    AnnotatorRow,
    Category,
    ConfusionCell,
    ConfusionRow,
    HardPair,
    HeatRow,
    ShownFigure,
    TreatmentRow,
    decimal,
    per_cent,
)
from annotation.agreement.text import (
    analytic_text,
    cell_markup,
    edit_figure,
    ends_text,
    heat_cell,
    interval_text,
    place_of,
    share_basis,
    shrunken,
    step,
    withheld,
)
from annotation.models import AgreementReport, CaptionVersion


class ShownReport:
    """A stored report, ready for the page; fetches names and pairs in two queries."""

    def __init__(self, report: AgreementReport) -> None:
        self.report = report
        self.figures: dict[str, Any] = report.figures
        self.judgments: dict[str, Any] = report.figures["judgments"]
        self.coefficients: dict[str, Any] = self.figures["coefficients"]
        self.category_names: dict[str, str] = self.judgments["category_names"]
        people = {row["rater"] for row in self.figures["annotators"]}
        found = User.objects.filter(public_id__in=people)
        self.names = {str(user.public_id): str(user) for user in found}

    @property
    def excluded(self) -> list[tuple[int, str]]:
        """Return what the measures left out, each reason once: how many answers or captions, and why."""
        table, pairs = self.figures["excluded"], self.coefficients["raw_agreement"]["excluded"]
        told = {row["reason"] for row in table}
        return [(row["ratings"], row["reason"]) for row in table] + [
            (row["items"], _("a caption with one answer: there is none to compare it with"))
            if row["reason"].startswith("item with one rating")
            else (row["items"], row["reason"])
            for row in pairs
            if row["reason"] not in told
        ]

    def name_of(self, category: str) -> str:
        """Return what people call a category; merged ones are named by the measure."""
        return self.category_names.get(category, category)

    @cached_property
    def categories(self) -> list[Category]:
        """Return the share of each category in the ratings."""
        return [
            Category(
                row["label"],
                self.name_of(row["label"]),
                per_cent(row["share"]),
                row["ratings"],
                round(100 * (row["share"] or 0), 2),
            )
            for row in sorted(self.figures["prevalence"], key=lambda row: place_of(row["label"]))
        ]

    @cached_property
    def raw(self) -> list[ShownFigure]:
        """Return raw and specific agreement."""
        names = {
            "raw_agreement": _("Raw agreement"),
            "positive_agreement": _("On good: positive agreement"),
            "negative_agreement": _("On bad: negative agreement"),
        }
        return [
            self._share_figure(name, self.coefficients[key])
            for key, name in names.items()
            if key in self.coefficients and not self._is_meaningless(key)
        ]

    def _is_meaningless(self, key: str) -> bool:
        """Say whether specific agreement on good or bad is asked of labels that have neither."""
        side = {"positive_agreement": "positive", "negative_agreement": "negative"}.get(key)
        return side is not None and self.figures["parameters"][side] is None

    @cached_property
    def has_weighted_kappa(self) -> bool:
        """Say whether the kappas of two annotators weigh how far grades are apart."""
        return any(pair.get("weighted_kappa") is not None for pair in self.figures["pairs"])

    @cached_property
    def corrected(self) -> list[ShownFigure]:
        """Return the chance-corrected coefficients, the declared one first; Cohen's kappa for two annotators only."""
        primary = self.figures["primary"]
        left_out = "light_kappa" if self.report.n_raters == 2 else "cohen_kappa"
        weighted = [key for key in WEIGHTED if key in self.coefficients]
        keys = [primary, *(key for key in (*CORRECTED, *weighted) if not key.startswith(left_out))]
        return [self._corrected_figure(key, primary) for key in keys]

    def _share_figure(self, name: str, row: Mapping[str, Any]) -> ShownFigure:
        interval = row["intervals"][0] if row["intervals"] else None
        return ShownFigure(
            name=name,
            value=per_cent(row["value"]),
            reason=row["reason"],
            n_text=_("n = %(items)s captions") % {"items": formats.number_format(row["items"])},
            intervals=[interval_text(each, is_share=True) for each in row["intervals"]] or [withheld(row)],
            low=100 * interval["low"] if interval else None,
            point=100 * row["value"] if interval else None,
            high=100 * interval["high"] if interval else None,
        )

    def _corrected_figure(self, key: str, primary: str) -> ShownFigure:
        row = self.coefficients[key]
        by_method = {each["method"]: each for each in row["intervals"]}
        drawn = [
            by_method.get(f"percentile bootstrap over {kind}") for kind in ("clusters", "clusters+raters")
        ]
        return ShownFigure(
            name=row["name"],
            value=decimal(row["value"]),
            reason=row["reason"],
            n_text=_("%(items)s captions, %(ratings)s answers")
            % {
                "items": formats.number_format(row["items"]),
                "ratings": formats.number_format(row["ratings"]),
            },
            intervals=[interval_text(each) if each else "" for each in drawn],
            is_primary=key == primary,
        )

    @cached_property
    def treatments(self) -> list[TreatmentRow]:
        """Return the declared reading of the answers and the others, with raw agreement, alpha and AC1."""
        parameters = self.figures["parameters"]
        outcome = self.judgments["parameters"]["outcome"]
        rows = [self._treatment(parameters["unsure_treatment"], outcome, self.figures, is_declared=True)]
        rows += [self._treatment(row["treatment"], outcome, row) for row in self.figures["sensitivity"]]
        other = self.judgments["other_outcome"]
        if other:
            rows.append(self._treatment(other["treatment"], other["outcome"], other))
            rows += [self._treatment(row["treatment"], other["outcome"], row) for row in other["sensitivity"]]
        return [row for row in rows if not row.reason]

    def _treatment(
        self, treatment: str, outcome: str, row: Mapping[str, Any], *, is_declared: bool = False
    ) -> TreatmentRow:
        edits = _("an edited good kept apart") if outcome == "with_edits" else _("an edited good is a good")
        unsure = _("unsure: %(treatment)s") % {"treatment": TREATMENT_NAMES.get(treatment, treatment)}
        name = f"{edits}; {unsure}" if self.judgments["other_outcome"] else unsure
        if row.get("reason"):
            return TreatmentRow(name, is_declared, row["reason"], ())
        found = row["coefficients"]
        alphas = [self.figures["primary"], "gwet_ac1"]
        raw = self._share_figure("", found["raw_agreement"])
        figures = [replace(raw, intervals=[analytic_text(found["raw_agreement"], is_share=True)])]
        figures += [
            ShownFigure(
                "", decimal(found[key]["value"]), found[key]["reason"], "", [analytic_text(found[key])]
            )
            for key in alphas
        ]
        return TreatmentRow(name, is_declared, "", figures)

    @cached_property
    def people(self) -> list[tuple[str, str]]:
        """Return annotators by name: name, public id."""
        return sorted((name, public_id) for public_id, name in self.names.items())

    @cached_property
    def heat(self) -> list[HeatRow]:
        """Return the heat map, annotator by annotator."""
        pairs = f"pairs/?report={self.report.public_id}"
        cells: dict[tuple[str, str], str] = {}
        for pair in self.figures["pairs"]:
            for first, second in ((pair["first"], pair["second"]), (pair["second"], pair["first"])):
                cells[first, second] = cell_markup(heat_cell(pair, first, second), pairs)
        people = self.people
        return [
            HeatRow(name, [cells.get((public_id, other), "") for _name, other in people])
            for name, public_id in people
        ]

    @cached_property
    def confusion(self) -> list[ConfusionRow]:
        """Return which labels met; by annotator for two, else each pair of answers once."""
        confusion = self.figures["confusion"]
        keys, counts = confusion["categories"], confusion["counts"]
        most = max((max(row) for row in counts), default=0) or 1
        rows = []
        for place, key in enumerate(keys):
            cells = [
                ConfusionCell(key, other, count, step(count / most))
                for other, count in zip(keys, counts[place], strict=True)
            ]
            rows.append(ConfusionRow(self.name_of(key), cells, sum(counts[place])))
        return rows

    @cached_property
    def confusion_raters(self) -> tuple[str, str] | None:
        """Return the names of rows and columns where there are just two annotators."""
        sides = [self.figures["confusion"][side] for side in ("row_rater", "column_rater")]
        return (self.names[sides[0]], self.names[sides[1]]) if all(sides) else None

    @cached_property
    def annotators(self) -> list[AnnotatorRow]:
        """Return each annotator against the majority of the others, by name."""
        rows = [self._annotator(row) for row in self.figures["annotators"]]
        return sorted(rows, key=lambda row: row.name)

    def _annotator(self, row: Mapping[str, Any]) -> AnnotatorRow:
        pace = self.judgments["paces"][row["rater"]]
        interval, judged = row["interval"], pace["judgments"]
        unsure = round((row["unsure_share"] or 0) * row["ratings"])
        return AnnotatorRow(
            name=self.names.get(row["rater"], row["rater"]),
            public_id=row["rater"],
            ratings=row["ratings"],
            pace="" if pace["median_seconds"] is None else decimal(pace["median_seconds"], 1),
            pace_n=pace["timed"],
            unsure="" if row["unsure_share"] is None else per_cent(row["unsure_share"]),
            unsure_basis=share_basis(unsure, row["ratings"], row["ratings"]),
            edited=per_cent(pace["edited"] / judged),
            edited_basis=share_basis(pace["edited"], judged, row["ratings"]),
            share=per_cent(row["share"]) if row["share"] is not None else "",
            interval=ends_text(interval["low"], interval["high"]) if row["compared"] else "",
            compared=row["compared"],
            tied=row["tied"],
            kappa=decimal(row["kappa"]),
            reason=row["reason"],
            **shrunken(row.get("shrunken")),
        )

    @cached_property
    def pair_test(self) -> dict[str, Any]:
        """Return how cells were tested: the false discovery rate in per cent, and how many cells stand out."""
        tests = [pair.get("test") or {} for pair in self.figures["pairs"]]
        rate = self.figures.get("pair_test", {}).get("false_discovery_rate", 0)
        return {
            "rate": round(100 * rate),
            "tested": sum(test.get("p") is not None for test in tests),
            "differ": sum(bool(test.get("differs")) for test in tests),
        }

    @cached_property
    def edits(self) -> list[ShownFigure]:
        """Return how far edits agree; empty where captions are not edited."""
        names = {
            "both_edited": _("Both edited, where one did"),
            "same_kinds": _("Same kinds of edit, where both edited"),
            "same_text": _("Same text, where both edited"),
            "final_text": _("Same text in the end, where both said good"),
        }
        found = self.judgments["edits"] or {}
        return [edit_figure(name, found[key]) for key, name in names.items() if key in found]

    @cached_property
    def hardest(self) -> list[HardPair]:
        """Return the captions on which annotators agree least."""
        rows = self.figures["hardest"]
        versions = CaptionVersion.objects.select_related("image").filter(
            public_id__in=[row["item"] for row in rows]
        )
        by_id = {str(version.public_id): version for version in versions}
        return [
            HardPair(
                by_id[row["item"]],
                [(key, self.name_of(key), n) for key, n in row["labels"].items() if n],
                row["ratings"],
            )
            for row in rows
            if row["item"] in by_id
        ]
