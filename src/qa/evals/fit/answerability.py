"""Fits what is fitted, on the development questions only, and prints the trade-off.

    python -m qa.evals.fit.answerability refusal --index index/chroma [--index ANOTHER …] --pairs evals/pairs.jsonl
    python -m qa.evals.fit.answerability fusion --index index/chroma [--index ANOTHER …]

`refusal` fits the weights and the threshold of `qa.extractive.answerability` and prints the table to put there; `fusion` tries weights
for `qa.retrieval.fusion`. Several indexes of the same papers in other words make a fit less dependent on the wording. Figures are
held out by cross-validation; `qa eval --split test` has those of questions that nothing was fitted to.
"""

import argparse
import itertools
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.assistant import Assistant
from qa.documents.paper import title_key
from qa.errors import InputError, QAError
from qa.evals.data.questions import ReferenceQuestion, read_questions
from qa.evals.fit.logistic import Fit, fit
from qa.evals.metrics.measures import Array, Truth, auc, threshold_at
from qa.evals.metrics.scorers import search_scores
from qa.evals.runs.baselines import BASELINES, DEPTH, ranked_by
from qa.extractive.answerability import FEATURES, features
from qa.retrieval.follow_up import stand_alone
from qa.retrieval.fusion import WEIGHTS, ScoredCandidates
from qa.retrieval.search import open_index

WRONG = 0.04
"""The share of wrong refusals at which the threshold is set: on questions it was not fitted to, it comes out higher."""
PAIRS_COUNT = 0.3
"""What one of the pairs counts against a development question: they are many, and all of one kind. Between 0.15 and 1 the
scores of both sets differ by .01."""
SHARES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
FOLDS = 10
NAMES = [name for name, *_ in FEATURES]
GRID = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Weights of the abstract's and of the passages' meaning that are tried; that of the words is 1."""
CONTEXT_PAPERS = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("refusal", "fusion"))
    parser.add_argument("--questions", default="evals/questions.jsonl", metavar="FILE")
    parser.add_argument(
        "--pairs", metavar="FILE", help="further questions to fit the refusal to, such as evals/pairs.jsonl"
    )
    parser.add_argument("--index", action="append", required=True, metavar="FOLDER")
    options = parser.parse_args()
    try:
        questions = read_questions(options.questions, split="dev")
        pairs = read_questions(options.pairs, split="dev") if options.pairs else []
        found = (
            _fusion(questions, options.index) if options.what == "fusion" else _refusal(questions, pairs, options.index)
        )
        print(found)
    except QAError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _folds(questions: Sequence[ReferenceQuestion]) -> np.ndarray:
    """The fold of each question: the same on every index and for all questions of one paper, so that nothing is fitted to
    a paper and scored on it in other words."""
    papers = [question.near or "".join(question.papers[:1]) or question.question for question in questions]
    return np.array([zlib.crc32(title_key(paper).encode()) % FOLDS for paper in papers])


# The refusal


def _refusal(questions: Sequence[ReferenceQuestion], pairs: Sequence[ReferenceQuestion], folders: Sequence[str]) -> str:
    """Fitted to both sets of questions, on every index; the threshold is set on the first set, which is of every kind.

    Follow-ups are not included: they are decided by two likelihoods, of the question with and without the paper's name.
    """
    questions = [question for question in questions if not question.history]
    every = [*questions, *pairs]
    truth = np.array([question.is_answerable for question in every])
    detail = np.array([bool(question.near) for question in every])
    counts = np.array([1.0] * len(questions) + [PAIRS_COUNT] * len(pairs))
    fold = _folds(every)
    kept = [truth[fold != i] for i in range(FOLDS)]
    if not all(some.any() and not some.all() for some in (truth[: len(questions)], *kept)):
        raise InputError(
            "There must be development questions of both sorts, answerable and not, about several papers. Add some."
        )
    tables = [_features(every, folder) for folder in folders]
    held_out = [np.zeros(len(every)) for _ in tables]
    for i in range(FOLDS):
        fitted = _fit([table[fold != i] for table in tables], truth[fold != i], counts[fold != i])
        for scores, table in zip(held_out, tables, strict=True):
            scores[fold == i] = fitted.scores(table[fold == i])
    n = len(questions)
    lines: list[str] = []
    for folder, scores in zip(folders, held_out, strict=True):
        lines += [f"{folder}, held out:", *_trade_off(scores[:n], truth[:n], detail[:n]), ""]
        if pairs:
            lines += [f"{folder}, held out, pairs:", *_trade_off(scores[n:], truth[n:], detail[n:]), ""]
    whole = _fit(tables, truth, counts)
    first = np.concatenate([scores[:n] for scores in held_out])
    threshold = threshold_at(first, np.tile(truth[:n], len(tables)), WRONG)
    lines += [f"BIAS = {whole.bias:.4f}", f"THRESHOLD = {1 / (1 + np.exp(-threshold)):.3f}", "FEATURES = ("]
    for name, *row in zip(NAMES, whole.means, whole.deviations, whole.weights, strict=True):
        lines.append(f'    ("{name}", ' + ", ".join(f"{value:.4f}" for value in row) + "),")
    return "\n".join([*lines, ")"])


def _fit(tables: Sequence[Array], truth: Truth, counts: Array) -> Fit:
    """One fit to the same questions on several indexes."""
    return fit(np.vstack(tables), np.tile(truth, len(tables)), np.tile(counts, len(tables)))


def _features(questions: Sequence[ReferenceQuestion], folder: str) -> Array:
    """The features of each question on an index: questions x features."""
    assistant = Assistant(open_index(folder))
    rows: list[list[float]] = []
    for question in questions:
        case = assistant.quoter.consider(question.question, question.history)
        values = features(case.question, case.readings, case.rarity)
        rows.append([values[name] for name in NAMES])
    return np.array(rows)


def _trade_off(scores: Array, truth: Truth, detail: Truth) -> list[str]:
    """What each share of wrong refusals buys."""
    off_topic, missing = auc(scores[~detail], truth[~detail]), auc(scores[truth | detail], truth[truth | detail])
    lines = [
        f"  AUC {auc(scores, truth):.3f} (off the topic {off_topic:.3f}, missing detail {missing:.3f})",
        "  wrong refusals   right refusals   off the topic   missing detail   likelihood below",
    ]
    for share in SHARES:
        threshold = threshold_at(scores, truth, share)
        refused = scores < threshold
        off, lacking = (refused[part].mean() if part.any() else np.nan for part in (~truth & ~detail, detail))
        lines.append(
            f"  {refused[truth].mean():14.3f}   {refused[~truth].mean():14.2f}   {off:13.2f}   {lacking:14.2f}"
            f"   {1 / (1 + np.exp(-threshold)):16.3f}"
        )
    return lines


# The fusion


@dataclass(frozen=True, kw_only=True)
class _Searched:
    """A question, its candidates scored, and their titles."""

    question: ReferenceQuestion
    scored: ScoredCandidates
    titles: list[str]

    def score(self, weights: Sequence[float]) -> tuple[float, float, float]:
        """MRR, hit@5 and recall@10 of this question with these weights."""
        ranking = [self.titles[i] for i in ranked_by(self.scored, weights)]
        scores = search_scores(self.question, ranking)
        return scores["MRR"], scores["hit@5"], scores["recall@10"]


def _fusion(questions: Sequence[ReferenceQuestion], folders: Sequence[str]) -> str:
    asked = [question for question in questions if question.is_answerable]
    if not asked:
        raise InputError("No answerable development question to search for. Add some.")
    tried = list(dict.fromkeys([*((1.0, *pair) for pair in itertools.product(GRID, GRID)), WEIGHTS]))
    found = [_search(asked, folder) for folder in folders]
    # Weights x questions x measures, each the mean over the indexes.
    table = np.mean([[[one.score(weights) for one in searched] for weights in tried] for searched in found], axis=0)
    worth = table.mean(axis=2)
    fold, chosen = _folds(asked), np.zeros((len(asked), 3))
    for i in range(FOLDS):
        chosen[fold == i] = table[worth[:, fold != i].mean(axis=1).argmax()][fold == i]
    order = np.argsort(-worth.mean(axis=1), kind="stable")
    now = tried.index(WEIGHTS)
    lines = [
        f"{len(asked)} answerable questions; weights of words, abstract, passages",
        " " * 26 + "MRR   hit@5  recall@10",
    ]
    for i in dict.fromkeys([*order[:CONTEXT_PAPERS], now]):
        weights = ", ".join(f"{weight:.2f}" for weight in tried[i])
        lines.append(f"  {weights:20}" + _row(table[i]) + ("   as set" if i == now else ""))
    lines.append(f"  {'the best, held out':20}" + _row(chosen))
    for name, alone in BASELINES.items():
        scores = np.mean([[one.score(alone) for one in searched] for searched in found], axis=0)
        lines.append(f"  {name:20}" + _row(scores))
    return "\n".join(lines)


def _row(scores: Array) -> str:
    return "".join(f"{value:8.3f}" for value in scores.mean(axis=0))


def _search(questions: Sequence[ReferenceQuestion], folder: str) -> list[_Searched]:
    index = open_index(folder)
    found: list[_Searched] = []
    for question in questions:
        scored = index.score_candidates(stand_alone(question.question, question.history, index).text, DEPTH)
        titles = [paper.title for paper in scored.all_papers()]
        found.append(_Searched(question=question, scored=scored, titles=titles))
    return found


if __name__ == "__main__":
    sys.exit(main())
