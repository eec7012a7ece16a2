"""Fits what is fitted, on the development questions only, and prints the trade-off.

    python -m qa.evals.calibrate refusal --index index/chroma [--index ANOTHER …]
    python -m qa.evals.calibrate fusion --index index/chroma [--index ANOTHER …]

`refusal` fits the weights and the threshold of `qa.answerable` and prints the table to put there; `fusion` tries weights
for `qa.ranking`. Several indexes of the same papers in other words make a fit less dependent on the wording. Figures are
held out by cross-validation; `qa eval --split test` has those of questions that nothing was fitted to.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.answerable import FEATURES, features
from qa.assistant import Assistant
from qa.errors import InputError
from qa.evals.evaluation import DEPTH
from qa.evals.logistic import fit
from qa.evals.measures import Array, Truth, auc, threshold_at
from qa.evals.questions import ReferenceQuestion, read_questions
from qa.evals.scorers import search_scores
from qa.history import stand_alone
from qa.ranking import WEIGHTS, Weighed
from qa.search import open_index

WRONG = 0.03
"""The share of wrong refusals at which the threshold is set: on questions it was not fitted to, it comes out higher."""
SHARES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
FOLDS = 10
NAMES = [name for name, *_ in FEATURES]
GRID = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Weights of the abstract's and of the passages' meaning that are tried; that of the words is 1."""
SHOWN = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("refusal", "fusion"))
    parser.add_argument("--questions", default="evals/questions.jsonl", metavar="FILE")
    parser.add_argument("--index", action="append", required=True, metavar="FOLDER")
    options = parser.parse_args()
    try:
        questions = read_questions(options.questions, split="dev")
        print((_refusal if options.what == "refusal" else _fusion)(questions, options.index))
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _folds(count: int) -> np.ndarray:
    """The fold of each question: the same on every index, so that none is fitted and scored in other words."""
    return np.random.default_rng(0).permutation(count) % FOLDS


# The refusal


def _refusal(questions: Sequence[ReferenceQuestion], folders: Sequence[str]) -> str:
    truth = np.array([question.is_answerable for question in questions])
    detail = np.array([bool(question.near) for question in questions])
    tables = [_features(questions, folder) for folder in folders]
    fold = _folds(len(questions))
    held_out = [np.zeros(len(questions)) for _ in tables]
    for i in range(FOLDS):
        fitted = fit(np.vstack([table[fold != i] for table in tables]), np.tile(truth[fold != i], len(tables)))
        for scores, table in zip(held_out, tables, strict=True):
            scores[fold == i] = fitted.scores(table[fold == i])
    lines = []
    for folder, scores in zip(folders, held_out, strict=True):
        lines += [f"{folder}, held out:", *_trade_off(scores, truth, detail), ""]
    whole = fit(np.vstack(tables), np.tile(truth, len(tables)))
    threshold = threshold_at(np.concatenate(held_out), np.tile(truth, len(tables)), WRONG)
    lines += [f"BIAS = {whole.bias:.4f}", f"THRESHOLD = {1 / (1 + np.exp(-threshold)):.3f}", "FEATURES = ("]
    for name, *row in zip(NAMES, whole.means, whole.deviations, whole.weights, strict=True):
        lines.append(f'    ("{name}", ' + ", ".join(f"{value:.4f}" for value in row) + "),")
    return "\n".join([*lines, ")"])


def _features(questions: Sequence[ReferenceQuestion], folder: str) -> Array:
    """The features of each question on an index: questions x features."""
    assistant = Assistant(open_index(folder))
    rows = []
    for question in questions:
        case = assistant.consider(question.question, question.history)
        values = features(case.question, case.readings, case.rarity)
        rows.append([values[name] for name in NAMES])
    return np.array(rows)


def _trade_off(scores: Array, truth: Truth, detail: Truth) -> list[str]:
    """What each share of wrong refusals buys."""
    lines = [
        f"  AUC {auc(scores, truth):.3f} (off the topic {auc(scores[~detail], truth[~detail]):.3f},"
        f" missing detail {auc(scores[truth | detail], truth[truth | detail]):.3f})",
        "  wrong refusals   right refusals   off the topic   missing detail   likelihood below",
    ]
    for share in SHARES:
        threshold = threshold_at(scores, truth, share)
        refused = scores < threshold
        off, lacking = refused[~truth & ~detail].mean(), refused[detail].mean()
        lines.append(
            f"  {refused[truth].mean():14.3f}   {refused[~truth].mean():14.2f}   {off:13.2f}   {lacking:14.2f}"
            f"   {1 / (1 + np.exp(-threshold)):16.3f}"
        )
    return lines


# The fusion


@dataclass(frozen=True, kw_only=True)
class _Searched:
    """A question, its candidates weighed, and their titles."""

    question: ReferenceQuestion
    weighed: Weighed
    titles: list[str]

    def score(self, weights: Sequence[float]) -> tuple[float, float, float]:
        """MRR, hit@5 and recall@10 of this question with these weights."""
        ranking = [self.titles[i] for i in self.weighed.order(weights)[:DEPTH]]
        scores = search_scores(self.question, ranking)
        return scores["MRR"], scores["hit@5"], scores["recall@10"]


def _fusion(questions: Sequence[ReferenceQuestion], folders: Sequence[str]) -> str:
    asked = [question for question in questions if question.is_answerable]
    tried = [(1.0, *pair) for pair in itertools.product(GRID, GRID)]
    found = [_search(asked, folder) for folder in folders]
    # Weights x questions x measures, each the mean over the indexes.
    table = np.mean([[[one.score(weights) for one in searched] for weights in tried] for searched in found], axis=0)
    worth = table.mean(axis=2)
    fold, chosen = _folds(len(asked)), np.zeros((len(asked), 3))
    for i in range(FOLDS):
        chosen[fold == i] = table[worth[:, fold != i].mean(axis=1).argmax()][fold == i]
    order = np.argsort(-worth.mean(axis=1), kind="stable")
    now = [weights == WEIGHTS for weights in tried].index(True)
    lines = [
        f"{len(asked)} answerable questions; weights of words, abstract, passages",
        " " * 26 + "MRR   hit@5  recall@10",
    ]
    for i in dict.fromkeys([*order[:SHOWN], now]):
        weights = ", ".join(f"{weight:.2f}" for weight in tried[i])
        lines.append(f"  {weights:20}" + _row(table[i]) + ("   as set" if i == now else ""))
    lines.append(f"  {'the best, held out':20}" + _row(chosen))
    for name, alone in (("words alone", (1.0, 0.0, 0.0)), ("abstracts alone", (0.0, 1.0, 0.0))):
        scores = np.mean([[one.score(alone) for one in searched] for searched in found], axis=0)
        lines.append(f"  {name:20}" + _row(scores))
    return "\n".join(lines)


def _row(scores: Array) -> str:
    return "".join(f"{value:8.3f}" for value in scores.mean(axis=0))


def _search(questions: Sequence[ReferenceQuestion], folder: str) -> list[_Searched]:
    index = open_index(folder)
    found = []
    for question in questions:
        weighed = index.weigh(stand_alone(question.question, question.history, index).text, DEPTH)
        titles = [paper.title for paper in weighed.papers(range(len(weighed.words)))]
        found.append(_Searched(question=question, weighed=weighed, titles=titles))
    return found


if __name__ == "__main__":
    sys.exit(main())
