"""Fits the refusal: the weights of `qa.answerable` and its threshold, on the development questions only.

    python -m qa.evals.calibrate --index index/chroma [--index ANOTHER …]

Prints the trade-off by cross-validation on the development split, the same for the test split, and the table to put
into `qa/answerable.py`. Several indexes of the same papers in other words make the fit less dependent on the wording.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.answerable import FEATURES, features
from qa.assistant import Assistant
from qa.evals.measures import auc, threshold_at
from qa.evals.questions import ReferenceQuestion, read_questions
from qa.search import open_index

Array = NDArray[np.float64]
WRONG_REFUSALS_SET = 0.03
"""The share at which the threshold is set: on questions it was not fitted to, the share comes out higher."""
RIDGE = 3.0
"""Weight of the penalty on squared weights; between 1 and 10 the cross-validated scores do not differ."""
FOLDS = 10
NAMES = [name for name, *_ in FEATURES]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A logistic regression over standardised features."""

    means: Array
    deviations: Array
    weights: Array
    bias: float

    def scores(self, rows: Array) -> Array:
        """Log odds that the question is answerable, one a row."""
        return (rows - self.means) / self.deviations @ self.weights + self.bias


def fit(rows: Array, answerable: NDArray[np.bool_]) -> Fit:
    """Fit by Newton's method, both classes weighing the same (rows x features, one truth a row)."""
    means, deviations = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    x = np.column_stack([np.ones(len(rows)), (rows - means) / deviations])
    y = answerable.astype(float)
    balance = np.where(answerable, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = RIDGE * np.diag([0.0, *np.ones(rows.shape[1])])
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (balance * (likely - y)) + penalty @ weights
        curvature = (x * (balance * likely * (1 - likely))[:, None]).T @ x + penalty
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return Fit(means=means, deviations=deviations, weights=weights[1:], bias=float(weights[0]))


def _rows(questions: Sequence[ReferenceQuestion], folder: str) -> Array:
    """The features of each question on an index: questions x features."""
    assistant = Assistant(open_index(folder))
    rows = []
    for question in questions:
        case = assistant.consider(question.question, question.history)
        values = features(case.question, case.readings, case.rarity)
        rows.append([values[name] for name in NAMES])
    return np.array(rows)


def _describe(name: str, questions: Sequence[ReferenceQuestion], scores: Array, threshold: float | None = None) -> None:
    truth = np.array([question.is_answerable for question in questions])
    detail = np.array([bool(question.near) for question in questions])
    at = threshold_at(scores, truth) if threshold is None else threshold
    refused = scores < at
    print(
        f"{name:28} AUC {auc(scores, truth):.3f}  off-topic {auc(scores[~detail], truth[~detail]):.3f}"
        f"  missing detail {auc(scores[truth | detail], truth[truth | detail]):.3f}"
        f"  refused: right {refused[~truth].mean():.2f} (off-topic {refused[~truth & ~detail].mean():.2f},"
        f" detail {refused[detail].mean():.2f}), wrong {refused[truth].mean():.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", default="evals/questions.jsonl")
    parser.add_argument("--index", action="append", required=True, metavar="FOLDER")
    options = parser.parse_args()
    dev, test = (read_questions(options.questions, split=split) for split in ("dev", "test"))
    truth = np.array([question.is_answerable for question in dev])
    tables = [_rows(dev, folder) for folder in options.index]
    tests = [_rows(test, folder) for folder in options.index]
    # Cross-validation: the folds are the same questions on every index, so none is fitted and scored in other words.
    fold = np.random.default_rng(0).permutation(len(dev)) % FOLDS
    held_out = [np.zeros(len(dev)) for _ in tables]
    for i in range(FOLDS):
        fitted = fit(np.vstack([table[fold != i] for table in tables]), np.tile(truth[fold != i], len(tables)))
        for scores, table in zip(held_out, tables, strict=True):
            scores[fold == i] = fitted.scores(table[fold == i])
    whole = fit(np.vstack(tables), np.tile(truth, len(tables)))
    threshold = threshold_at(np.concatenate(held_out), np.tile(truth, len(tables)), WRONG_REFUSALS_SET)
    for folder, scores in zip(options.index, held_out, strict=True):
        _describe(f"dev, held out  {folder}", dev, scores)
    for folder, table in zip(options.index, tests, strict=True):
        scores = whole.scores(table)
        _describe(f"test, at 5 %   {folder}", test, scores)
        _describe(f"test, as set   {folder}", test, scores, threshold)
    print(f"\nBIAS = {whole.bias:.4f}\nTHRESHOLD = {1 / (1 + np.exp(-threshold)):.3f}\nFEATURES = (")
    for name, mean, deviation, weight in zip(NAMES, whole.means, whole.deviations, whole.weights, strict=True):
        print(f'    ("{name}", {mean:.4f}, {deviation:.4f}, {weight:.4f}),')
    print(")")


if __name__ == "__main__":
    main()
