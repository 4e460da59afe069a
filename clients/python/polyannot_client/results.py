"""What models and workers found: votes, benchmarks, alignments, corpora, cleaning, leakage."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyannot_client.place import Place
from polyannot_client.rows import Row

if TYPE_CHECKING:
    import pandas as pd


class Results(Place):
    """Results by their runs; the figures of a run as a data frame, which needs pandas."""

    def progress(self) -> Row:
        """Return how far the project is, with its forecast."""
        return self.get("progress/")

    def agreement(self) -> Iterator[Row]:
        """Yield the reports of agreement, newest first, without their figures."""
        return self.pages("agreement/")

    def agreement_report(self, report_id: str) -> Row:
        """Return one report with every figure."""
        return self.get(f"agreement/{report_id}/")

    def votes(self) -> Iterator[Row]:
        """Yield the votes of difficulty, newest first."""
        return self.pages("difficulty/")

    def voted_pairs_frame(self, vote_id: str, **filters: object) -> "pd.DataFrame":
        """Return what a vote made of each pair; the filter is level."""
        return self.frame(f"difficulty/{vote_id}/pairs/", **filters)

    def benchmarks(self) -> Iterator[Row]:
        """Yield the finished benchmarks, newest first."""
        return self.pages("benchmarks/")

    def benchmark_frame(self, benchmark_id: str, **filters: object) -> "pd.DataFrame":
        """Return every figure of a benchmark with n and interval: filters are encoder, figure."""
        return self.frame(f"benchmarks/{benchmark_id}/figures/", **filters)

    def alignments(self) -> Iterator[Row]:
        """Yield the aligned models, newest first."""
        return self.pages("alignments/")

    def alignment(self, alignment_id: str) -> Row:
        """Return an aligned model with its figures before and after."""
        return self.get(f"alignments/{alignment_id}/")

    def corpora(self) -> Iterator[Row]:
        """Yield the corpora on the server."""
        return self.pages("corpora/")

    def searches(self) -> Iterator[Row]:
        """Yield the finished searches of corpora, newest first."""
        return self.pages("searches/")

    def cleanings(self) -> Iterator[Row]:
        """Yield the cleanings of captions, newest first."""
        return self.pages("cleanings/")

    def cleaned_frame(self, cleaning_id: str, **filters: object) -> "pd.DataFrame":
        """Return the captions that a cleaning touched, with step and reason; the filter is outcome."""
        return self.frame(f"cleanings/{cleaning_id}/captions/", **filters)

    def leakages(self) -> Iterator[Row]:
        """Yield the searches for leakage, newest first."""
        return self.pages("leakage/")

    def leaks_frame(self, leakage_id: str) -> "pd.DataFrame":
        """Return the pairs of image and caption that a search for leakage found."""
        return self.frame(f"leakage/{leakage_id}/pairs/")
