"""Curves of an evaluation as points: hit@k, refusals by threshold, risk by coverage."""

import math
from collections.abc import Sequence

import numpy as np

from qa.documents.paper import title_key
from qa.evals.metrics.measures import RESAMPLES, SEED, Array, Estimate, Score, Truth, mean, threshold_at
from qa.evals.metrics.scorers import wanted_keys
from qa.evals.results import Row
from qa.evals.runs.baselines import DEPTH

KS = (*range(1, 21), *range(30, DEPTH + 1, 10))
"""Numbers of papers read, denser where curves bend."""

Point = tuple[float, float]


def hit_curve(rows: Sequence[Row], *, recall: bool = False, ks: Sequence[int] = KS) -> list[tuple[int, Score]]:
    """For each k the share of answerable questions with a reference paper among the first k, or with `recall` the mean
    share of a question's reference papers there; nothing without such questions."""
    ranks = [_ranks(row) for row in rows if row.question.is_answerable]
    if not ranks:
        return []
    values = [[[rank <= k for rank in found] for found in ranks] for k in ks]
    return [
        (k, mean([sum(hits) / len(hits) if recall else float(any(hits)) for hits in questions]).figure())
        for k, questions in zip(ks, values, strict=True)
    ]


def refusal_curve(likelihoods: Array, answerable: Truth) -> list[Point]:
    """From (0, 0), where nothing is refused, to (1, 1): the shares of answerable and of unanswerable questions (at least
    one of each) that each threshold refuses. The area below is the AUC, for equals are joined by a slope."""
    yes, no = np.sort(likelihoods[answerable]), np.sort(likelihoods[~answerable])
    thresholds = np.unique(likelihoods)
    wrong = np.searchsorted(yes, thresholds, side="right") / len(yes)
    right = np.searchsorted(no, thresholds, side="right") / len(no)
    return [(0.0, 0.0), *zip(wrong.tolist(), right.tolist(), strict=True)]


def refusal_at_5_percent(likelihoods: Array, answerable: Truth) -> Point:
    """The point of the refusal curve whose height the tables call “recall at 5 % wrong”."""
    refused = likelihoods < threshold_at(likelihoods, answerable)
    return float(refused[answerable].mean()), float(refused[~answerable].mean())


def risk_curve(likelihoods: Array, answerable: Truth) -> list[Point]:
    """Coverage and risk when the likeliest question is answered, then the two likeliest, … then all (at least one): the
    share of questions answered, and of these the share that the abstracts do not answer. Equals share their risk, as a
    random order of them would on average."""
    ranked = np.argsort(-likelihoods, kind="stable")
    values, wrong = likelihoods[ranked], (~answerable[ranked]).astype(np.float64)
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    sizes = np.diff(np.r_[starts, len(values)])
    shared = np.repeat(np.add.reduceat(wrong, starts) / sizes, sizes)
    answered = np.arange(1, len(values) + 1)
    return list(zip((answered / len(values)).tolist(), (np.cumsum(shared) / answered).tolist(), strict=True))


def risk_area(likelihoods: Array, answerable: Truth) -> Score:
    """The mean risk over all coverages (AURC, Geifman and El-Yaniv 2017), less is better. The resamples keep the numbers
    of answerable and unanswerable questions."""
    yes, no = np.flatnonzero(answerable), np.flatnonzero(~answerable)
    random = np.random.default_rng(SEED)
    draws = [np.r_[random.choice(yes, len(yes)), random.choice(no, len(no))] for _ in range(RESAMPLES)]
    value, *resamples = [
        float(np.mean([risk for _, risk in risk_curve(likelihoods[draw], answerable[draw])]))
        for draw in (np.r_[yes, no], *draws)
    ]
    return Estimate(value=value, resamples=np.array(resamples), count=len(answerable)).figure()


def _ranks(row: Row) -> list[float]:
    """The rank of each reference paper, infinite where it was not found."""
    ranks: dict[str, float] = dict.fromkeys(wanted_keys(row.question), math.inf)
    for paper in row.ranked:
        key = title_key(paper.title)
        if key in ranks:
            ranks[key] = min(ranks[key], paper.rank)
    return list(ranks.values())
