"""The measures as the field defines them, and their intervals; nothing here knows what a paper or an answer is."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]

RESAMPLES = 2_000
"""With 2,000 resamples the ends of an interval move by less than a hundredth between seeds."""
SEED = 0
WRONG_REFUSALS = 0.05
"""The share of wrong refusals at which the right ones are reported."""


def first_rank(ranking: Sequence[str], wanted: Collection[str]) -> float:
    """The rank (from 1) of the first wanted item; infinite if there is none."""
    return next((float(rank) for rank, item in enumerate(ranking, 1) if item in wanted), math.inf)


def reciprocal_rank(ranking: Sequence[str], wanted: Collection[str]) -> float:
    """1 / the rank of the first wanted item, 0 if there is none; its mean is MRR."""
    return 1 / first_rank(ranking, wanted)


def recall_at(ranking: Sequence[str], wanted: Collection[str], k: int) -> float:
    """The share of the wanted items (at least one) among the first k."""
    return len(set(wanted).intersection(ranking[:k])) / len(set(wanted))


def ndcg_at(ranking: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Normalised discounted cumulative gain of the first k: grade / log2(1 + rank), as trec_eval has it, divided by that
    of the best order. Grades of 0 or less gain nothing, nor does an item again; 0 where no grade is positive."""
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    ideal = sum(grade / math.log2(1 + rank) for rank, grade in enumerate(best[:k], 1))
    gain = sum(
        max(grades.get(item, 0), 0) / math.log2(1 + rank)
        for rank, item in enumerate(ranking[:k], 1)
        if item not in ranking[: rank - 1]
    )
    return gain / ideal if ideal else 0.0


def precision_recall_f1(given: Collection[str], wanted: Collection[str]) -> tuple[float, float, float]:
    """Of two sets, the second not empty; all 0 where nothing was given."""
    right = len(set(given) & set(wanted))
    if not right:
        return 0.0, 0.0, 0.0
    precision, recall = right / len(set(given)), right / len(set(wanted))
    return precision, recall, 2 * precision * recall / (precision + recall)


def auc(scores: Array, positive: Truth) -> float:
    """The likelihood that a positive scores above a negative, ties counting half (Mann and Whitney); NaN without both."""
    if not positive.any() or positive.all():
        return math.nan
    return float(_above(scores, positive).mean())


def threshold_at(scores: Array, positive: Truth, wrong: float = WRONG_REFUSALS) -> float:
    """The highest threshold with at most this fraction of the positives (at least one) below it."""
    ranked = np.sort(scores[positive])
    return float(ranked[int(len(ranked) * wrong)])


# Intervals


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score over `count` questions; `low` and `high` are percentiles of its resamples, the 2.5th and 97.5th unless
    otherwise said (NaN in all three where there is nothing to measure)."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A score with its value on each resample of the questions. Estimates over the same questions have the same
    resamples, so that the difference of two is a paired one."""

    value: float
    resamples: Array
    count: int

    def __sub__(self, other: "Estimate") -> "Estimate":
        if self.count != other.count:
            raise ValueError(f"paired estimates need the same questions, not {self.count} and {other.count}")
        return Estimate(value=self.value - other.value, resamples=self.resamples - other.resamples, count=self.count)

    def figure(self, outside: float = 0.05) -> Score:
        """The score with the interval that leaves this share of the resamples outside, half on either side."""
        ends = [50 * outside, 100 - 50 * outside]
        with np.errstate(invalid="ignore"):
            low, high = np.percentile(self.resamples, ends) if self.count else (math.nan, math.nan)
        return Score(value=self.value, low=float(low), high=float(high), count=self.count)


def mean(values: ArrayLike) -> Estimate:
    """The mean over questions, one value each; an empty one is NaN over 0 questions."""
    scores = np.asarray(values, np.float64)
    if not len(scores):
        return Estimate(value=math.nan, resamples=np.empty(0), count=0)
    draws = np.random.default_rng(SEED).integers(0, len(scores), (RESAMPLES, len(scores)))
    return Estimate(value=float(scores.mean()), resamples=scores[draws].mean(axis=1), count=len(scores))


def refusals(likelihoods: Array, answerable: Truth, found: Truth) -> dict[str, Estimate]:
    """How well refusing works, over questions of which some are `answerable` and some not (else nothing is returned).

    `likelihoods` (0 to 1) sort the questions for `AUC` and for `recall at 5 % wrong`: the share of unanswerable ones
    below the threshold that refuses one answerable question in twenty. `found` is what was answered in fact, for
    `recall`, `precision` and `F1` of the refusals and `wrong`, the share of answerable questions refused. The resamples
    keep the numbers of answerable and unanswerable questions.
    """
    yes, no = np.flatnonzero(answerable), np.flatnonzero(~answerable)
    if not len(yes) or not len(no):
        return {}
    random = np.random.default_rng(SEED)
    # The first row is all questions, each once: its scores are the values.
    draw_yes = np.vstack([np.arange(len(yes)), random.integers(0, len(yes), (RESAMPLES, len(yes)))])
    draw_no = np.vstack([np.arange(len(no)), random.integers(0, len(no), (RESAMPLES, len(no)))])
    above = _above(likelihoods, answerable)
    areas = np.einsum("rj,rj->r", _counts(draw_yes, len(yes)) @ above, _counts(draw_no, len(no)))
    ranked = np.sort(likelihoods[yes][draw_yes], axis=1)
    thresholds = ranked[:, int(len(yes) * WRONG_REFUSALS)]
    at_5_percent = (likelihoods[no][draw_no] < thresholds[:, None]).mean(axis=1)
    refused = ~found
    right, wrong = refused[no][draw_no].sum(axis=1), refused[yes][draw_yes].sum(axis=1)
    every = right + wrong
    scores = {
        "AUC": areas / (len(yes) * len(no)),
        "recall at 5 % wrong": at_5_percent,
        "recall": right / len(no),
        "precision": np.divide(right, every, out=np.zeros(len(every)), where=every > 0),
        "F1": 2 * right / (every + len(no)),
        "wrong": wrong / len(yes),
    }
    count = len(answerable)
    return {
        name: Estimate(value=float(values[0]), resamples=values[1:], count=count) for name, values in scores.items()
    }


def _above(scores: Array, positive: Truth) -> Array:
    """Positives x negatives: 1 where the positive scores higher, 0.5 where they are equal."""
    difference = scores[positive][:, None] - scores[~positive][None, :]
    return (difference > 0) + 0.5 * (difference == 0)


def _counts(draws: NDArray[np.integer], size: int) -> Array:
    """Resamples x items: how often each item was drawn."""
    rows = np.arange(len(draws))[:, None] * size
    return np.bincount((draws + rows).ravel(), minlength=len(draws) * size).reshape(len(draws), size).astype(np.float64)
