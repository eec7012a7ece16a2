"""Fits the thresholds of the statement checks on the statements of split `fit`, and prints what each would cost and catch.

    python -m qa.evals.fit.thresholds [--index FOLDER] [--statements FILE]

Nearness is a logistic regression of true statements against those with a wrong label, over coverage and margin
(`qa.verification.similarity`); the strangeness of a term has one threshold. Nothing is read of the test half.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import numpy as np

from qa.documents.paper import title_key
from qa.errors import InputError, QAError
from qa.evals.fit.logistic import fit
from qa.evals.metrics.measures import Array
from qa.evals.runs.statements import CheckedStatement, read_statements
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index, open_index
from qa.text.sentences import split_passages
from qa.verification.checker import BIAS, COVERAGE, MARGIN, MIN_TERM_SIMILARITY, UNSUPPORTED, WEAK
from qa.verification.entities import unknown_names
from qa.verification.similarity import StatementWords

SHARES = (0.003, 0.01, 0.02, 0.05, 0.08)
"""Shares of true statements below a threshold."""


def measure(statements: Sequence[CheckedStatement], index: Index) -> Array:
    """Coverage, margin, nearness of the strangest term, and whether a name is unknown: statements x 4."""
    papers = {title_key(paper.title): paper for paper in index.papers()}
    states = TokenStateCache(index.embedder)
    rows: list[list[float]] = []
    for one in statements:
        paper = papers.get(title_key(one.paper))
        if paper is None:
            raise InputError(
                f"{one.id} is about “{one.paper}”, which the index does not have. Index the shipped pages."
            )
        words = StatementWords(one.statement, states)
        near, cited = words.similarity([(paper, split_passages(paper.abstract))]), [i - 1 for i in one.sentences]
        named = not unknown_names(one.statement, [paper.title, paper.abstract])
        rows.append([near.coverage(cited), near.margin(cited), words.least_similar_term([paper])[1], float(named)])
    return np.array(rows)


def report(statements: Sequence[CheckedStatement], values: Array) -> str:
    """The fitted weights, and by threshold the true statements below it and the faults that it catches."""
    faults = np.array([one.fault for one in statements])
    true, wrong = faults == "none", faults == "label"
    if not true.any() or not wrong.any():
        raise InputError("There are not both true statements and wrong labels in split fit. Add some.")
    rows, positive = values[true | wrong, :2], true[true | wrong]
    fitted = fit(rows, positive, np.ones(len(rows)))
    weights = fitted.weights / fitted.deviations
    bias = fitted.bias - float(fitted.means @ weights)
    scores = values[:, :2] @ [COVERAGE, MARGIN] + BIAS
    invented = (faults == "name") & (values[:, 3] > 0)
    lines = [
        f"{true.sum()} true statements, {wrong.sum()} with a wrong label, {invented.sum()} with an invented name that no rule finds",
        f"nearness = {weights[0]:.1f} coverage + {weights[1]:.1f} margin {bias:+.1f} (as set {COVERAGE} {MARGIN} {BIAS:+})",
        "  true below   nearness below   wrong labels caught   term below   invented names caught",
    ]
    for share in SHARES:
        near, strange = np.quantile(scores[true], share), np.quantile(values[true, 2], share)
        caught, found = (
            (scores[wrong] <= near).mean(),
            (values[invented, 2] <= strange).mean() if invented.any() else 0.0,
        )
        lines.append(f"  {share:10.3f} {near:16.2f} {caught:21.2f} {strange:12.3f} {found:23.2f}")
    for name, value in (("unsupported", UNSUPPORTED), ("weak", WEAK)):
        below = (scores[true] < value).mean()
        lines.append(
            f"  as set, {name} below {value}: {below:.3f} of the true statements, {(scores[wrong] < value).mean():.2f} of the wrong labels"
        )
    lines.append(
        f"  as set, strange below {MIN_TERM_SIMILARITY}: {(values[true, 2] < MIN_TERM_SIMILARITY).mean():.3f} of the true statements"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=os.environ.get("QA_INDEX") or "index/chroma", metavar="FOLDER")
    parser.add_argument("--statements", default="evals/statements.jsonl", metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        statements = read_statements(options.statements, "fit")
        print(report(statements, measure(statements, open_index(options.index))))
    except QAError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
