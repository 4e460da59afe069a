"""Dawid and Skene's model: true labels and each rater's errors, estimated together where nobody knows the truth.

Given an item's true label j, rater k is taken to answer l with probability confusion[k, j, l], independently of the
other raters and of the item. Labels' rates, confusions and the items' labels are found by expectation-maximisation
from the shares of the answers. Source: Dawid & Skene 1979, Applied Statistics 28, 20-28.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

VERSION = "1"
# With two ratings an item the errors of two raters cannot be told apart.
FEWEST_RATINGS = 3
MOST_ITERATIONS = 1000
# The estimation ends when the mean log-likelihood of a rating rises by less.
TOLERANCE = 1e-11
# No rate is taken for smaller, so that one surprising answer never rules a label out.
LEAST_RATE = 1e-10


@dataclass(frozen=True, eq=False)
class Estimate:
    """Estimated labels: ``probabilities`` items x labels (rows add up to 1), ``rates`` of the labels (add up to 1).

    ``confusion`` is raters x true label x answer; the rows of a rater who never met a label are LEAST_RATE alike.
    ``weights`` is raters x true label: how many ratings a row of the confusion rests on, as the model sees them.
    ``log_likelihood`` is of all ratings, natural logarithm.
    """

    probabilities: FloatArray
    rates: FloatArray
    confusion: FloatArray
    weights: FloatArray
    log_likelihood: float
    iterations: int
    has_converged: bool


def estimate_labels(
    items: IntArray,
    raters: IntArray,
    labels: IntArray,
    *,
    n_labels: int,
    most_iterations: int = MOST_ITERATIONS,
    tolerance: float = TOLERANCE,
) -> Estimate:
    """Estimate labels from ratings in long form: three code arrays of one length, each code from 0 up without gaps.

    A rater may rate an item more than once, as observer 1 of the source does. Raises ValueError for no ratings, for
    columns of different lengths, or for a label code outside 0 to n_labels - 1.
    """
    if not len(items) == len(raters) == len(labels) or not len(items):
        raise ValueError("The columns item, rater and label must have the same length, and not be empty.")
    if labels.min() < 0 or labels.max() >= n_labels:
        raise ValueError(f"Label codes go from 0 to {n_labels - 1}.")
    n_items, n_raters = int(items.max()) + 1, int(raters.max()) + 1
    answers = sparse.csr_array(
        (np.ones(len(items)), (items, raters * n_labels + labels)), shape=(n_items, n_raters * n_labels)
    )
    given = answers @ np.tile(np.eye(n_labels), (n_raters, 1))
    probabilities = np.asarray(given / given.sum(axis=1, keepdims=True))
    reached, iterations, has_converged = -np.inf, 0, False
    rates, confusion, weights = _parameters(answers, probabilities, n_raters)
    while iterations < most_iterations and not has_converged:
        iterations += 1
        probabilities, log_likelihood = _expected(answers, rates, confusion)
        rates, confusion, weights = _parameters(answers, probabilities, n_raters)
        has_converged = log_likelihood - reached < tolerance * len(items)
        reached = log_likelihood
    return Estimate(probabilities, rates, confusion, weights, reached, iterations, has_converged)


def _parameters(
    answers: sparse.csr_array, probabilities: FloatArray, n_raters: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rates, confusion (raters x true label x answer) and the ratings behind each of its rows."""
    n_labels = probabilities.shape[1]
    counted = np.asarray(answers.T @ probabilities).reshape(n_raters, n_labels, n_labels)
    counts = counted.transpose(0, 2, 1)
    weights = counts.sum(axis=2)
    confusion = np.maximum(counts, LEAST_RATE)
    return (
        np.maximum(probabilities.mean(axis=0), LEAST_RATE),
        confusion / confusion.sum(axis=2, keepdims=True),
        weights,
    )


def _expected(
    answers: sparse.csr_array, rates: FloatArray, confusion: FloatArray
) -> tuple[FloatArray, float]:
    """Return the items' label probabilities and the log-likelihood under the parameters."""
    n_labels = len(rates)
    told = np.log(confusion).transpose(0, 2, 1).reshape(-1, n_labels)
    joint = np.asarray(answers @ told) + np.log(rates)
    top = joint.max(axis=1, keepdims=True)
    scaled = np.exp(joint - top)
    total = scaled.sum(axis=1, keepdims=True)
    return scaled / total, float((np.log(total) + top).sum())
