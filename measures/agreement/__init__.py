"""Agreement between raters: the public door.

``report(Ratings.from_columns(items, raters, labels, clusters))`` gives every coefficient with its n, its
exclusions and its intervals; formulas, rules for missing ratings and sources are in
docs/algorithms/agreement.md. From the shell: ``python -m measures.agreement ratings.csv --json``.
"""

from measures.agreement.bootstrap import KINDS, Bootstrap
from measures.agreement.ratings import Ratings
from measures.agreement.reporting import report
from measures.agreement.results import VERSION, AgreementReport, Coefficient
from measures.agreement.scale import LEVELS, TREATMENTS, Scale
from measures.agreement.table import Exclusion
from measures.agreement.weights import WEIGHTS

__all__ = [
    "KINDS",
    "LEVELS",
    "TREATMENTS",
    "VERSION",
    "WEIGHTS",
    "AgreementReport",
    "Bootstrap",
    "Coefficient",
    "Exclusion",
    "Ratings",
    "Scale",
    "report",
]
